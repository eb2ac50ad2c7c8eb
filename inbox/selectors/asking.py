"""What a person must read back before their approval counts: one rule for pages and terminals."""

from __future__ import annotations

from inbox.errors import FieldError, Invalid
from inbox.models import ApprovalRequest
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from inbox.selectors.read_back import ReadBack
from inbox.selectors.turn import Turn


def check_read_back(
    turn: Turn, request: ApprovalRequest, *, digest: str, typed: str | None, strict: bool = False
) -> None:
    """Hold what was typed against the payload; None is nothing typed. `strict` refuses an answer nobody asked for.

    Raises Invalid (read-back-required, read-back, read-back-not-asked). What `decide` refuses anyway is left to its
    words: a moved digest, a closed request, a missing tier, a second vote. It binds the digest, and a digest asks
    the same question for ever, so this holds for the bytes that are decided.
    """
    current = request.closed_at is None and digest == request.digest
    if not current or not turn.standings([request])[request.pk].counts:
        return
    revision = request.revisions.get(number=request.revision_number)
    asked = asked_of(bytes(revision.payload), risk=Risk(request.risk), digest=request.digest)
    hold_against(asked, typed, strict=strict)


def hold_against(asked: ReadBack | None, typed: str | None, *, strict: bool = False) -> None:
    """Hold what was typed against the value that is asked for. Raises Invalid as `check_read_back` does."""
    if asked is None:
        if strict and typed is not None:
            raise _refused(
                "read-back-not-asked", "Not recorded: this request asks for nothing to be read back."
            )
    elif typed is None:
        raise _refused("read-back-required", f"Not recorded: read the payload and answer. {asked.question}")
    elif not asked.accepts(typed):
        raise _refused(
            "read-back",
            "Not recorded: that is not the value in the payload. Read it again and type it again.",
        )


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, errors=[FieldError("/read_back", code, detail)])
