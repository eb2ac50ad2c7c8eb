"""A need: so many people of a tier. Shared by the document and by what computes with needs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# The tier no team can have: its names are slugs. What needs it cannot be approved by anybody.
NO_TIER: Final = "?"

TierName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_-]{1,40}|\?)$")]


class Need(BaseModel):
    """`count` people of `tier` or above, always distinct people."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tier: TierName
    count: int = Field(ge=1)
