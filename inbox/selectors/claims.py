"""Who says that they are working on a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inbox.models import ApprovalRequest, Member


@dataclass(frozen=True, slots=True)
class Claim:
    """Another member's claim that has not lapsed. Whoever may decide still may, having been told."""

    who: str
    until: datetime

    @property
    def reason(self) -> str:
        return f"{self.who} is working on this until {self.until:%H:%M} UTC."


def claim_of_another(request: ApprovalRequest, member: Member, now: datetime) -> Claim | None:
    """Whose claim stands in this member's way; None for their own. Load `claimed_by__user` with the request."""
    holder, until = request.claimed_by, request.claimed_until
    if holder is None or until is None or until <= now or holder.pk == member.pk:
        return None
    return Claim(holder.user.get_username(), until)
