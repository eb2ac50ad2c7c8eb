"""The inbox: lanes of what waits, and the views beside them. Every list is a keyset page on a partial index.

Nothing here groups or offsets over the pending set: its size is not to be noticed.

What a member put aside is left out here and not in `Turn.condition`: that says who may decide, which putting aside
does not change, and the ballot must go on to agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, AuditEvent, RequestGroup, TeamStream
from inbox.policy.words import Lane, Risk
from inbox.selectors import order
from inbox.selectors.claims import Claim, claim_of
from inbox.selectors.conversation import Back, came_back
from inbox.selectors.counting import counts
from inbox.selectors.cursors import moment_of, number_of, pair_of
from inbox.selectors.endings import Closing, closing_of
from inbox.selectors.filters import Filter
from inbox.selectors.holds import Held, held_of
from inbox.selectors.snoozes import NOWHERE, Aside, asides, put_aside
from inbox.selectors.turn import Standing, Turn

PAGE: Final = 50
# The front page shows the top of each lane; "Load 50 more" goes on from there.
FRONT: Final = {Lane.NOW: 25, Lane.LOOK: 25, Lane.BATCH: 12}
CAP: Final = 10_000
_ORDERED: Final = (Lane.NOW, Lane.LOOK)
_SHOWN: Final = ("agent", "assignee__user", "claimed_by__user")


class View(StrEnum):
    """The tabs over the list."""

    TURN = "turn"
    MINE = "mine"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    DONE = "done"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the list shows it.

    `back` says what the agent did since it was asked, answered or revised; `aside` where it stands in what this member
    put aside.
    """

    request: ApprovalRequest
    standing: Standing | None = None
    closing: Closing | None = None
    back: Back = ""
    held: Held | None = None
    aside: Aside = NOWHERE

    @property
    def claim(self) -> Claim | None:
        """Who works on it now."""
        return claim_of(self.request, timezone.now()) if self.standing is not None else None

    @property
    def waits_for_agent(self) -> datetime | None:
        """Since when people wait for the agent's answer; None while it is their own turn."""
        return self.standing.asked_agent_at if self.standing is not None else None

    @property
    def direct(self) -> bool:
        """Whether it may be approved from the list: low, and every argument visible in its sentence."""
        request = self.request
        return (
            self.standing is not None
            and self.standing.turn
            and request.risk == Risk.LOW
            and request.sentence_complete
            and request.batchable
        )


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Requests alike, as one row. `only` is the request itself when just one waits."""

    group: RequestGroup
    only: ApprovalRequest | None


@dataclass(frozen=True, slots=True)
class Block:
    """One lane, or one flat list: its rows, how many there are (one above the cap at most), where to go on."""

    name: str
    title: str
    rows: tuple[Row, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    count: int | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the inbox. `seq` was read before the rows, so that live hints can only repeat, never miss."""

    view: View
    filter: Filter
    blocks: tuple[Block, ...]
    seq: int
    now: datetime

    @property
    def empty(self) -> bool:
        return not any(block.rows or block.groups for block in self.blocks)


TITLES: Final = {Lane.NOW: "Now", Lane.LOOK: "Needs a look", Lane.BATCH: "Batches"}


def your_turn(turn: Turn) -> QuerySet[ApprovalRequest]:
    """What waits for this member and is not put aside by them."""
    return _pending(turn).filter(turn.condition).exclude(_aside(turn))


def your_turn_count(turn: Turn) -> int:
    """How many requests wait for this member, counted as far as the cap and one more."""
    return capped(your_turn(turn)).count()


def put_aside_by(turn: Turn) -> QuerySet[ApprovalRequest]:
    """What waits and is put aside by this member."""
    return _pending(turn).filter(_aside(turn))


def head_seq(team_id: UUID) -> int:
    """Where the team's stream stands."""
    return TeamStream.objects.values_list("seq", flat=True).get(pk=team_id)


def front(turn: Turn, chosen: Filter) -> Listing:
    """Your turn: the top of each lane, with how many each holds."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    mine, alike = your_turn(turn).filter(chosen.requests(turn)), _alike(turn, chosen)
    tops = order.tops(mine, {name: FRONT[name] + 1 for name in _ORDERED}, now)
    groups = list(_by_size(alike, "")[: FRONT[Lane.BATCH] + 1])
    spots = [spot for name in _ORDERED for spot in tops[name][: FRONT[name]]]
    # One read of the rows for all lanes: what a row needs beside itself is asked once for a page.
    requests = _waiting([spot.id for spot in spots], _alone(groups[: FRONT[Lane.BATCH]]))
    listed = {spot.id for spot in spots}
    rows = _rows(turn, [request for request in requests if request.pk in listed])
    held = counts(*(order.held(mine, name, now, CAP) for name in _ORDERED), alike[: CAP + 1])
    blocks = [
        _ordered(name, tops[name], FRONT[name], rows, now, count)
        for name, count in zip(_ORDERED, held, strict=False)
    ]
    blocks.append(_grouped(groups, FRONT[Lane.BATCH], requests, held[-1]))
    return Listing(View.TURN, chosen, tuple(blocks), seq, now)


def lane(turn: Turn, chosen: Filter, name: Lane, after: str = "") -> Listing:
    """One lane by itself, `after` a cursor of an earlier page. Raises Invalid for a cursor that is none."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    block = _lane(turn, chosen, name, now, after)
    return Listing(View.TURN, chosen, (block,), seq, now)


def mine(turn: Turn, chosen: Filter, after: str = "") -> Listing:
    """Pending requests that are this member's first, soonest first. Raises Invalid for a cursor that is none."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    assigned = _pending(turn).filter(chosen.requests(turn), assignee=turn.member.pk)
    found = list(_by_deadline(assigned, after)[: PAGE + 1])
    block = Block("mine", "Assigned to you", _rows(turn, found[:PAGE]), after=_deadline_cursor(found, PAGE))
    return Listing(View.MINE, chosen, (block,), seq, now)


def waiting(turn: Turn, chosen: Filter, after: str = "") -> Listing:
    """Pending requests that wait for others. Raises Invalid for a cursor that is none."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    others = _pending(turn).filter(chosen.requests(turn)).exclude(turn.condition).exclude(_aside(turn))
    found = list(_by_deadline(others, after)[: PAGE + 1])
    rows = _rows(turn, found[:PAGE])
    block = Block("waiting", "Waiting on others", rows, after=_deadline_cursor(found, PAGE))
    return Listing(View.WAITING, chosen, (block,), seq, now)


def snoozed(turn: Turn, chosen: Filter, after: str = "") -> Listing:
    """Pending requests that this member put aside, due first. Raises Invalid for a cursor that is none."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    found = list(_by_deadline(_pending(turn).filter(chosen.q(), _aside(turn)), after)[: PAGE + 1])
    rows = _rows(turn, found[:PAGE])
    block = Block("snoozed", "Put aside", rows, after=_deadline_cursor(found, PAGE))
    return Listing(View.SNOOZED, chosen, (block,), seq, now)


def done(turn: Turn, chosen: Filter, after: str = "") -> Listing:
    """Closed requests, latest first. Raises Invalid for a cursor that is none."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    closed = (
        ApprovalRequest.objects.select_related(
            "agent",
            "assignee__user",
            "decision__person",
            "decision__policy_version__policy",
            "decision__recall__person",
        )
        .filter(chosen.requests(turn), team_id=turn.member.team_id)
        .filter(closed_at__isnull=False)
        .order_by("-closed_at", "id")
    )
    if after:
        moment, last = moment_of(after)
        closed = closed.filter(
            Q(closed_at__lt=moment) | Q(closed_at=moment, id__gt=last), closed_at__lte=moment
        )
    found = list(closed[: PAGE + 1])
    rows = tuple(Row(request, closing=closing_of(request)) for request in found[:PAGE])
    cursor = ""
    if len(found) > PAGE:
        last_row = found[PAGE - 1]
        assert last_row.closed_at is not None  # noqa: S101 - final_has_time, a constraint
        cursor = f"{last_row.closed_at.isoformat()}~{last_row.pk.hex}"
    blocks = [Block("done", "Done", rows, after=cursor)]
    if not after and (held := _held(turn, chosen)):
        blocks.insert(0, Block("held", "Held, not yet released", held))
    return Listing(View.DONE, chosen, tuple(blocks), seq, now)


def _held(turn: Turn, chosen: Filter) -> tuple[Row, ...]:
    """What was decided and is not released, the latest asked first; a page of it at most, for it is over in seconds."""
    found = list(
        ApprovalRequest.objects.select_related("agent", "assignee__user")
        .filter(chosen.q(), team_id=turn.member.team_id, state=State.HELD.value)
        .order_by("-id")[:PAGE]
    )
    held = held_of(turn.member, found)
    return tuple(Row(request, held=held[request.pk]) for request in found if request.pk in held)


def everything(turn: Turn, chosen: Filter, after: str = "") -> Listing:
    """Every request, latest asked first, by the audit events of their asking. Raises Invalid for a bad cursor."""
    seq, now = head_seq(turn.member.team_id), timezone.now()
    asked = AuditEvent.objects.filter(team_id=turn.member.team_id, verb="requested").order_by("-seq")
    if after:
        asked = asked.filter(seq__lt=number_of(after))
    if chosen:
        asked = asked.filter(
            request__in=ApprovalRequest.objects.filter(chosen.requests(turn), team_id=turn.member.team_id)
        )
    found = list(
        asked.select_related(
            "request__agent",
            "request__claimed_by__user",
            "request__assignee__user",
            "request__decision__person",
            "request__decision__policy_version__policy",
            "request__decision__recall__person",
        )[: PAGE + 1]
    )
    requests = [event.request for event in found[:PAGE] if event.request is not None]
    pending = [request for request in requests if request.state == State.PENDING.value]
    standings, back = turn.standings(pending), came_back(pending)
    held = held_of(turn.member, requests)
    rows = tuple(
        Row(
            request,
            standings.get(request.pk),
            closing_of(request),
            back.get(request.pk, ""),
            held.get(request.pk),
        )
        for request in requests
    )
    cursor = str(found[PAGE - 1].seq) if len(found) > PAGE else ""
    return Listing(View.ALL, chosen, (Block("all", "All", rows, after=cursor),), seq, now)


def _lane(turn: Turn, chosen: Filter, name: Lane, now: datetime, after: str) -> Block:
    if name is Lane.BATCH:
        alike = _alike(turn, chosen)
        groups = list(_by_size(alike, after)[: PAGE + 1])
        count = None if after else alike[: CAP + 1].count()
        return _grouped(groups, PAGE, _waiting([], _alone(groups[:PAGE])), count)
    mine = your_turn(turn).filter(chosen.requests(turn))
    goes_on = order.cursor(after, name) if after else None
    # A list that goes on keeps the time of its first page: see `order`.
    as_of, last = (goes_on.now, goes_on.spot) if goes_on is not None else (now, None)
    spots = order.page(mine, name, as_of, last, PAGE + 1)
    count = None if after else order.held(mine, name, as_of, CAP).count()
    rows = _rows(turn, _waiting([spot.id for spot in spots[:PAGE]], []))
    return _ordered(name, spots, PAGE, rows, as_of, count)


def _ordered(
    name: Lane,
    spots: Sequence[order.Spot],
    size: int,
    rows: Sequence[Row],
    as_of: datetime,
    count: int | None,
) -> Block:
    # What was decided between the two queries is left out, as it would be a moment later.
    by_id = {row.request.pk: row for row in rows if row.standing is None or row.standing.turn}
    shown = tuple(by_id[spot.id] for spot in spots[:size] if spot.id in by_id)
    cursor = str(order.Cursor(as_of, spots[size - 1])) if len(spots) > size else ""
    return Block(name.value, TITLES[name], shown, count=count, after=cursor)


def _waiting(ids: Sequence[UUID], groups: Sequence[UUID]) -> list[ApprovalRequest]:
    """These requests and those of these groups, of them what still waits."""
    return list(
        ApprovalRequest.objects.select_related(*_SHOWN).filter(
            Q(pk__in=ids) | Q(group__in=groups), state=State.PENDING.value
        )
    )


def _alike(turn: Turn, chosen: Filter) -> QuerySet[RequestGroup]:
    # One member that waits for this person is enough: the sheet says of each line whether it does.
    waiting = RequestGroup.objects.filter(chosen.q(), team_id=turn.member.team_id, pending__gt=0)
    return waiting.filter(Exists(your_turn(turn).filter(chosen.requests(turn), group=OuterRef("pk"))))


def _by_size(alike: QuerySet[RequestGroup], after: str) -> QuerySet[RequestGroup]:
    page = alike.select_related("agent").order_by("-pending", "id")
    if after:
        pending, last = pair_of(after)
        page = page.filter(Q(pending__lt=pending) | Q(pending=pending, id__gt=last), pending__lte=pending)
    return page


def _alone(groups: Sequence[RequestGroup]) -> list[UUID]:
    """The groups of which one request waits: that one is shown itself."""
    return [group.pk for group in groups if group.pending == 1]


def _grouped(
    groups: Sequence[RequestGroup], size: int, requests: Sequence[ApprovalRequest], count: int | None
) -> Block:
    alone = set(_alone(groups))
    only = {request.group_id: request for request in requests if request.group_id in alone}
    rows = tuple(GroupRow(group, only.get(group.pk)) for group in groups[:size])
    cursor = f"{groups[size - 1].pending}~{groups[size - 1].pk.hex}" if len(groups) > size else ""
    return Block(Lane.BATCH.value, TITLES[Lane.BATCH], groups=rows, count=count, after=cursor)


def _pending(turn: Turn) -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.filter(team_id=turn.member.team_id, state=State.PENDING.value)


def _aside(turn: Turn) -> Q:
    return Q(pk__in=put_aside(turn.member.pk))


def capped(requests: QuerySet[ApprovalRequest]) -> QuerySet[Any, Any]:
    """As many as are counted, and one more."""
    return requests.order_by().values("pk")[: CAP + 1]


def _rows(turn: Turn, found: Sequence[ApprovalRequest]) -> tuple[Row, ...]:
    standings = turn.standings(found)
    back = came_back(found)
    aside = asides(turn.member.pk, found) if found else {}
    return tuple(
        Row(
            request,
            standings[request.pk],
            back=back.get(request.pk, ""),
            aside=aside.get(request.pk, NOWHERE),
        )
        for request in found
    )


def _by_deadline(requests: QuerySet[ApprovalRequest], after: str) -> QuerySet[ApprovalRequest]:
    if after:
        moment, last = moment_of(after)
        requests = requests.filter(
            Q(expires_at__gt=moment) | Q(expires_at=moment, id__gt=last), expires_at__gte=moment
        )
    return requests.select_related(*_SHOWN).order_by("expires_at", "id")


def _deadline_cursor(found: Sequence[ApprovalRequest], size: int) -> str:
    return f"{found[size - 1].expires_at.isoformat()}~{found[size - 1].pk.hex}" if len(found) > size else ""
