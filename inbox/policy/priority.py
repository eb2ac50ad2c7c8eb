"""The order in which people are asked to look: lane by lane, and inside each lane.

The expected cost of waiting per second of a person's attention (delay cost over expected review time, "c-mu") puts
the classes in order. It forgets deadlines: alone it lets one request in four go past its own at 90 % load. So a
request rises over the calm ones of every class once its time runs out, and is passed by those that can still be
saved once it cannot. All three moments are known when it is asked, so the order is index ranges on stored columns,
never a score to be computed for the whole queue.

Times are seconds on one clock, any clock. docs/explanation/order.md tells the same in words, with what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from inbox.policy.words import Risk

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE


class Urgency(StrEnum):
    """What the order knows of a request besides its times. Only what the server judged: no claim makes it urgent."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the class that comes first; what the column `urgency` holds."""
        return _RANKS[self]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a class is assumed to cost: a minute of delay (normal is 1), and how many seconds a look at it takes.

    `rises` is how many seconds before the end of its time it rises; `patience` how many it waits before its time
    counts as over even when its deadline is further off (none: only the deadline counts); `least_life` the shortest
    time between asking and deadline that lets it rise at all.
    """

    delay_cost: float
    review_seconds: float
    rises: float
    patience: float | None = None
    least_life: float = 0

    @property
    def index(self) -> float:
        """Cost of a minute's delay per second of review: the higher class is looked at first."""
        return self.delay_cost / self.review_seconds


WEIGHTS: Final = {
    Urgency.URGENT: Weight(10, 60, rises=0),
    Urgency.HIGH: Weight(3, 90, rises=10 * MINUTE, patience=170 * MINUTE),
    Urgency.NORMAL: Weight(1, 40, rises=5 * MINUTE, patience=4 * HOUR),
    # An agent chooses how long it waits: a short deadline alone must not buy a low-risk call a place above others.
    Urgency.LOW: Weight(0.1, 15, rises=5 * MINUTE, least_life=HOUR),
}
_RANKS: Final = {
    urgency: rank for rank, urgency in enumerate(sorted(WEIGHTS, key=lambda u: -WEIGHTS[u].index))
}
BY_RISK: Final = {
    Risk.CRITICAL: Urgency.URGENT,
    Risk.HIGH: Urgency.HIGH,
    Risk.UNVERIFIABLE: Urgency.HIGH,
    Risk.MEDIUM: Urgency.NORMAL,
    Risk.LOW: Urgency.LOW,
}


class Band(IntEnum):
    """The parts of the whole order, first to last. Inside one, the smallest `Place.at` comes first."""

    URGENT = 0
    HIGH_RISEN = 1
    # Before the normal ones: they take a third of the time, so more of both are saved.
    LOW_RISEN = 2
    NORMAL_RISEN = 3
    HIGH = 4
    HIGH_LATE = 5
    NORMAL = 6
    NORMAL_LATE = 7
    LOW = 8
    LOW_LATE = 9

    @property
    def urgency(self) -> Urgency:
        """The one class it holds."""
        return Urgency(self.name.partition("_")[0].lower())

    @property
    def risen(self) -> bool:
        """Whether it stands above the calm ones because time runs out."""
        return self.name.endswith("_RISEN")

    @property
    def late(self) -> bool:
        """Whether less time is left than a look takes."""
        return self.name.endswith("_LATE")


class Rungs(NamedTuple):
    """The three bands of a class: its time runs out, it does not, it is too late. The urgent have one for all."""

    risen: Band
    calm: Band
    late: Band


RUNGS: Final = {
    Urgency.URGENT: Rungs(Band.URGENT, Band.URGENT, Band.URGENT),
    Urgency.HIGH: Rungs(Band.HIGH_RISEN, Band.HIGH, Band.HIGH_LATE),
    Urgency.NORMAL: Rungs(Band.NORMAL_RISEN, Band.NORMAL, Band.NORMAL_LATE),
    Urgency.LOW: Rungs(Band.LOW_RISEN, Band.LOW, Band.LOW_LATE),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments a request's place rests on; they change only when its risk or its deadline does.

    `serve_by`: its deadline, or the end of its class's patience when that is sooner. `rises_at`: from when it stands
    above the calm ones; None for never.
    """

    urgency: Urgency
    deadline: float
    serve_by: float
    rises_at: float | None


class Place(NamedTuple):
    """Where a request stands: its band, and the moment it is ordered by inside it."""

    band: Band
    at: float


def schedule(
    urgency: Urgency, asked_at: float, deadline: float, *, weights: Mapping[Urgency, Weight] = WEIGHTS
) -> Schedule:
    """The moments of a request of this class, asked then, that ends by itself at `deadline`."""
    weight = weights[urgency]
    serve_by = deadline if weight.patience is None else min(deadline, asked_at + weight.patience)
    rises_at: float | None
    if urgency is Urgency.URGENT:
        rises_at = asked_at
    elif urgency is Urgency.HIGH:
        rises_at = serve_by - weight.rises
    elif deadline - asked_at >= weight.least_life:
        rises_at = deadline - weight.rises
    else:
        rises_at = None
    return Schedule(urgency, deadline, serve_by, rises_at)


def place(found: Schedule, now: float) -> Place:
    """Where a request stands at `now`."""
    rungs = RUNGS[found.urgency]
    if found.deadline - now < WEIGHTS[found.urgency].review_seconds:
        return Place(rungs.late, found.serve_by)
    if found.rises_at is not None and found.rises_at <= now:
        return Place(rungs.risen, found.serve_by if rungs.risen is rungs.calm else found.rises_at)
    return Place(rungs.calm, found.serve_by)


def key(now: float, asked_at: float, urgency: str, deadline: float) -> Place:
    """The sort key of a request at `now`; the smallest is looked at first. Raises ValueError for no such class."""
    return place(schedule(Urgency(urgency), asked_at, deadline), now)
