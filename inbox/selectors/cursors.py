"""Where a list goes on: what its addresses say, read back. Whatever is no cursor is refused alike."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from inbox.errors import Invalid


def moment_of(cursor: str) -> tuple[datetime, UUID]:
    """A time and an id. Raises Invalid (invalid-cursor)."""
    first, _, last = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(first)
        if moment.tzinfo is None:
            raise ValueError(first)
        return moment, UUID(last)
    except ValueError:
        raise _refused() from None


def number_of(cursor: str) -> int:
    """A whole number. Raises Invalid (invalid-cursor)."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise _refused()
    return int(cursor)


def pair_of(cursor: str) -> tuple[int, UUID]:
    """A whole number and an id. Raises Invalid (invalid-cursor)."""
    first, _, last = cursor.partition("~")
    number = number_of(first)
    try:
        return number, UUID(last)
    except ValueError:
        raise _refused() from None


def _refused() -> Invalid:
    return Invalid("invalid-cursor", "This address does not continue a list. Open the list again.")
