"""The routes of the conversation about a request, from both ends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from agents.contract import MessageBody, RevisionBody
from inbox.api.agents import answer_of
from inbox.api.callers import PROBLEMS, AgentBearer, PersonBearer, agent_of, person_of
from inbox.api.schemas.conversation import ConversationOut, SaidOut, SayIn
from inbox.api.schemas.requests import RequestOut
from inbox.errors import NotFound
from inbox.models import ApprovalRequest
from inbox.permissions import visible_to
from inbox.selectors import answers, conversation
from inbox.services import converse
from inbox.services.revise import redraft

agents_side = Router(auth=AgentBearer(), tags=["agents"])
people_side = Router(auth=PersonBearer(), tags=["people"])


@agents_side.post(
    "/requests/{request_id}/messages", response={200: RequestOut, **PROBLEMS}, summary="Answer what was asked"
)
def answer(request: HttpRequest, request_id: UUID, body: MessageBody) -> dict[str, Any]:
    """It is people's turn again. The same `key` and text again is answered alike."""
    agent = agent_of(request)
    converse.reply(agent=agent, request_id=request_id, text=body.text, key=body.key)
    return answer_of(answers.request_of(agent, request_id))


@agents_side.post(
    "/requests/{request_id}/revisions", response={200: RequestOut, **PROBLEMS}, summary="Send another draft"
)
def revise(request: HttpRequest, request_id: UUID, body: RevisionBody) -> dict[str, Any]:
    """In place of the draft with that `digest`, judged anew; 409 when it is no longer the current one."""
    agent = agent_of(request)
    redraft(agent=agent, request_id=request_id, draft=body)
    return answer_of(answers.request_of(agent, request_id))


@people_side.post(
    "/requests/{request_id}/ask", response={200: SaidOut, **PROBLEMS}, summary="Ask the agent a question"
)
def ask(request: HttpRequest, request_id: UUID, body: SayIn) -> SaidOut:
    """By whoever may decide it. It is the agent's turn then."""
    return _said(converse.ask, request, request_id, body)


@people_side.post(
    "/requests/{request_id}/regenerate", response={200: SaidOut, **PROBLEMS}, summary="Ask for another draft"
)
def regenerate(request: HttpRequest, request_id: UUID, body: SayIn) -> SaidOut:
    """By whoever may decide it, saying what is wrong with this one. It is the agent's turn then."""
    return _said(converse.regenerate, request, request_id, body)


@people_side.post(
    "/requests/{request_id}/guide", response={200: SaidOut, **PROBLEMS}, summary="Leave the agent a note"
)
def guide(request: HttpRequest, request_id: UUID, body: SayIn) -> SaidOut:
    """By whoever may decide it. It blocks nothing, and comes with the decision."""
    return _said(converse.guide, request, request_id, body)


@people_side.get(
    "/requests/{request_id}/conversation",
    response={200: ConversationOut, **PROBLEMS},
    summary="Read what was said and what changed",
)
def read(request: HttpRequest, request_id: UUID) -> ConversationOut:
    """All messages, the drafts, and what changed since the one the caller knows."""
    row = _visible(request, request_id)
    seq = answers.stream_seq(row.team_id)
    asked_at = row.asked_agent_at.isoformat() if row.asked_agent_at and answers.awaits_agent(row) else None
    return ConversationOut.of(conversation.read(row, person_of(request)), asked_at=asked_at, seq=seq)


def _said(say: converse.Say, request: HttpRequest, request_id: UUID, body: SayIn) -> SaidOut:
    row = _visible(request, request_id)
    return SaidOut.of(
        say(
            person=person_of(request),
            team=row.team,
            request_id=request_id,
            text=body.text,
            key=body.idempotency_key,
            digest=body.digest or "",
            via="api",
        )
    )


def _visible(request: HttpRequest, request_id: UUID) -> ApprovalRequest:
    row = visible_to(person_of(request)).select_related("team", "agent").filter(pk=request_id).first()
    if row is None:
        raise NotFound()
    return row
