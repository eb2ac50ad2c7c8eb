"""The inbox's order in SQL: every band of `inbox.policy.priority` is a range of a partial index.

A page is a merge of at most six such ranges, none read further than the page is long, in one query. Which band a row
is in depends on the time, so a list that is paged on keeps the time of its first page: no row is lost or repeated
because a deadline came nearer between two pages.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.utils import timezone

from inbox.errors import Invalid
from inbox.models import ApprovalRequest
from inbox.policy.lanes import LANES, Following
from inbox.policy.lanes import lane as lane_of
from inbox.policy.priority import RUNGS, WEIGHTS, Band, Schedule, Urgency, place
from inbox.policy.words import Lane

# A list opened longer ago is opened again: its order is of no use any more.
OLDEST: Final = timedelta(days=1)
NO_CURSOR: Final = "This address does not continue a list. Open the list again."


class Stretch(NamedTuple):
    """A band in one lane: what may be decided together leaves its band for Batches, unless time runs out."""

    lane: Lane
    band: Band


STRETCHES: Final = tuple(Stretch(lane, band) for lane in Lane for band in LANES[lane])


@dataclass(frozen=True, slots=True)
class Spot:
    """One request's position in the whole order."""

    stretch: Stretch
    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on, and the time its order is of."""

    now: datetime
    spot: Spot

    def __str__(self) -> str:
        spot = self.spot
        return f"{self.now.isoformat()}~{spot.stretch.band.value}~{spot.at.isoformat()}~{spot.id.hex}"


class Neighbour(NamedTuple):
    """The request beside another in the order."""

    stretch: int
    at: datetime
    id: UUID
    sentence: str

    @property
    def following(self) -> Following:
        """As the sentences about its place name it."""
        lane, band = STRETCHES[self.stretch]
        return Following(self.sentence, lane, band, self.at.timestamp())


def cursor(text: str, lane: Lane) -> Cursor:
    """Read a cursor of that lane. Raises Invalid for anything else, and for one older than a day."""
    try:
        first, band, at, last = text.split("~")
        found = Cursor(_moment(first), Spot(Stretch(lane, Band(int(band))), _moment(at), UUID(last)))
    except ValueError:
        raise Invalid("invalid-cursor", NO_CURSOR) from None
    age = timezone.now() - found.now
    if found.spot.stretch not in STRETCHES or not -timedelta(minutes=1) <= age <= OLDEST:
        raise Invalid("invalid-cursor", NO_CURSOR)
    return found


def page(
    requests: QuerySet[ApprovalRequest], lane: Lane, now: datetime, after: Spot | None, size: int
) -> list[Spot]:
    """The next `size` of a lane's requests in order, from among these pending ones."""
    found = _merged(requests, [s for s in STRETCHES if s.lane is lane], now, after, size)
    return [Spot(STRETCHES[row[0]], row[1], row[2]) for row in found]


def tops(
    requests: QuerySet[ApprovalRequest], sizes: Mapping[Lane, int], now: datetime
) -> dict[Lane, list[Spot]]:
    """The first of several lanes in order, each as many as `sizes` says, in one query."""
    stretches = [s for s in STRETCHES if s.lane in sizes]
    ranges = _ranges(requests, stretches, now, None, max(sizes.values()))
    found: dict[Lane, list[Spot]] = {lane: [] for lane in sizes}
    for row in ranges[0].union(*ranges[1:], all=True).order_by("stretch", "at", "id"):
        stretch = STRETCHES[row[0]]
        if len(found[stretch.lane]) < sizes[stretch.lane]:
            found[stretch.lane].append(Spot(stretch, row[1], row[2]))
    return found


def held(requests: QuerySet[ApprovalRequest], lane: Lane, now: datetime, cap: int) -> QuerySet[Any, Any]:
    """What a lane holds of these pending requests, to be counted: one above the cap stands for more."""
    first, *others = (
        within(requests, stretch, now).order_by().values("pk")[: cap + 1]
        for stretch in STRETCHES
        if stretch.lane is lane
    )
    return first.union(*others, all=True)[: cap + 1]


def neighbours(
    requests: QuerySet[ApprovalRequest], request: ApprovalRequest, now: datetime
) -> tuple[Neighbour | None, Neighbour | None]:
    """The requests before and after this pending one in the whole order, from among these pending ones."""
    spot = spot_of(request, now)
    others = requests.exclude(pk=request.pk)
    more = Neighbour._fields[3:]
    # The nearest of every range on either side, in one query; the ranges are few, so the nearest of all is picked here.
    ranges = _ranges(others, STRETCHES, now, spot, 1, backwards=True, more=more)
    ranges += _ranges(others, STRETCHES, now, spot, 1, more=more)
    beside = sorted(Neighbour(*row) for row in ranges[0].union(*ranges[1:], all=True))
    place = bisect(beside, (STRETCHES.index(spot.stretch), spot.at, spot.id))
    return (beside[place - 1] if place else None), (beside[place] if place < len(beside) else None)


def following(
    requests: QuerySet[ApprovalRequest], request: ApprovalRequest, now: datetime
) -> Neighbour | None:
    """The one after it alone, for what does not show the one before."""
    others, more = requests.exclude(pk=request.pk), Neighbour._fields[3:]
    ranges = _ranges(others, STRETCHES, now, spot_of(request, now), 1, more=more)
    return min((Neighbour(*row) for row in ranges[0].union(*ranges[1:], all=True)), default=None)


def schedule_of(request: ApprovalRequest) -> Schedule:
    """The moments stored with a request, as the pure order reads them."""
    return Schedule(
        urgency=list(Urgency)[request.urgency],
        deadline=request.expires_at.timestamp(),
        serve_by=request.serve_by.timestamp(),
        rises_at=request.rises_at.timestamp() if request.rises_at is not None else None,
    )


def spot_of(request: ApprovalRequest, now: datetime) -> Spot:
    """Where a pending request stands."""
    band = place(schedule_of(request), now.timestamp()).band
    rises_at = request.rises_at if band.risen else None
    return Spot(Stretch(lane_of(band, request.batchable), band), rises_at or request.serve_by, request.pk)


def within(requests: QuerySet[ApprovalRequest], stretch: Stretch, now: datetime) -> QuerySet[ApprovalRequest]:
    """Those of these pending requests that stand in that stretch."""
    band = stretch.band
    here = requests.filter(urgency=band.urgency.rank)
    if band.risen:
        return here.filter(rises_at__lte=now, expires_at__gte=_lost(band, now))
    here = here.filter(batchable=stretch.lane is Lane.BATCH)
    if RUNGS[band.urgency].calm is RUNGS[band.urgency].late:
        return here
    if band.late:
        # The second bound follows from the first and is there for the index.
        return here.filter(expires_at__lt=_lost(band, now), serve_by__lt=_lost(band, now))
    if band.urgency is Urgency.HIGH:
        # Follows from its rising so long before `serve_by`; without it, all that has risen is read to be left out.
        here = here.filter(serve_by__gt=now + timedelta(seconds=WEIGHTS[band.urgency].rises))
    return here.filter(
        Q(rises_at__gt=now) | Q(rises_at__isnull=True),
        expires_at__gte=_lost(band, now),
    )


def _lost(band: Band, now: datetime) -> datetime:
    """A deadline before this moment is too near for a look."""
    lost: datetime = now + timedelta(seconds=WEIGHTS[band.urgency].review_seconds)
    return lost


def _merged(
    requests: QuerySet[ApprovalRequest],
    stretches: Sequence[Stretch],
    now: datetime,
    spot: Spot | None,
    size: int,
) -> list[Any]:
    """Rows (stretch's number, moment, id) after a spot."""
    ranges = _ranges(requests, stretches, now, spot, size)
    merged = ranges[0].union(*ranges[1:], all=True) if len(ranges) > 1 else ranges[0]
    if len(ranges) > 1:
        merged = merged.order_by("stretch", "at", "id")
    return list(merged[:size])


def _ranges(
    requests: QuerySet[ApprovalRequest],
    stretches: Sequence[Stretch],
    now: datetime,
    spot: Spot | None,
    size: int,
    *,
    backwards: bool = False,
    more: Sequence[str] = (),
) -> list[QuerySet[Any, Any]]:
    """For each stretch its rows (stretch's number, moment, id, `more`) after a spot, or before it and nearest first."""
    start = STRETCHES.index(spot.stretch) if spot is not None else -1
    sign = "-" if backwards else ""
    ranges: list[QuerySet[Any, Any]] = []
    for stretch in stretches:
        number = STRETCHES.index(stretch)
        if spot is not None and (number > start if backwards else number < start):
            continue
        column = "rises_at" if stretch.band.risen else "serve_by"
        here = within(requests, stretch, now)
        if spot is not None and number == start:
            here = here.filter(_past(column, spot, backwards=backwards))
        named = here.annotate(stretch=Value(number), at=F(column)).order_by(f"{sign}{column}", f"{sign}id")
        ranges.append(named.values_list("stretch", "at", "id", *more)[:size])
    return ranges


def _past(column: str, spot: Spot, *, backwards: bool) -> Q:
    # The same bound twice: as one OR the planner would not see a range of the index.
    beyond, last, bound = ("lt", "lt", "lte") if backwards else ("gt", "gt", "gte")
    return (Q(**{f"{column}__{beyond}": spot.at}) | Q(**{column: spot.at, f"id__{last}": spot.id})) & Q(
        **{f"{column}__{bound}": spot.at}
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
