"""The agent takes a request back, or its run ended and nobody needs to answer any more."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from agents.models import Agent
from inbox import audit, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import AlreadyClosed, Conflict, NotFound
from inbox.lifecycle import State
from inbox.models import ApprovalRequest
from inbox.models.request import OPEN
from inbox.services.closing import leave_group
from inbox.services.holds import let_go
from inbox.services.notify import settle
from inbox.services.snooze import end_with

RUN_ENDED: Final = Actor("system", "run ended")


def withdraw(*, agent: Agent, request_id: UUID, reason: str = "") -> ApprovalRequest:
    """Withdraw one request that waits, or whose decision is still held. Withdrawing again returns the same.

    Raises NotFound for another agent's, AlreadyClosed when a decision or the deadline was first.
    """
    with transaction.atomic(durable=True):
        request = (
            ApprovalRequest.objects.select_for_update(of=("self",))
            .select_related("agent", "policy_version__policy")
            .filter(agent=agent, pk=request_id)
            .first()
        )
        if request is None:
            raise NotFound()
        if request.channel == "hosted":
            raise Conflict(
                "hosted-request", "Not withdrawn: a run hosted here asked this; it ends with its run."
            )
        if request.state == State.WITHDRAWN.value:
            return request
        if request.state not in OPEN:
            raise AlreadyClosed(
                detail=f"Not withdrawn: this request is already {request.outcome or request.state}.",
                extra={"state": request.state, "outcome": request.outcome},
            )
        _close([request], Actor("agent", agent.handle, str(agent.pk)), reason)
    return request


def withdraw_thread(
    *, agent: Agent, thread: str, reason: str, channel: str = "hosted", actor: Actor = RUN_ENDED
) -> int:
    """Withdraw everything a thread still asks by this channel when its run ended, in the caller's transaction."""
    requests = list(
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent")
        .filter(agent=agent, thread=thread, channel=channel, state__in=OPEN)
        .order_by("pk")
    )
    if requests:
        _close(requests, actor, reason)
    return len(requests)


def _close(requests: list[ApprovalRequest], actor: Actor, reason: str) -> None:
    now = database_now()
    waiting = [request for request in requests if request.state == State.PENDING.value]
    let_go(requests, now)
    ApprovalRequest.objects.filter(pk__in=[r.pk for r in requests], state__in=OPEN).update(
        state=State.WITHDRAWN.value, closed_at=now, claimed_by=None, claimed_until=None
    )
    for request in requests:
        request.state, request.closed_at = State.WITHDRAWN.value, now
    leave_group(waiting)
    entries = [Entry("withdrawn", actor, r.pk, {"reason": reason, "digest": r.digest}) for r in requests]
    entries += end_with(requests, now)
    settle(requests, now)
    receipts = audit.append(requests[0].team_id, entries, at=now)
    events.announce(requests[0].team_id, receipts[-1].seq)
