"""What the gateway tells us: a hosted run paused or ended, a delivery came to its end.

Each receiver runs inside the sender's transaction (agents/signals.py), so the run's state and what it means here
stand or fall together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agents import delivery, signals
from agents.contract import Submission
from agents.hosting import runs
from agents.hosting.base import Interrupt
from agents.hosting.proposal import parse
from agents.models import Delivery, HostedRun
from inbox import audit, events
from inbox.audit import SYSTEM, Actor, Entry
from inbox.clock import database_now
from inbox.errors import Invalid
from inbox.models import ApprovalRequest, Decision, Member, Vote
from inbox.models.change import CHANNEL
from inbox.models.conversation import TALK
from inbox.services import drafts, governed, hosted_answering, pickups, tools
from inbox.services.changes import KINDS, settle
from inbox.services.compensate import asked_by
from inbox.services.intake import HOSTED_KEYS, Addressed
from inbox.services.notify import Kind, Notice, landed, notify
from inbox.services.submit import submit_all
from inbox.services.withdraw import withdraw_thread


def connect() -> None:
    """Subscribe; called once, when the apps are loaded."""
    signals.run_paused.connect(_run_paused, dispatch_uid="inbox.run_paused")
    signals.run_ended.connect(_run_ended, dispatch_uid="inbox.run_ended")
    signals.delivery_starting.connect(_delivery_starting, dispatch_uid="inbox.delivery_starting")
    signals.delivery_ended.connect(_delivery_ended, dispatch_uid="inbox.delivery_ended")
    # A kind of change is known once the module that applies it is imported: a worker that knew fewer kinds than the
    # pages offer would give up on what people approved.
    missing = {drafts.KIND, tools.KIND, *governed.GOVERNED} - KINDS.keys()
    if missing:
        raise AssertionError(f"nobody applies changes of {missing}")
    delivery.register(CHANNEL, settle)
    delivery.register(TALK, hosted_answering.settle)


def _run_paused(sender: object, *, run: HostedRun, interrupts: tuple[Interrupt, ...], **_: Any) -> None:
    """Each interrupt becomes a request of its own; those still pending from an earlier pause are the same ones."""
    mine = ApprovalRequest.objects.filter(agent_id=run.agent_id, thread=run.thread, channel="hosted")
    asked = set(mine.values_list("address", flat=True))
    # An interrupt asked before is the same question: its node ran again for a sibling's answer and may word it anew.
    fresh = [interrupt for interrupt in interrupts if interrupt.id not in asked]
    if not fresh:
        return
    try:
        submit_all(
            agent=run.agent, asked=[_addressed(run, interrupt) for interrupt in fresh], channel="hosted"
        )
    except Invalid as refused:
        # Policy takes no such question, today or at the next try: the run ends with the reason.
        runs.end(run, HostedRun.State.FAILED, refused.detail)


def _addressed(run: HostedRun, interrupt: Interrupt) -> Addressed:
    proposal = parse(interrupt)
    submission = Submission(
        dedupe_key=f"{HOSTED_KEYS}{run.pk}:{interrupt.id}",
        thread=run.thread,
        checkpoint=proposal.checkpoint,
        actions=proposal.actions,
        context=proposal.context,
        claims=proposal.claims,
        expires_in=proposal.expires_in,
    )
    return Addressed(asked_by(run, submission), interrupt.id)


def _run_ended(sender: object, *, run: HostedRun, detail: str, **_: Any) -> None:
    """A run that is over needs no answers: what it still asked is withdrawn."""
    withdraw_thread(
        agent=run.agent, thread=run.thread, reason=f"The run ended: {HostedRun.State(run.state).label}."
    )
    receipt = audit.append(
        run.team_id,
        [
            Entry(
                "run_ended",
                Actor("agent", run.agent.handle, str(run.agent_id)),
                facts={"thread": run.thread, "state": str(run.state), "detail": detail},
            )
        ],
        at=database_now(),
    )[0]
    events.announce(run.team_id, receipt.seq)


def _delivery_starting(sender: object, *, delivery: Delivery, **_: Any) -> bool:
    if delivery.channel == TALK:
        return hosted_answering.may_begin(delivery.correlation_id)
    return pickups.begun(delivery.correlation_id)


def _delivery_ended(sender: object, *, delivery: Delivery, detail: str, **_: Any) -> None:
    if delivery.channel == TALK:
        # What was answered is on record as that.
        return
    decision = Decision.objects.filter(pk=delivery.correlation_id).first()
    verb = "delivered" if delivery.state == Delivery.State.DELIVERED else "delivery_failed"
    now = database_now()
    if decision is not None and decision.kind == Decision.Kind.PERSON:
        _tell_voters(decision, delivery, detail, now)
    receipt = audit.append(
        delivery.team_id,
        [
            Entry(
                verb,
                SYSTEM,
                decision.request_id if decision else None,
                {
                    "decision": str(delivery.correlation_id),
                    "channel": delivery.channel,
                    "state": str(delivery.state),
                    "attempts": delivery.attempts,
                    "detail": detail,
                },
            )
        ],
        at=now,
    )[0]
    events.announce(delivery.team_id, receipt.seq)


def _tell_voters(decision: Decision, delivery: Delivery, detail: str, at: datetime) -> None:
    """Who decided is told that it did not land; once it has, that is settled."""
    if delivery.state in (Delivery.State.DEAD, Delivery.State.UNKNOWN):
        voters = Member.objects.filter(
            team_id=delivery.team_id,
            user__in=Vote.objects.filter(request=decision.request_id, retracted_at=None).values("person"),
        ).values_list("pk", flat=True)
        label = Delivery.State(delivery.state).label
        text = f"{label}: {detail}" if detail else label
        request_id = decision.request_id
        notify([Notice(pk, Kind.NOT_LANDED, request_id, str(request_id), text) for pk in voters], at)
    else:
        landed(decision.request_id, at)
