"""How the command ends, for scripts. These numbers do not change."""

from __future__ import annotations

from typing import Final

from placet.errors import Conflict, Expired, Invalid, NotFound, Refused, Unreachable
from placet.settings import BadSettings

DONE: Final = 0
DECLINED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
CHANGED: Final = 5
UNREACHABLE: Final = 6

MEANINGS: Final = {
    DONE: "Done, all of it.",
    DECLINED: "You said no, or stopped it: nothing was recorded.",
    USAGE: "The command was not understood, or is not set up.",
    NOT_FOUND: "There is no such request for you.",
    REFUSED: "Refused: you may not, or not in this way.",
    CHANGED: "Changed since it was shown, already decided, or too late.",
    UNREACHABLE: "The server gave no answer, or none of a Placet.",
}
# What the server calls wrong of a question that was asked wrongly.
_QUESTIONS: Final = frozenset({"invalid-filter", "invalid-cursor", "lane-required", "team-required"})


class Stop(Exception):
    """The command itself goes no further. `code` is a word for programs, `detail` a sentence."""

    def __init__(self, exit_code: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.code = code
        self.detail = detail


Failure = Stop | BadSettings | Refused | Unreachable
FAILURES: Final = (Stop, BadSettings, Refused, Unreachable)


def code_of(error: Failure) -> int:
    """The exit code of an error."""
    if isinstance(error, Stop):
        return error.exit_code
    if isinstance(error, BadSettings):
        return USAGE
    if isinstance(error, Unreachable):
        return UNREACHABLE
    if isinstance(error, NotFound):
        return NOT_FOUND
    if isinstance(error, Conflict | Expired):
        return CHANGED
    if isinstance(error, Invalid) and error.code in _QUESTIONS:
        return USAGE
    return REFUSED


def told(error: Failure) -> dict[str, object]:
    """The error for --json."""
    if isinstance(error, BadSettings):
        return {"code": "not-set-up", "detail": str(error)}
    if isinstance(error, Unreachable):
        key = {"idempotency_key": error.idempotency_key} if error.idempotency_key else {}
        return {"code": "unreachable", "detail": error.detail, **key}
    return {"code": error.code, "detail": error.detail}
