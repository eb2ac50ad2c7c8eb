"""Who works on a request now, by its claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inbox.models import ApprovalRequest


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim."""

    who: str
    until: datetime


def claim_of(request: ApprovalRequest, now: datetime) -> Claim | None:
    """The claim that holds at a moment; a lapsed one is none, whoever writes that down."""
    if request.claimed_by is None or request.claimed_until is None or request.claimed_until <= now:
        return None
    return Claim(request.claimed_by.user.get_username(), request.claimed_until)
