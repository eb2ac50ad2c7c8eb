"""What people ask a run hosted here comes back as an answer or another draft, recorded as any agent's.

The thread is not moved (agents/hosting/asking.py). Calling twice is harmless: what comes back is recorded once, under the
message's id.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from agents import gate, leases
from agents.contract import RevisionBody
from agents.hosting import asking
from agents.hosting.registry import GraphRefused
from agents.hosting.resume import Finished
from agents.models import Agent, Delivery, HostedRun
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Conflict, Invalid
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Message
from inbox.selectors.answers import spoken
from inbox.selectors.envelopes import bytes_of
from inbox.selectors.pauses import paused
from inbox.services.converse import (
    ANSWER_LENGTH,
    agent_actor,
    back_to_people,
    locked_for,
    readable,
    replied,
    require_open,
)
from inbox.services.holds import note
from inbox.services.revise import redrafted

log = structlog.get_logger(__name__)

# A model that is away for a moment is asked again; a function that fails is not waited for for long.
MOST_TRIES: Final = 3
_FULL: Final = frozenset({"too-many-messages", "too-many-revisions"})


def may_begin(message_id: UUID) -> bool:
    """Whether the agent of a message is switched on and nothing of it is paused, in the caller's transaction."""
    gate.pass_through()
    going = ApprovalRequest.objects.filter(messages=message_id, agent__enabled=True)
    return going.exclude(paused()).exists()


def settle(claimed: Delivery) -> Finished:
    """Have the answer made, outside any transaction; it is recorded with the mark.

    Raises what is tried again: asking.NoAnswer a few times, and what came between (an edit, a hold).
    """
    message = Message.objects.select_related("request__agent").filter(pk=claimed.correlation_id).first()
    run = HostedRun.objects.filter(agent_id=claimed.agent_id, thread=claimed.thread).first()
    if message is None or run is None:
        return Finished(Delivery.State.DEAD, "Nothing hosted here was asked this.")
    request = message.request
    if claimed.attempts > leases.MAX_ATTEMPTS:
        return _without(message, f"gave up after {leases.MAX_ATTEMPTS} attempts")
    if request.state not in (State.PENDING.value, State.HELD.value):
        return Finished(Delivery.State.STALE, f"This request is {request.state}.")
    require_open(request, database_now())
    asked = asking.Asked(
        kind=message.kind,
        text=message.text,
        actions=list(bytes_of([request])[request.pk].actions.values()),
        said=[spoken(one) for one in request.messages.select_related("person").order_by("created_at", "id")],
    )
    try:
        answer = asking.ask(run, asked)
    except (asking.NoAnswer, GraphRefused) as none:
        if claimed.attempts < MOST_TRIES:
            raise
        log.warning("no_answer", message=str(message.pk), error=str(none.__cause__ or none)[:200])
        return _without(message, str(none))
    return Finished(Delivery.State.DELIVERED, record=lambda: _record(message, request.digest, answer))


def _record(message: Message, digest: str, answer: asking.Answer) -> None:
    agent = message.request.agent
    request = locked_for(agent, message.request_id, channel="hosted")
    key = f"answer:{message.pk}"
    try:
        with transaction.atomic():
            if answer.actions is None:
                replied(request, agent, readable(answer.text, ANSWER_LENGTH), key)
            else:
                draft = RevisionBody(
                    key=key,
                    digest=digest,
                    actions=answer.actions,
                    note=answer.text,
                    context=answer.context,
                    claims=answer.claims,
                )
                redrafted(request, agent, draft)
    except Invalid as refused:
        _say_no(request, agent, key, refused.detail)
    except Conflict as refused:
        # So much was said or drafted that nothing more is recorded; what came between is tried again.
        if refused.code not in _FULL:
            raise
        _say_no(request, agent, key, refused.detail)


def _say_no(request: ApprovalRequest, agent: Agent, key: str, why: str) -> None:
    """It is people's turn again, and they read why; where no message fits any more, the log says it."""
    because = f"No answer could be had: {why.rstrip('.')}."
    try:
        replied(request, agent, because, key)
    except Conflict as refused:
        if refused.code not in _FULL:
            raise
        now = database_now()
        said = {"text": because, "digest": request.digest, "revision": request.revision_number, "via": "api"}
        entries = [Entry("answered", agent_actor(agent), request.pk, said)]
        note(request.team_id, [*entries, *back_to_people(request, now, because)], now)


def _without(message: Message, why: str) -> Finished:
    """It is people's turn again, and they read why."""

    def record() -> None:
        agent = message.request.agent
        request = locked_for(agent, message.request_id, channel="hosted")
        if request.state == State.PENDING.value:
            _say_no(request, agent, f"answer:{message.pk}", why)

    return Finished(Delivery.State.DELIVERED, f"No answer could be had: {why}.", record)
