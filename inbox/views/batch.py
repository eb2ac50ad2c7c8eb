"""The batch sheet of a group, deciding it, and the report of what became of each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox.errors import NotFound, Refused
from inbox.forms.decisions import BatchForm, sheet_lines
from inbox.models import RequestGroup
from inbox.rendering.batch import Column
from inbox.selectors.batch_report import report as read_report
from inbox.selectors.groups import (
    CellView,
    Line,
    Sheet,
    SheetRow,
    arrivals,
    frozen_sheet,
    group_of,
    open_sheet,
)
from inbox.selectors.holds import can_undo_of_batch
from inbox.selectors.policy import tools_named
from inbox.services.batches import OUTCOMES, BatchLine, start_batch
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.keys import SHEET_KEYS

# What a person chose for a row that stands out. Nothing is chosen for them.
INCLUDE, LEAVE = "include", "leave"


@dataclass(frozen=True, slots=True)
class Choices:
    """What was ticked on a sheet: rows that stand out are chosen one by one, the others start ticked."""

    included: frozenset[UUID]
    left_out: frozenset[UUID]

    def undecided(self, sheet: Sheet) -> frozenset[UUID]:
        """Rows that stand out and were neither looked at nor left out."""
        return sheet.odd - self.included - self.left_out

    def approved(self, sheet: Sheet) -> list[Line]:
        """The lines an approval covers."""
        return [line for line in sheet.lines if line.id in self.included]

    def rejected(self, sheet: Sheet) -> list[Line]:
        """The lines a rejection covers: rejecting needs no second look at what stands out."""
        undecided = self.undecided(sheet)
        return [line for line in sheet.lines if line.id in self.included or line.id in undecided]


@require_safe
@team_page
def sheet(request: TeamRequest, group_id: UUID) -> HttpResponse:
    """The next 50 requests of a group, frozen into the form; `after` goes on from one of them."""
    group = _group(request, group_id)
    opened = open_sheet(request.turn, group, after=_uuid(request.GET.get("after", "")))
    chosen = Choices(frozenset(line.id for line in opened.lines) - opened.odd, frozenset())
    return _page(request, opened, chosen)


@require_safe
@team_page
def arrived(request: TeamRequest, group_id: UUID) -> HttpResponse:
    """How many more like these arrived since the sheet was opened: a fragment for the sheet."""
    group = _group(request, group_id)
    last = _uuid(request.GET.get("since", ""))
    if last is None:
        raise NotFound()
    return render(
        request,
        "inbox/batch_arrivals.html",
        {"group": group, "last": last, "more": arrivals(group, after=last)},
    )


@require_POST
@team_page
def decide(request: TeamRequest, group_id: UUID) -> HttpResponse:
    """Approve or reject the ticked lines of the frozen list the form carries."""
    group = _group(request, group_id)
    sent = request.POST
    frozen = frozen_sheet(
        request.turn, group, sheet_lines(sent.getlist("item")), last=_uuid(sent.get("last", ""))
    )
    chosen = _choices(sent, frozen)
    try:
        form = BatchForm(sent).checked()
    except Refused as refused:
        return _page(request, frozen, chosen, said=refused.detail, status=refused.status)
    if form.cleaned_data["verdict"] == "again":
        return _page(request, frozen, chosen)
    approves = form.cleaned_data["verdict"] == "approve"
    undecided = chosen.undecided(frozen)
    if approves and undecided:
        return _page(request, frozen, chosen, said=_open_rows(len(undecided)))
    if approves and frozen.suspects and sent.get("constants") != "1":
        return _page(
            request,
            frozen,
            chosen,
            said="Nothing was approved. Look at the values all of them share and say so.",
        )
    lines = chosen.approved(frozen) if approves else chosen.rejected(frozen)
    if not lines:
        return _page(request, frozen, chosen, said="Nothing was recorded: no request is ticked.")
    try:
        batch = start_batch(
            person=request.user,
            team=request.member.team,
            verdict="approve" if approves else "reject",
            items=[BatchLine(str(line.id), line.digest) for line in lines],
            message="" if approves else form.told,
            via="batch",
            idempotency_key=form.cleaned_data["idempotency_key"] or uuid4().hex,
        )
    except Refused as refused:
        return _page(request, frozen, chosen, said=refused.detail, status=refused.status)
    return redirect_after_post(request, reverse("batch_report", args=[request.member.team.slug, batch.pk]))


@require_safe
@team_page
def report(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    """What became of a batch. While it runs the page asks again by itself, or by its link."""
    after = request.GET.get("after", "")
    found = read_report(
        request.member.team_id,
        batch_id,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 10 else None,
    )
    if found is None:
        raise NotFound()
    if request.htmx:
        # The polling fragment asks: when all is done the whole page is there to see.
        if found.finished:
            return redirect_after_post(request, request.path)
        return render(request, "inbox/batch_report.html#progress", {"report": found})
    return render(
        request,
        "inbox/batch_report.html",
        {
            "report": found,
            "undoable": can_undo_of_batch(request.member, batch_id),
            "counts": [(count, _word(outcome)) for outcome, count in found.counts],
            "failures": [
                (line, _word(line.outcome), line.detail or OUTCOMES.get(line.outcome, ""))
                for line in found.failures
            ],
        },
    )


def _page(
    request: TeamRequest, opened: Sheet, chosen: Choices, *, said: str = "", status: int = 422
) -> HttpResponse:
    tool = tools_named(request.member.team_id, [opened.group.tool]).get(opened.group.tool)
    return render(
        request,
        "inbox/batch_sheet.html",
        {
            "sheet": opened,
            "sections": [
                (title, [_shown(row, chosen, opened) for row in rows]) for title, rows in opened.sections
            ],
            "presets": tool.rejection_presets if tool else (),
            "reversible": tool.reversible if tool else False,
            "said": said,
            "constants": request.POST.get("constants", ""),
            "message": request.POST.get("message", ""),
            "preset": request.POST.get("preset", ""),
            "page_keys": SHEET_KEYS,
        },
        status=status if said else 200,
    )


def _shown(
    row: SheetRow, chosen: Choices, opened: Sheet
) -> tuple[SheetRow, str, list[tuple[CellView | None, Column]]]:
    """A row, what is chosen for it (include, leave, or nothing yet), and its cells with their columns."""
    choice = "" if row.odd else LEAVE
    if row.line.id in chosen.included:
        choice = INCLUDE
    elif row.line.id in chosen.left_out:
        choice = LEAVE
    return row, choice, list(zip(row.cells, opened.columns, strict=True))


def _group(request: TeamRequest, group_id: UUID) -> RequestGroup:
    group = group_of(request.member.team_id, group_id)
    if group is None:
        raise NotFound()
    return group


def _choices(sent: QueryDict, frozen: Sheet) -> Choices:
    ticked = {request_id for request_id in map(_uuid, sent.getlist("include")) if request_id}
    odd: Mapping[UUID, str] = {request_id: sent.get(f"odd-{request_id}", "") for request_id in frozen.odd}
    ordinary = {line.id for line in frozen.lines} - frozen.odd
    looked_at = {request_id for request_id, choice in odd.items() if choice == INCLUDE}
    left = {request_id for request_id, choice in odd.items() if choice == LEAVE}
    return Choices(frozenset((ticked & ordinary) | looked_at), frozenset((ordinary - ticked) | left))


def _open_rows(count: int) -> str:
    rows = "1 request stands" if count == 1 else f"{count} requests stand"
    return f"Nothing was approved. {rows} out: say for each that you looked at it, or leave it out."


def _word(outcome: str) -> str:
    return outcome.replace("-", " ")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
