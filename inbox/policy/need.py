"""A need: so many people of a tier, of a group, or of both. Shared by the document and by what computes with needs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

# The tier no team can have: its names are slugs. What needs it cannot be approved by anybody.
NO_TIER: Final = "?"
# The group nobody fills by hand: the active admins of the team.
ADMINS: Final = "admins"

TierName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_-]{1,40}|\?)$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Need(BaseModel):
    """`count` people of `tier` or above, of `group`, or of both where both stand; always distinct people."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tier: TierName | None = None
    group: GroupName | None = None
    count: int = Field(ge=1)

    @model_validator(mode="after")
    def _asks_for_somebody(self) -> Need:
        if self.tier is None and self.group is None:
            # Otherwise it would be a place that anybody fills.
            raise PydanticCustomError("missing", "A need names a tier, a group or both")
        return self

    @property
    def who(self) -> tuple[str, str]:
        """Whom it asks for, as something to sort and count by: tier and group, "" for none."""
        return (self.tier or "", self.group or "")


def who_words(tier: str | None, group: str | None) -> str:
    """Whom a person must be: "lead or above", "in security", "senior or above in security"."""
    return " ".join(
        part for part in (f"{tier} or above" if tier else "", f"in {group}" if group else "") if part
    )
