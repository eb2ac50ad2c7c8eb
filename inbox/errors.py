"""Every refusal the services raise, each with the answer it becomes.

Refused
├── NotFound           404  unknown or another team's: the same answer for both
├── NotAllowed         403  a known person who may not do this
├── Conflict           409  the request, its digest or its revision moved on
│   ├── AlreadyClosed       someone or something was first; says who and when
│   ├── Changed             the digest shown is not the current one
│   └── AlreadyVoted        this person has voted on this revision
├── Expired            410  the deadline passed on the database clock
├── TooLarge           413
├── Invalid            422  understood, but wrong
└── Overloaded         503  the database is briefly out of reach; nothing was done

`code` is a stable word for programs, `detail` a sentence for people that says what did not happen and what to
do next, `permanent` whether trying the same again can help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: an RFC 6901 pointer into the body, a code, and a sentence."""

    pointer: str
    code: str
    detail: str = ""


@dataclass
class Refused(Exception):
    """Nothing was changed."""

    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Refused"
    permanent: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass
class NotFound(Refused):
    """There is nothing here for you."""

    code: str = "not-found"
    detail: str = "There is no such thing here."
    status = 404
    title = "Not found"


@dataclass
class NotAllowed(Refused):
    """You may not do this."""

    status = 403
    title = "Not allowed"


@dataclass
class Conflict(Refused):
    """The state is not what you were shown."""

    status = 409
    title = "Conflict"


@dataclass
class AlreadyClosed(Conflict):
    """The request is already closed."""

    code: str = "already-decided"
    detail: str = "Not recorded: this request is already closed."


@dataclass
class Changed(Conflict):
    """The bytes are not those you were shown."""

    code: str = "digest-mismatch"
    detail: str = "Not recorded: the request changed since you looked. Review the change."


@dataclass
class AlreadyVoted(Conflict):
    """You have voted on this revision."""

    code: str = "already-voted"
    detail: str = "Not recorded again: your vote on this request is already counted."


@dataclass
class Expired(Refused):
    """The deadline has passed."""

    code: str = "expired"
    detail: str = "Not recorded: the deadline passed before your decision arrived."
    status = 410
    title = "Expired"


@dataclass
class TooLarge(Refused):
    """More than is accepted at once."""

    status = 413
    title = "Too large"


@dataclass
class Invalid(Refused):
    """Understood, but wrong."""

    status = 422
    title = "Not valid"


@dataclass
class Overloaded(Refused):
    """The server cannot take this right now."""

    code: str = "overloaded"
    detail: str = "Nothing was done. Try again in a few seconds."
    status = 503
    title = "Try again"
    permanent = False
