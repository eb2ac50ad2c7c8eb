"""What people do over the API after a decision: undo, recall, compensate, feedback, and pausing what should not go on."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja import Router

from agents.models import Agent
from inbox.api.callers import PROBLEMS, PersonBearer, person_of, team_named
from inbox.api.schemas.aftermath import (
    AftermathOut,
    FeedbackIn,
    PauseIn,
    PauseOut,
    PausesOut,
    ReasonIn,
    ResumeIn,
)
from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import ApprovalRequest, Decision, Team
from inbox.permissions import require_member, visible_to
from inbox.selectors.aftermath import aftermath_of
from inbox.selectors.compensation import compensation_of
from inbox.selectors.ladder import ladder_of
from inbox.selectors.pauses import pauses_of
from inbox.services import pauses
from inbox.services.compensate import compensate
from inbox.services.feedback import give_feedback
from inbox.services.recall import recall
from inbox.services.undo import undo

aftermath = Router(auth=PersonBearer(), tags=["people"])


@aftermath.get(
    "/requests/{request_id}/aftermath",
    response={200: AftermathOut, **PROBLEMS},
    summary="Read what followed, and what can still be taken back",
)
def read(request: HttpRequest, request_id: UUID) -> AftermathOut:
    """The undo ladder for the caller, how the agent came to have it, its report, and what people think of it."""
    return _read(person_of(request), request_id)


@aftermath.post(
    "/requests/{request_id}/undo", response={200: AftermathOut, **PROBLEMS}, summary="Undo a held decision"
)
def take_back(request: HttpRequest, request_id: UUID, body: ReasonIn) -> AftermathOut:
    """While it is held; who voted on it. The request waits again. 409 `not-held` once it was released."""
    return _acted(undo, request, request_id, body)


@aftermath.post(
    "/requests/{request_id}/recall",
    response={200: AftermathOut, **PROBLEMS},
    summary="Recall a released decision",
)
def call_back(request: HttpRequest, request_id: UUID, body: ReasonIn) -> AftermathOut:
    """Until the agent has it: it gets a no in its place. 409 `already-picked-up` afterwards."""
    return _acted(recall, request, request_id, body)


@aftermath.post(
    "/requests/{request_id}/compensate",
    response={200: AftermathOut, **PROBLEMS},
    summary="Ask the agent to put it back",
)
def put_back(request: HttpRequest, request_id: UUID, body: ReasonIn) -> AftermathOut:
    """A new request for the inverse call, `compensated_by`, which somebody else decides."""
    return _acted(compensate, request, request_id, body)


@aftermath.post(
    "/requests/{request_id}/feedback",
    response={200: AftermathOut, **PROBLEMS},
    summary="Say whether a decision was right",
)
def judge(request: HttpRequest, request_id: UUID, body: FeedbackIn) -> AftermathOut:
    """`good`, `bad` or `incident`; the latest word of each person counts."""
    person = person_of(request)
    give_feedback(
        person=person,
        team=_visible(person, request_id).team,
        request_id=request_id,
        kind=body.kind,
        reason=body.reason,
        via="api",
    )
    return _read(person, request_id)


@aftermath.get("/pauses", response={200: PausesOut, **PROBLEMS}, summary="List what is paused")
def listed(request: HttpRequest, team: str | None = None) -> PausesOut:
    """Every open pause that holds something of the team."""
    found = team_named(person_of(request), team)
    return PausesOut(items=[PauseOut.of(pause) for pause in pauses_of(found)])


@aftermath.post("/pauses", response={200: PauseOut, **PROBLEMS}, summary="Stop an agent, a tool or a team")
def stop(request: HttpRequest, body: PauseIn) -> PauseOut:
    """When this has answered, nothing of it is released any more. What is paused already stays so, under its first reason."""
    person = person_of(request)
    if body.everything:
        if body.team or body.agent or body.tool:
            raise Invalid("one-thing", "A pause of everything names nothing else.")
        return PauseOut.of(pauses.pause(person=person, team=None, reason=body.reason, via="api"))
    team = team_named(person, body.team)
    agent_id = None
    if body.agent is not None:
        agent_id = (
            Agent.objects.filter(team_id=team.pk, handle=body.agent).values_list("pk", flat=True).first()
        )
        if agent_id is None:
            raise Invalid(
                "unknown-agent",
                "No agent of this team has that name.",
                errors=[FieldError("/agent", "unknown-agent")],
            )
    return PauseOut.of(
        pauses.pause(
            person=person, team=team, agent_id=agent_id, tool=body.tool or "", reason=body.reason, via="api"
        )
    )


@aftermath.post("/pauses/{pause_id}/resume", response={200: PauseOut, **PROBLEMS}, summary="End a pause")
def go_on(request: HttpRequest, pause_id: UUID, body: ResumeIn) -> PauseOut:
    """What it held is released by the next sweep, unless another pause holds it too."""
    return PauseOut.of(
        pauses.resume(person=person_of(request), pause_id=pause_id, note=body.reason, via="api")
    )


class _TakesBack(Protocol):
    """One of `undo`, `recall` and `compensate`."""

    def __call__(self, *, person: User, team: Team, request_id: UUID, reason: str, via: str) -> object: ...


def _acted(act: _TakesBack, request: HttpRequest, request_id: UUID, body: ReasonIn) -> AftermathOut:
    person = person_of(request)
    team = _visible(person, request_id).team
    act(person=person, team=team, request_id=request_id, reason=body.reason, via="api")
    return _read(person, request_id)


def _visible(person: User, request_id: UUID) -> ApprovalRequest:
    row = visible_to(person).select_related("team", "agent").filter(pk=request_id).first()
    if row is None:
        raise NotFound()
    return row


def _read(person: User, request_id: UUID) -> AftermathOut:
    row = _visible(person, request_id)
    member = require_member(person, row.team.slug)
    decision = (
        Decision.objects.select_related("pickup", "recall__person").filter(request=row.pk).first()
        if row.closed_at
        else None
    )
    compensation = compensation_of(row)
    return AftermathOut.of(
        state=row.state,
        outcome=row.outcome,
        steps=ladder_of(row, member, at=database_now()),
        after=aftermath_of(decision) if decision is not None else None,
        compensated_by=compensation.pk if compensation is not None else None,
    )
