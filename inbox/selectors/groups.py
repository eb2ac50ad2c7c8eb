"""A group's batch sheet: a frozen list of requests, what they share, what varies, and which stand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from inbox import canonical
from inbox.errors import FieldError, Invalid
from inbox.lifecycle import OnTimeout, State
from inbox.models import ApprovalRequest, RequestGroup, Revision
from inbox.rendering.batch import BatchItem, BatchRow, BatchSheet, Column, Constant, batch_sheet
from inbox.rendering.columns import Cell
from inbox.rendering.fields import Row, field_table
from inbox.rendering.reveal import Revealed, reveal
from inbox.selectors.history import approved_values
from inbox.selectors.snoozes import put_aside
from inbox.selectors.turn import Turn

SHEET: Final = 50
ARRIVALS_CAP: Final = 1_000
# A value up to here stands in its cell whole; a longer one is folded; one over the second limit is read on the
# request's own page, and until someone says they did its row counts as standing out.
WHOLE: Final = 300
FOLDED: Final = 4_000
TOO_LONG: Final = "too long for this sheet: open it to read all of it"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the frozen list: the request and the digest of what is shown of it."""

    id: UUID
    digest: str


@dataclass(frozen=True, slots=True)
class CellView:
    """A value in its cell: `start` is shown, `rest` is folded below it, `elsewhere` counts characters left out."""

    start: Revealed
    rest: Revealed | None = None
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One request of the sheet. `bar` says why this person cannot decide it, "" when they can."""

    line: Line
    sentence: str
    cells: tuple[CellView | None, ...]
    why_odd: tuple[str, ...]
    place: str
    bar: str

    @property
    def odd(self) -> bool:
        return bool(self.why_odd)


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """A request shown in full, field by field."""

    line: Line
    sentence: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch sheet. `lines` is the frozen list; `last` the newest request of the group when it was opened."""

    group: RequestGroup
    lines: tuple[Line, ...]
    constants: tuple[Constant, ...]
    columns: tuple[Column, ...]
    sections: tuple[tuple[str, tuple[SheetRow, ...]], ...]
    spot_checks: tuple[SpotCheck, ...]
    compared: int
    number: int
    of: int
    next_after: UUID | None
    last: UUID | None
    soonest: ApprovalRequest | None

    @property
    def rows(self) -> Iterator[SheetRow]:
        """Every row in the order of the page."""
        for _, rows in self.sections:
            yield from rows

    @property
    def odd(self) -> frozenset[UUID]:
        """The requests that must be looked at or left out before the others are approved."""
        return frozenset(row.line.id for row in self.rows if row.odd)

    @property
    def suspects(self) -> bool:
        """Whether a value all share is new or not what it looks like: a bad value everywhere is no odd row."""
        return any(finding.severity != "info" for constant in self.constants for finding in constant.findings)

    @property
    def bar(self) -> str:
        """Why this person can decide none of it, "" when they can decide some."""
        bars = [row.bar for row in self.rows]
        return bars[0] if bars and all(bars) else ""


def group_of(team_id: UUID, group_id: UUID) -> RequestGroup | None:
    """A group of the team, with its agent; None when there is no such group."""
    return RequestGroup.objects.select_related("agent").filter(team_id=team_id, pk=group_id).first()


def open_sheet(turn: Turn, group: RequestGroup, *, after: UUID | None = None) -> Sheet:
    """The next 50 pending requests of a group that this member has not put aside, oldest first, `after` one of them."""
    pending = ApprovalRequest.objects.filter(group=group, state=State.PENDING.value)
    page = (
        pending.filter(Q(expires_at__gt=timezone.now()) | Q(on_timeout=OnTimeout.WAIT.value))
        .exclude(pk__in=put_aside(turn.member.pk))
        .order_by("id")
    )
    found = list((page.filter(id__gt=after) if after else page)[: SHEET + 1])
    shown = found[:SHEET]
    before = pending.filter(id__lte=after).count() if after else 0
    newest = pending.order_by("-id").values_list("id", flat=True).first()
    return _sheet(
        turn,
        group,
        shown,
        [Line(request.pk, request.digest) for request in shown],
        number=ceil(before / SHEET) + 1,
        next_after=shown[-1].pk if len(found) > SHEET else None,
        last=newest,
    )


def frozen_sheet(
    turn: Turn, group: RequestGroup, lines: Sequence[Line], *, last: UUID | None = None
) -> Sheet:
    """The sheet over a list that was frozen earlier, as it stands now.

    Raises Invalid when the list is empty, too long, repeats a request, or names one that is not in this group.
    """
    if not 0 < len(lines) <= SHEET or len({line.id for line in lines}) != len(lines):
        raise Invalid(
            "invalid-sheet", f"Nothing was recorded. A sheet holds 1 to {SHEET} requests, each once."
        )
    found = {
        request.pk: request
        for request in ApprovalRequest.objects.filter(group=group, pk__in=[line.id for line in lines])
    }
    strangers = [line for line in lines if line.id not in found]
    if strangers:
        raise Invalid(
            "other-group",
            "Nothing was recorded. This sheet names requests that are not of this group: open it again.",
            errors=[FieldError("/item", "other-group", str(line.id)) for line in strangers],
        )
    return _sheet(turn, group, [found[line.id] for line in lines], lines, last=last)


def arrivals(group: RequestGroup, *, after: UUID) -> int:
    """How many requests joined a group after one of them; 1,001 stands for more than 1,000."""
    newer = ApprovalRequest.objects.filter(group=group, state=State.PENDING.value, id__gt=after)
    return newer[: ARRIVALS_CAP + 1].count()


def _sheet(
    turn: Turn,
    group: RequestGroup,
    requests: Sequence[ApprovalRequest],
    lines: Sequence[Line],
    *,
    number: int = 1,
    next_after: UUID | None = None,
    last: UUID | None = None,
) -> Sheet:
    args = _arguments(lines)
    history = approved_values(group.team_id, group.tool)
    items = [BatchItem(str(line.id), args[line.id]) for line in lines if line.id in args]
    compared = batch_sheet(items, history) if items else BatchSheet((), (), (), (), ())
    bars = _bars(turn, requests)
    by_id = {str(request.pk): (line, request.sentence) for line, request in zip(lines, requests, strict=True)}
    rows = [_row(row, *by_id[row.id], bars) for row in compared.rows]
    return Sheet(
        group=group,
        lines=tuple(lines),
        constants=compared.constants,
        columns=compared.columns,
        sections=_sections(rows),
        spot_checks=tuple(
            SpotCheck(*by_id[spot], rows=field_table(args[by_id[spot][0].id]).rows)
            for spot in compared.spot_check
        ),
        compared=history.calls if history else 0,
        number=number,
        of=max(number, ceil(group.pending / SHEET)),
        next_after=next_after,
        last=last,
        soonest=min(requests, key=lambda request: request.expires_at, default=None),
    )


_PLACES: Final = (
    ("odd", "Look at these"),
    ("extreme", "Extremes: the largest and the smallest"),
    ("spot check", "Spot check: picked at random, shown in full below"),
    ("rest", "The rest"),
)


def _sections(rows: Sequence[SheetRow]) -> tuple[tuple[str, tuple[SheetRow, ...]], ...]:
    found = ((title, tuple(row for row in rows if row.place == place)) for place, title in _PLACES)
    return tuple((title, section) for title, section in found if section)


def _row(row: BatchRow, line: Line, sentence: str, bars: Mapping[UUID, str]) -> SheetRow:
    cells = tuple(_cell(cell) if cell else None for cell in row.cells)
    why = row.why_odd
    if any(cell is not None and cell.elsewhere for cell in cells):
        why = (*why, TOO_LONG)
    place = "odd" if why else row.place
    return SheetRow(line, sentence, cells, why, place, bars.get(line.id, ""))


def _cell(cell: Cell) -> CellView:
    source = cell.shown.source
    if len(source) <= WHOLE:
        return CellView(cell.shown)
    start = reveal(source[:WHOLE])
    if len(source) <= FOLDED:
        return CellView(start, rest=reveal(source[WHOLE:]))
    return CellView(start, elsewhere=len(source) - WHOLE)


def _bars(turn: Turn, requests: Sequence[ApprovalRequest]) -> dict[UUID, str]:
    """Per request why this person's vote would not count; those it would count for are not in it."""
    pending = [request for request in requests if request.state == State.PENDING.value]
    bars = {
        request.pk: f"already {request.outcome or request.state}"
        for request in requests
        if request.state != State.PENDING.value
    }
    for request_id, standing in turn.standings(pending).items():
        if standing.voted:
            bars[request_id] = "you have voted on it"
        elif not standing.may.may:
            bars[request_id] = standing.may.reason
    return bars


def _arguments(lines: Sequence[Line]) -> dict[UUID, Mapping[str, Any]]:
    """The arguments of exactly the bytes each line's digest names."""
    wanted = {line.id: line.digest for line in lines}
    payloads = Revision.objects.filter(request_id__in=wanted, digest__in=wanted.values()).values_list(
        "request_id", "digest", "payload"
    )
    return {
        request_id: canonical.read(bytes(payload))["actions"][0]["args"]
        for request_id, digest, payload in payloads
        if wanted[request_id] == digest
    }
