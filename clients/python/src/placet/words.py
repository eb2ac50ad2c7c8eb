"""The words for risk, time and silence, as the pages say them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from placet.shapes import Silence

RISK: Final = {
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "critical": "Critical",
    "unverifiable": "Cannot verify",
}
_SILENCE: Final = {
    "reject": ("rejected in", "being rejected"),
    "halt": ("run halted in", "being halted"),
    "escalate": ("escalates in", "escalating"),
    "wait": ("overdue in", "overdue"),
}


def risk(level: str) -> str:
    """The word beside the colour."""
    return RISK.get(level, level)


def due(at: str, does: Silence) -> str:
    """What silence does and when: "rejected in 3 h"."""
    before, after = _SILENCE[does]
    seconds = (moment(at) - datetime.now(UTC)).total_seconds()
    return f"{before} {span(seconds)}" if seconds > 0 else after


def ago(at: str) -> str:
    """How long it is over: "3 min ago"."""
    return f"{span((datetime.now(UTC) - moment(at)).total_seconds())} ago"


def moment(text: str) -> datetime:
    """A time of the API."""
    return datetime.fromisoformat(text)


def clock(text: str) -> str:
    """A time of the API in the person's zone."""
    return f"{moment(text).astimezone():%Y-%m-%d %H:%M:%S}"


def time_of_day(text: str) -> str:
    """The same without its day, for what is over within the day."""
    return f"{moment(text).astimezone():%H:%M:%S}"


def span(seconds: float) -> str:
    """A length of time in its largest sensible unit: "40 s", "12 min", "3 h", "2 d"."""
    left = max(0, round(seconds))
    for size, unit, below in ((1, "s", 60), (60, "min", 3600), (3600, "h", 48 * 3600)):
        if left < below:
            return f"{left // size} {unit}"
    return f"{left // 86400} d"
