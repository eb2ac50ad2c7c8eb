"""What people do with a waiting request short of deciding it: plain form posts that come back to its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from inbox.clock import database_now
from inbox.errors import NotFound, Refused
from inbox.forms.beside import ReasonForm, SnoozeForm, TalkForm
from inbox.models import Snooze
from inbox.selectors import request_page
from inbox.selectors.claims import claim_of
from inbox.selectors.looking import looking
from inbox.services import claims, converse
from inbox.services import snooze as aside
from inbox.services.escalate_by_hand import escalate as record_escalation
from inbox.services.looking import look as be_seen
from inbox.services.pass_on import delegate
from inbox.views.bar import Bar, page
from inbox.views.context import TeamRequest, team_page
from inbox.views.request import row

_SAY: Final[dict[str, converse.Say]] = {
    "ask": converse.ask,
    "regenerate": converse.regenerate,
    "guide": converse.guide,
}


@require_POST
@team_page
def talk(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Ask the agent, send its draft back, or leave it a note (`kind` ask, regenerate or guide)."""

    def record() -> None:
        form = TalkForm(request.POST).checked()
        sent = form.cleaned_data
        _SAY[sent["kind"]](
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            text=sent["text"],
            key=f"{request.user.pk}:{sent['idempotency_key']}"[:200],
            digest=sent["digest"],
        )

    return done(request, request_id, request.POST.get("kind", ""), record)


@require_POST
@team_page
def snooze(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Put it aside for oneself."""

    def record() -> None:
        sent = SnoozeForm(request.POST).checked().cleaned_data
        timed = sent["until"] in ("15m", "1h", "tomorrow")
        aside.snooze(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            until=Snooze.Until.TIME.value if timed else sent["until"],
            at=aside.preset_time(sent["until"], database_now()) if timed else None,
            other=sent["other"] if sent["until"] == "decided" else None,
            count=sent["count"] if sent["until"] == "alike" else None,
        )

    return done(request, request_id, "snooze", record)


@require_POST
@team_page
def unsnooze(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Take back what one put aside."""
    return act(request, request_id, "", aside.unsnooze)


@require_POST
@team_page
def escalate(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Let it need further people, saying why."""
    return because(request, request_id, "escalate", record_escalation)


@require_POST
@team_page
def pass_on(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Make it somebody else's first, saying why."""

    def record() -> None:
        sent = ReasonForm(request.POST).checked().cleaned_data
        delegate(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            to=sent["to"],
            reason=sent["reason"],
        )

    return done(request, request_id, "pass_on", record)


@require_POST
@team_page
def claim(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Say that one works on it; with `take_over` 1 though somebody else does."""
    return act(request, request_id, "", claims.claim, take_over=request.POST.get("take_over") == "1")


@require_POST
@team_page
def release(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """End one's own claim."""
    return act(request, request_id, "", claims.release)


@require_POST
@team_page
def look(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Be seen at it for 45 s and renew one's own claim; who else looks, as JSON. Open pages ask while they are visible."""
    found = request_page.find(request.turn, request_id)
    be_seen(request.member, request_id)
    held = claim_of(found, timezone.now())
    if held is not None and found.claimed_by_id == request.member.pk:
        try:
            claims.claim(person=request.user, team=request.member.team, request_id=request_id)
        except Refused:
            held = None
    return JsonResponse(
        {"looking": looking(request.member, request_id), "claimed_by": held.who if held else None}
    )


def act(
    request: TeamRequest, request_id: UUID, step: str, service: Callable[..., Any], **said: Any
) -> HttpResponse:
    """Let a service do it for who asks, with what they said."""

    def record() -> None:
        service(person=request.user, team=request.member.team, request_id=request_id, **said)

    return done(request, request_id, step, record)


def because(request: TeamRequest, request_id: UUID, step: str, service: Callable[..., Any]) -> HttpResponse:
    """The same with the reason they gave. That there is one the service says."""

    def record() -> None:
        reason = ReasonForm(request.POST).checked().cleaned_data["reason"]
        service(person=request.user, team=request.member.team, request_id=request_id, reason=reason)

    return done(request, request_id, step, record)


def done(request: TeamRequest, request_id: UUID, step: str, record: Callable[[], object]) -> HttpResponse:
    """Do it and show the request again; what is refused is said in the bar, with the form as it was filled in."""
    request_page.find(request.turn, request_id)
    listed = request.POST.get("from") == "list"
    try:
        record()
    except NotFound:
        raise
    except Refused as refused:
        if listed and request.htmx:
            return row(request, request_id, refused)
        bar = Bar(step=step, refused=refused, typed=request.POST)
        return page(request, request_id, bar, refused.status)
    if listed:
        return row(request, request_id) if request.htmx else redirect("queue", request.member.team.slug)
    if request.htmx:
        return page(request, request_id, Bar())
    return redirect("request", request.member.team.slug, request_id)
