"""What people do over the API with a waiting request short of deciding it, and what they are told."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from inbox.api.callers import PROBLEMS, PersonBearer, person_of, team_named
from inbox.api.schemas.waiting import (
    ClaimIn,
    ClaimOut,
    DelegateIn,
    DelegateOut,
    EscalateIn,
    EscalateOut,
    LookOut,
    NotificationOut,
    NotificationsOut,
    ReadIn,
    ReadOut,
    SnoozeIn,
    SnoozeOut,
)
from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import Member, Team
from inbox.permissions import require_member, visible_to
from inbox.selectors import notifications
from inbox.selectors.claims import claim_of
from inbox.selectors.looking import looking
from inbox.services import claims, notify, snooze
from inbox.services.escalate_by_hand import escalate
from inbox.services.looking import look
from inbox.services.pass_on import delegate

waiting = Router(auth=PersonBearer(), tags=["people"])


@waiting.post(
    "/requests/{request_id}/snooze", response={200: SnoozeOut, **PROBLEMS}, summary="Put a request aside"
)
def put_aside(request: HttpRequest, request_id: UUID, body: SnoozeIn) -> SnoozeOut:
    """For the caller alone: it waits for everybody else, and its deadline keeps counting."""
    person, team = _place(request, request_id)
    at = body.at
    if body.preset is not None:
        if at is not None:
            raise Invalid(
                "at-twice",
                "Say at or in, not both.",
                errors=[FieldError("/in", "at-twice", "One of the two.")],
            )
        at = snooze.preset_time(body.preset, database_now())
    return SnoozeOut.of(
        snooze.snooze(
            person=person,
            team=team,
            request_id=request_id,
            until=body.until,
            at=at,
            other=body.other,
            count=body.count,
            via="api",
        )
    )


@waiting.delete(
    "/requests/{request_id}/snooze", response={204: None, **PROBLEMS}, summary="Take back what was put aside"
)
def take_back(request: HttpRequest, request_id: UUID) -> Status[None]:
    """409 where the caller has not put it aside."""
    person, team = _place(request, request_id)
    snooze.unsnooze(person=person, team=team, request_id=request_id)
    return Status(204, None)


@waiting.post(
    "/requests/{request_id}/escalate",
    response={200: EscalateOut, **PROBLEMS},
    summary="Ask further people, saying why",
)
def escalate_request(request: HttpRequest, request_id: UUID, body: EscalateIn) -> EscalateOut:
    """It needs the people of its next step as well, never fewer; 409 where there is nobody further up."""
    person, team = _place(request, request_id)
    return EscalateOut.of(
        escalate(person=person, team=team, request_id=request_id, reason=body.reason, via="api")
    )


@waiting.post(
    "/requests/{request_id}/delegate",
    response={200: DelegateOut, **PROBLEMS},
    summary="Pass a request on, saying why",
)
def delegate_request(request: HttpRequest, request_id: UUID, body: DelegateIn) -> DelegateOut:
    """To a member whose vote would count now. It gives nobody a right."""
    person, team = _place(request, request_id)
    row = delegate(person=person, team=team, request_id=request_id, to=body.to, reason=body.reason, via="api")
    return DelegateOut(assignee=body.to, assigned_because=row.assigned_because)


@waiting.post(
    "/requests/{request_id}/claim", response={200: ClaimOut, **PROBLEMS}, summary="Claim a request, or renew"
)
def claim_request(request: HttpRequest, request_id: UUID, body: ClaimIn) -> ClaimOut:
    """For five minutes; a page that is visible renews it. 409 over somebody's live claim without `take_over`."""
    person, team = _place(request, request_id)
    return ClaimOut.of(
        claims.claim(person=person, team=team, request_id=request_id, take_over=body.take_over)
    )


@waiting.post(
    "/requests/{request_id}/release", response={204: None, **PROBLEMS}, summary="Let go of one's claim"
)
def release_request(request: HttpRequest, request_id: UUID) -> Status[None]:
    """Nothing to do where nobody's claim holds; 403 for somebody else's."""
    person, team = _place(request, request_id)
    claims.release(person=person, team=team, request_id=request_id)
    return Status(204, None)


@waiting.post(
    "/requests/{request_id}/look",
    response={200: LookOut, **PROBLEMS},
    summary="Be seen, and see who else looks",
)
def look_at(request: HttpRequest, request_id: UUID) -> LookOut:
    """The caller is seen there for 45 s; an open page asks every 20 s. Recorded nowhere."""
    person = person_of(request)
    row = visible_to(person).select_related("team", "claimed_by__user").filter(pk=request_id).first()
    if row is None:
        raise NotFound()
    member = require_member(person, row.team.slug)
    look(member, request_id)
    held = claim_of(row, timezone.now())
    return LookOut(
        looking=list(looking(member, request_id)),
        claimed_by=held.who if held else None,
        claimed_until=held.until.isoformat() if held else None,
    )


@waiting.get("/notifications", response={200: NotificationsOut, **PROBLEMS}, summary="List notifications")
def list_notifications(request: HttpRequest, team: str | None = None) -> NotificationsOut:
    """The caller's latest 50 in one team, read and unread."""
    member = _member(request, team)
    return NotificationsOut(
        items=[NotificationOut.of(row) for row in notifications.latest(member)],
        unread=notifications.unread_count(member),
    )


@waiting.post("/notifications/read", response={200: ReadOut, **PROBLEMS}, summary="Mark notifications read")
def read_notifications(request: HttpRequest, body: ReadIn) -> ReadOut:
    """Those named, or all; what is not the caller's is passed over."""
    if not body.all and not body.ids:
        raise Invalid("missing", "Name ids, or all.", errors=[FieldError("/ids", "missing", "Name some.")])
    member = _member(request, body.team)
    marked = notify.mark_read(member, None if body.all else body.ids)
    return ReadOut(marked=marked, unread=notifications.unread_count(member))


def _place(request: HttpRequest, request_id: UUID) -> tuple[User, Team]:
    person = person_of(request)
    row = visible_to(person).select_related("team").filter(pk=request_id).first()
    if row is None:
        raise NotFound()
    return person, row.team


def _member(request: HttpRequest, slug: str | None) -> Member:
    person = person_of(request)
    return require_member(person, team_named(person, slug).slug)
