"""One request: what will run, and the decision about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.errors import NotFound, Refused
from inbox.forms import DecideForm
from inbox.policy.seating import who_of
from inbox.policy.words import Risk
from inbox.selectors import request_page
from inbox.selectors.asking import check_read_back
from inbox.selectors.endings import closing_of
from inbox.selectors.queue import Row
from inbox.selectors.request_page import RequestPage
from inbox.services.decide import Decided
from inbox.services.decide import decide as record
from inbox.views.context import TeamRequest, team_page
from inbox.views.keys import REQUEST_KEYS


@dataclass(frozen=True, slots=True)
class Bar:
    """What the decision bar asks: "" both verbs, "approve" the consequence, "reject" the reason.

    `refused` is why the last press recorded nothing; `message` and `preset` are what was typed then.
    """

    step: str = ""
    message: str = ""
    preset: str = ""
    refused: Refused | None = None


@require_safe
@never_cache
@team_page
def page(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """`?part=` of a long payload, `?raw=1` for the exact JSON, `?step=approve|reject|break_glass` for the bar's next question."""
    step = request.GET.get("step", "")
    return _page(request, request_id, Bar(step if step in ("approve", "reject", "break_glass") else ""))


@require_safe
@never_cache
@team_page
def why(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Why a request stands where it does: a page, or for htmx the sentences alone."""
    found = request_page.find(request.turn, request_id)
    standing = request.turn.standings([found])[found.pk]
    sentences: tuple[str, ...] = ()
    if found.closed_at is None:
        now = timezone.now()
        _, after = request_page.neighbours(request.turn, found, now)
        sentences = request_page.why(found, standing, now, after)
    context = {
        "item": found,
        "why": sentences,
        "closing": closing_of(found),
        "may": standing.may,
    }
    return render(request, "inbox/why.html#sentences" if request.htmx else "inbox/why.html", context)


@require_POST
@team_page
def decide(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Record a verdict. From medium risk on the consequence is shown first, and only the second press records."""
    from_list = request.POST.get("from") == "list"
    found = request_page.find(request.turn, request_id)
    bar = Bar(
        step=request.POST.get("verdict", ""),
        message=request.POST.get("message", ""),
        preset=request.POST.get("preset", ""),
    )
    try:
        form = DecideForm(request.POST, request.POST.getlist("approved")).checked()
        if (
            form.verdict_word == "approve"
            and not form.cleaned_data["confirmed"]
            and Risk(found.risk) is not Risk.LOW
        ):
            return _page(request, request_id, bar)
        revision = found.revisions.get(number=found.revision_number)
        if form.verdict_word != "reject":
            check_read_back(
                request.turn,
                found,
                digest=form.cleaned_data["digest"],
                typed=form.cleaned_data["read_back"],
            )
        keys = revision.actions.values_list("key", flat=True)
        decided = record(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            digest=form.cleaned_data["digest"],
            verdict=form.verdict_word,
            message=form.told,
            via="web",
            idempotency_key=form.cleaned_data["idempotency_key"],
            actions=form.actions(tuple(keys)),
        )
    except NotFound:
        raise
    except Refused as refused:
        if from_list:
            return _row(request, request_id, refused)
        return _page(
            request, request_id, Bar(bar.step, bar.message, bar.preset, refused), status=refused.status
        )
    if from_list:
        if request.htmx:
            return _row(request, request_id)
        messages.success(request, _recorded(decided))
        return redirect("queue", request.member.team.slug)
    if request.htmx:
        return _page(request, request_id, Bar())
    return redirect("request", request.member.team.slug, request_id)


def _recorded(decided: Decided) -> str:
    if decided.decision is None:
        return (
            f"Your vote is recorded. Still needed: {', '.join(who_of(slot) for slot in decided.slots_open)}."
        )
    return f"{decided.decision.outcome.capitalize()}: {decided.request.sentence}"


def _page(request: TeamRequest, request_id: UUID, bar: Bar, status: int = 200) -> HttpResponse:
    wanted = request.GET.get("part", "1")
    part = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 7 else 1
    shown = request_page.read(request.turn, request_id, part=part, raw=request.GET.get("raw") == "1")
    return render(request, "inbox/request.html", {**_context(shown), "bar": bar}, status=status)


def _context(shown: RequestPage) -> dict[str, Any]:
    return {"shown": shown, "item": shown.request, "page_keys": REQUEST_KEYS}


def _row(request: TeamRequest, request_id: UUID, refused: Refused | None = None) -> HttpResponse:
    found = request_page.find(request.turn, request_id)
    closing = closing_of(found)
    standing = request.turn.standings([found])[found.pk] if closing is None else None
    context = {"row": Row(found, standing, closing), "refused": refused}
    return render(request, "inbox/_row.html", context, status=refused.status if refused else 200)
