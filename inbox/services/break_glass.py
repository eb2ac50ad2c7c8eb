"""The one verdict that lets a blocked request pass: separate, loud, with a reason people can be asked about later."""

from __future__ import annotations

from typing import Final

from inbox.errors import FieldError, Invalid, NotAllowed, Refused
from inbox.models import ApprovalRequest

# Long enough that "ok" and "approved" are no reasons.
SHORTEST_REASON: Final = 20


def barred(request: ApprovalRequest, *, verdict: str, approves: bool, message: str) -> Refused | None:
    """Why this verdict is not open for this request; None when it is.

    A blocked request is rejected like any other and approved by `break_glass` alone; nothing else is.
    """
    if verdict != "break_glass":
        if not request.blocked or not approves:
            return None
        rule = f"Rule {request.rule}" if request.rule else "Policy"
        return NotAllowed(
            "blocked", f"Not recorded. {rule} blocks this request: only breaking the glass lets it pass."
        )
    if not request.blocked:
        return Invalid("not-blocked", "Not recorded: no rule blocks this request, so approve it as usual.")
    if len(" ".join(message.split())) < SHORTEST_REASON:
        return Invalid(
            "reason-too-short",
            f"Not recorded: give the reason in at least {SHORTEST_REASON} characters.",
            errors=[
                FieldError("/note", "reason-too-short", f"At least {SHORTEST_REASON} characters of reason.")
            ],
        )
    return None
