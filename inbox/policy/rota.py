"""Who is on call: members take turns of a day or a week, handing over at the same time on the wall clock. Pure.

From its start on, every instant belongs to exactly one turn. A handover that falls into the hour a clock skips
happens when the skipping does; in the hour it repeats, the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from inbox.policy.windows import zone

S = TypeVar("S")
Period = Literal["day", "week"]
_DAYS: Final[dict[str, int]] = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Turns:
    """When a rota hands over. `weekday` is 0 for Monday and counts for weeks only; the first turn begins on `start`."""

    period: Period
    weekday: int
    at: time
    timezone: str
    start: date

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.timezone)

    def begins(self, number: int) -> datetime:
        """The instant, in UTC, at which a turn begins; turn 0 is the first and may be shorter than the others."""
        day = self.start
        if number > 0:
            days = _DAYS[self.period]
            ahead = (self.weekday - day.weekday() - 1) % 7 + 1 if self.period == "week" else 1
            day += timedelta(days=ahead + (number - 1) * days)
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)

    def number_at(self, instant: datetime) -> int | None:
        """The turn an instant belongs to; None before the first one."""
        if instant < self.begins(0):
            return None
        days = _DAYS[self.period]
        number = max(0, (instant.astimezone(self.zone).date() - self.start).days // days)
        while instant < self.begins(number):
            number -= 1
        while instant >= self.begins(number + 1):
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Duty(Generic[S]):
    """Who stands in for a turn, and whom of the rota that skipped, with the reason."""

    who: S
    skipped: tuple[tuple[S, str], ...] = ()


def order_from(seats: Sequence[S], number: int) -> tuple[S, ...]:
    """The seats in the order in which they are asked during a turn: whose turn it is, then the next ones."""
    first = number % len(seats)
    return (*seats[first:], *seats[:first])


def on_duty(seats: Sequence[S], number: int, absent: Mapping[S, str]) -> Duty[S] | None:
    """Who of the rota is there for a turn; None when nobody is. `absent` says why somebody is not."""
    skipped: list[tuple[S, str]] = []
    for seat in order_from(seats, number) if seats else ():
        if seat not in absent:
            return Duty(seat, tuple(skipped))
        skipped.append((seat, absent[seat]))
    return None
