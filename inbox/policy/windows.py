"""Whether a moment lies in a rule's window, on the clocks of the window's own place."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inbox.policy.rule import Window

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def contains(window: Window, now: datetime) -> bool:
    """Whether the clocks of the window's place stand inside it at `now`, which must be aware of its zone.

    It is the clock on the wall that counts: an hour that happens twice in autumn is inside both times, and one
    that is skipped in spring never comes. Raises ValueError for a naive moment or a zone that does not exist.
    """
    if now.tzinfo is None:
        raise ValueError("a moment without a time zone")
    local = now.astimezone(zone(window.timezone))
    minute, start, end = local.hour * 60 + local.minute, minutes(window.start), minutes(window.end)
    if start < end:
        return start <= minute < end and _on(window, local)
    if minute >= start:
        return _on(window, local)
    return minute < end and _on(window, local - timedelta(days=1))


@lru_cache(maxsize=128)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError("no such time zone") from None


def minutes(clock: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    return int(clock[:2]) * 60 + int(clock[3:])


def _on(window: Window, local: datetime) -> bool:
    return window.days is None or DAYS[local.weekday()] in window.days
