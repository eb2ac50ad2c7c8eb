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
from agents.models import Delivery, HostedRun
from inbox.errors import Invalid
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Message
from inbox.selectors.answers import spoken
from inbox.selectors.envelopes import bytes_of
from inbox.selectors.pauses import paused
from inbox.services.converse import locked_for, replied
from inbox.services.revise import redrafted

log = structlog.get_logger(__name__)

# A model that is away for a moment is asked again; a function that fails is not waited for for long.
MOST_TRIES: Final = 3


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
    if answer.actions is None:
        replied(request, agent, answer.text, key)
        return
    draft = RevisionBody(
        key=key,
        digest=digest,
        actions=answer.actions,
        note=answer.text,
        context=answer.context,
        claims=answer.claims,
    )
    try:
        with transaction.atomic():
            redrafted(request, agent, draft)
    except Invalid as refused:
        replied(request, agent, f"No other draft could be had: {refused.detail}", key)


def _without(message: Message, why: str) -> Finished:
    """It is people's turn again, and they read why."""

    def record() -> None:
        agent = message.request.agent
        request = locked_for(agent, message.request_id, channel="hosted")
        if request.state == State.PENDING.value:
            replied(request, agent, f"No answer could be had: {why}.", f"answer:{message.pk}")

    return Finished(Delivery.State.DELIVERED, f"No answer could be had: {why}.", record)
