"""What can go wrong, by what the caller can do about it.

PlacetError
├── Unreachable      no answer, or none that a Placet gives; whether a decision was recorded is not known
└── Refused          the server said no, and nothing was changed
    ├── NotSignedIn  401  no token, or none that is valid any more
    ├── NotAllowed   403  known, but not allowed
    ├── NotFound     404  unknown, or another team's
    ├── Conflict     409  already decided, already voted, or changed since it was shown
    ├── Expired      410  the deadline passed
    └── Invalid      422  understood, but wrong (and 400, 413, 415, 428)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PlacetError(Exception):
    """Anything this client raises on purpose."""


class Unreachable(PlacetError):
    """No answer. `idempotency_key` is the key to ask again with, when something was to be recorded."""

    def __init__(self, detail: str, *, idempotency_key: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.idempotency_key = idempotency_key


class Refused(PlacetError):
    """A problem+json answer. `code` is a stable word for programs, `detail` a sentence for people."""

    statuses: ClassVar[tuple[int, ...]] = ()

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail") or f"The server answered {status}.")
        errors = problem.get("errors")
        self.errors: Sequence[Mapping[str, Any]] = errors if isinstance(errors, list) else ()
        self.problem = problem
        super().__init__(self.detail)


class NotSignedIn(Refused):
    """The token is missing, wrong, expired or revoked."""

    statuses = (401,)


class NotAllowed(Refused):
    """You may not do this."""

    statuses = (403,)


class NotFound(Refused):
    """There is nothing here for you."""

    statuses = (404,)


class Conflict(Refused):
    """The state is not what you were shown."""

    statuses = (409,)


class Expired(Refused):
    """The deadline passed first."""

    statuses = (410,)


class Invalid(Refused):
    """Understood, but wrong."""

    statuses = (400, 413, 415, 422, 428)


_KINDS = (NotSignedIn, NotAllowed, NotFound, Conflict, Expired, Invalid)


def refusal(status: int, problem: Mapping[str, Any]) -> Refused:
    """The error of a 4xx answer."""
    kind = next((kind for kind in _KINDS if status in kind.statuses), Refused)
    return kind(status, problem)
