"""The kinds of text and numbers a policy document is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from inbox.policy.need import Need

LONGEST_WAIT_SECONDS: Final = 30 * 24 * 3600
LONGEST_HOLD_SECONDS: Final = 300

# One line, printable: it stands on the approver's page.
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]{1,%d}$"

Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/*?-]{1,200}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Title = Annotated[str, StringConstraints(pattern=_PRINTABLE % 100)]
Note = Annotated[str, StringConstraints(pattern=_PRINTABLE % 500)]
Needs = Annotated[tuple[Need, ...], Field(min_length=1, max_length=10)]
Seconds = Annotated[int, Field(ge=1, le=LONGEST_WAIT_SECONDS)]
# A hold of no seconds is no undo: only named tools are released at once.
HoldSeconds = Annotated[int, Field(ge=1, le=LONGEST_HOLD_SECONDS)]
# One instant has one spelling, so that one document has one digest.
Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
ContextName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Require = Annotated[tuple[ContextName, ...], Field(min_length=1, max_length=20)]

Checkpoint = Literal["pre_execution", "post_planning", "mid_execution", "pre_commit", "post_execution"]
OnTimeout = Literal["reject", "escalate", "wait", "halt"]
IfMissing = Literal["refuse", "flag"]


class Strict(BaseModel):
    """Frozen, and exact about types and keys. Fields that are None are absent from what is written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, serialize_by_alias=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; what was worked out from the old fields (cached properties) is not taken along."""
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy
