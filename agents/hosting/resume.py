"""The `hosted` channel: one decision moves one thread, at most once.

The effect ledger decides. `started` is committed before the graph moves; a `started` row whose worker is gone
is settled by what the checkpoint proves, else by whether the tools may be run again, else by a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from agents import leases
from agents.crashpoints import crashpoint
from agents.hosting import answers, registry, runs
from agents.hosting.base import Failed, HostedGraph, Outcome
from agents.models import Agent, Delivery, EffectEntry, HostedRun
from agents.signals import delivery_starting


@dataclass(frozen=True, slots=True)
class Finished:
    """The delivery reaches `state`; `record` writes what belongs to it, inside the marking transaction."""

    state: Delivery.State
    detail: str = ""
    record: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was run; try again in this many seconds. The attempt does not count."""

    delay: float
    reason: str


def answer(delivery: Delivery) -> Finished | Later:
    """Give the decision to its thread. The caller holds the delivery's lease and the thread's lock.

    Raises leases.LeaseLost when another worker took the delivery over before anything ran, base.Unreachable
    when the database went away in the middle (the ledger then says `started`).
    """
    run = (
        HostedRun.objects.select_related("agent")
        .filter(thread=delivery.thread, agent_id=delivery.agent_id)
        .first()
    )
    if run is None:
        return Finished(Delivery.State.DEAD, "No run hosted here has this thread.")
    entry = EffectEntry.objects.filter(pk=delivery.correlation_id).first()
    if entry is not None and entry.state != EffectEntry.State.STARTED:
        return Finished(Delivery.State.STALE, f"This decision was run before ({entry.state}).")
    if run.state in runs.ENDED:
        return (
            _unknown(run, entry)
            if entry
            else Finished(Delivery.State.STALE, f"The run had ended: {run.state}.")
        )
    if delivery.attempts > leases.MAX_ATTEMPTS:
        return (
            _unknown(run, entry) if entry else _refuse(run, f"Gave up after {leases.MAX_ATTEMPTS} attempts.")
        )
    try:
        graph = registry.get(run.graph, begun_as=run.code_version)
        decided = answers.parse(bytes(delivery.payload))
    except (registry.GraphRefused, answers.AnswerRefused) as refused:
        return _unknown(run, entry) if entry else _refuse(run, str(refused))
    waiting = delivery.address in {interrupt.id for interrupt in graph.pending(delivery.thread)}
    if entry is None and not waiting:
        return Finished(Delivery.State.STALE, "The thread does not wait at this question; nothing was run.")
    if entry is None and _unsettled(delivery):
        return Later(leases.BUSY_SECONDS, "An earlier decision of this thread is not settled yet.")
    later = _release(delivery, run, entry, idempotent=decided.idempotent)
    if later is not None:
        return later
    if entry is None:
        return _moved(run, delivery, graph.resume(delivery.thread, {delivery.address: decided.value}))
    return _settle(delivery, run, entry, graph, decided, waiting=waiting)


def _settle(
    delivery: Delivery,
    run: HostedRun,
    entry: EffectEntry,
    graph: HostedGraph,
    decided: answers.Answer,
    *,
    waiting: bool,
) -> Finished:
    """A worker began this and is gone: we hold its thread's lock."""
    failure = graph.failure(delivery.thread)
    if failure is not None:
        return _moved(run, delivery, Failed(failure))
    if not waiting:
        # The interrupt was pending when `started` was committed, and nobody else could move the thread since:
        # the checkpoint took the answer. Only what came after is missing.
        return _moved(run, delivery, graph.carry_on(delivery.thread))
    if not entry.idempotent:
        return _unknown(run, entry)
    # LangGraph loses an id-map answer with the worker that brought it: the same one goes in again.
    return _moved(run, delivery, graph.resume(delivery.thread, {delivery.address: decided.value}))


def _unsettled(delivery: Delivery) -> bool:
    return EffectEntry.objects.filter(thread=delivery.thread, state=EffectEntry.State.STARTED).exists()


def may_start(delivery: Delivery) -> bool:
    """Whether nobody holds a claimed delivery back, in the caller's transaction. Raises leases.LeaseLost."""
    # A worker that froze between its claim and here must not begin what another one has taken over.
    if not Delivery.objects.select_for_update().filter(**held(delivery)).exists():
        raise leases.LeaseLost
    said: list[tuple[Any, Any]] = delivery_starting.send(Delivery, delivery=delivery)
    return all(answer is not False for _, answer in said)


def _release(
    delivery: Delivery, run: HostedRun, entry: EffectEntry | None, *, idempotent: bool
) -> Later | None:
    """Commit that the graph is about to move, or say why not yet. Raises leases.LeaseLost."""
    with transaction.atomic():
        if not Agent.objects.filter(pk=run.agent_id, enabled=True).exists():
            return Later(leases.DISABLED_SECONDS, "The agent is disabled.")
        if not may_start(delivery):
            return Later(leases.PAUSED_SECONDS, "Something of it is paused.")
        if entry is None:
            EffectEntry.objects.create(
                decision_id=delivery.correlation_id,
                thread=delivery.thread,
                address=delivery.address,
                epoch=delivery.epoch,
                idempotent=idempotent,
            )
        else:
            EffectEntry.objects.filter(pk=entry.pk).update(epoch=delivery.epoch)
        moving = HostedRun.objects.filter(pk=run.pk).exclude(state__in=runs.ENDED)
        if not moving.update(state=HostedRun.State.RUNNING, lease_until=None, updated_at=Now()):
            # Ended since we looked. The next claim finds that out and calls the answer stale.
            raise leases.LeaseLost
    crashpoint("resume.after_started")
    return None


def _moved(run: HostedRun, delivery: Delivery, outcome: Outcome) -> Finished:
    crashpoint("resume.before_done")
    state = EffectEntry.State.FAILED if isinstance(outcome, Failed) else EffectEntry.State.DONE

    def record() -> None:
        _mark(delivery.correlation_id, state)
        runs.record(run, outcome)

    return Finished(Delivery.State.DELIVERED, record=record)


def _unknown(run: HostedRun, entry: EffectEntry) -> Finished:
    """Whether the effect happened cannot be known from here: never repeated by itself, shown to people."""
    detail = (
        "A worker died in the middle of this step and its tools may not be run twice. Check what happened."
    )

    def record() -> None:
        _mark(entry.pk, EffectEntry.State.UNKNOWN)
        if run.state not in runs.ENDED:
            runs.end(run, HostedRun.State.UNKNOWN, detail)

    return Finished(Delivery.State.UNKNOWN, detail, record)


def _refuse(run: HostedRun, error: str) -> Finished:
    """The answer can never be given: the run ends, and nothing was run."""
    return Finished(Delivery.State.DEAD, error, lambda: runs.end(run, HostedRun.State.FAILED, error))


def _mark(decision_id: UUID, state: EffectEntry.State) -> None:
    EffectEntry.objects.filter(pk=decision_id, state=EffectEntry.State.STARTED).update(
        state=state, finished_at=Now()
    )


def held(delivery: Delivery) -> dict[str, Any]:
    """The filter under which a claimed delivery is still ours: its epoch and state unchanged."""
    return {"pk": delivery.pk, "epoch": delivery.epoch, "state": Delivery.State.SENDING}
