"""One request: what will run, and the decision about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.errors import NotFound, Refused
from inbox.forms.decisions import DecideForm
from inbox.policy.seating import who_of
from inbox.policy.words import Risk
from inbox.selectors import beside, request_page
from inbox.selectors.after import STEPS as AFTER
from inbox.selectors.asking import check_read_back
from inbox.selectors.endings import closing_of
from inbox.selectors.holds import held_of
from inbox.selectors.queue import Row
from inbox.selectors.saying.panels import STEPS
from inbox.services.decide import Decided
from inbox.services.decide import decide as record
from inbox.views.bar import Bar
from inbox.views.bar import page as render_page
from inbox.views.context import TeamRequest, team_page

_STEPS: Final = ("approve", "reject", "break_glass", *STEPS, *beside.STEPS, *AFTER)


@require_safe
@never_cache
@team_page
def page(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """`?part=` of a long payload, `?raw=1` for the exact JSON, `?step=` for the bar's next question, `?over=1` past a claim."""
    step = request.GET.get("step", "")
    bar = Bar(
        step if step in _STEPS else "",
        action=request.GET.get("action", ""),
        over=request.GET.get("over") == "1",
    )
    return render_page(request, request_id, bar)


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
        after = request_page.next_of(request.turn, found, now)
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
        over=request.POST.get("over_claim") == "1",
    )
    try:
        form = DecideForm(request.POST).checked()
        if (
            form.verdict_word == "approve"
            and not form.cleaned_data["confirmed"]
            and Risk(found.risk) is not Risk.LOW
        ):
            return render_page(request, request_id, bar)
        if form.verdict_word != "reject":
            check_read_back(
                request.turn,
                found,
                digest=form.cleaned_data["digest"],
                typed=form.cleaned_data["read_back"],
            )
        decided = record(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            digest=form.cleaned_data["digest"],
            verdict=form.verdict_word,
            message=form.told,
            via="web",
            idempotency_key=form.cleaned_data["idempotency_key"],
            over_claim=bar.over,
        )
    except NotFound:
        raise
    except Refused as refused:
        if from_list:
            return row(request, request_id, refused)
        return render_page(request, request_id, replace(bar, refused=refused), status=refused.status)
    if from_list:
        if request.htmx:
            return row(request, request_id)
        messages.success(request, _recorded(decided))
        return redirect("queue", request.member.team.slug)
    if request.htmx:
        return render_page(request, request_id, Bar())
    return redirect("request", request.member.team.slug, request_id)


def _recorded(decided: Decided) -> str:
    if decided.release_at is not None:
        return f"Held, and can be undone for now: {decided.request.sentence}"
    if decided.decision is None:
        return (
            f"Your vote is recorded. Still needed: {', '.join(who_of(slot) for slot in decided.slots_open)}."
        )
    return f"{decided.decision.outcome.capitalize()}: {decided.request.sentence}"


def row(request: TeamRequest, request_id: UUID, refused: Refused | None = None) -> HttpResponse:
    """A request's row of the list, as it stands now."""
    found = request_page.find(request.turn, request_id)
    closing = closing_of(found)
    held = held_of(request.member, [found]).get(found.pk)
    standing = request.turn.standings([found])[found.pk] if closing is None and held is None else None
    context = {"row": Row(found, standing, closing, held=held), "refused": refused}
    return render(request, "inbox/_row.html", context, status=refused.status if refused else 200)
