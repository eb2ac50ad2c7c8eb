"""Who works on a request now, by its claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inbox.models import ApprovalRequest, Member


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim."""

    who: str
    until: datetime

    @property
    def reason(self) -> str:
        """Why another member's verbs are closed until they say that it cannot wait."""
        return f"{self.who} is working on this until {self.until:%H:%M} UTC."


def claim_of(request: ApprovalRequest, now: datetime) -> Claim | None:
    """The claim that holds at a moment; a lapsed one is none, whoever writes that down.

    Load `claimed_by__user` with the request.
    """
    if request.claimed_by is None or request.claimed_until is None or request.claimed_until <= now:
        return None
    return Claim(request.claimed_by.user.get_username(), request.claimed_until)


def claim_of_another(request: ApprovalRequest, member: Member, now: datetime) -> Claim | None:
    """Whose claim stands in this member's way; None for their own."""
    return None if request.claimed_by_id == member.pk else claim_of(request, now)
