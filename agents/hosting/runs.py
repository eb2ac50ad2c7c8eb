"""The row of a hosted run: queued, claimed by one worker, started, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from agents import gate, leases
from agents.crashpoints import crashpoint
from agents.hosting import proposal, registry
from agents.hosting.base import Failed, Outcome, Paused, Unreachable
from agents.hosting.locks import thread_lock
from agents.models import Agent, HostedRun
from agents.outbox import nudge
from agents.signals import run_ended, run_paused

log = structlog.get_logger(__name__)

ENDED = frozenset(
    {HostedRun.State.DONE, HostedRun.State.FAILED, HostedRun.State.UNKNOWN, HostedRun.State.HALTED}
)

# A running row without a lease is being resumed: then the delivery has the lease, and this claim leaves it alone.
# The lease of a queued row is a time not to start before.
_DUE = f"""
    ((state = 'queued' AND coalesce(lease_until, '-infinity') <= clock_timestamp())
     OR (state = 'running' AND lease_until <= clock_timestamp()))
    AND {gate.going("agents_hostedrun")}
"""
_CLAIM = """
    UPDATE agents_hostedrun
    SET epoch = epoch + 1, attempts = attempts + 1, state = 'running', updated_at = clock_timestamp(),
        lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = (SELECT id FROM agents_hostedrun WHERE {} ORDER BY created_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING *
"""
_CLAIM_NEXT = _CLAIM.format(f"({_DUE})")
_CLAIM_ONE = _CLAIM.format(f"id = %s AND ({_DUE})")


def start_run(*, agent: Agent, graph: str, input: Mapping[str, Any], thread: str) -> HostedRun:
    """Queue a run of a graph for a worker, nudged after the caller's transaction commits.

    Raises registry.UnknownGraph for a graph settings do not name, IntegrityError for a thread already taken.
    """
    registry.require(graph)
    run = HostedRun.objects.create(
        team_id=agent.team_id, agent=agent, graph=graph, code_version="", thread=thread, input=dict(input)
    )
    nudge("agents.start_run", str(run.pk))
    return run


def claim_next() -> HostedRun | None:
    """The oldest run to start, or whose worker is gone, now ours for one lease; None when there is none."""
    return next(iter(HostedRun.objects.raw(_CLAIM_NEXT, [leases.seconds()])), None)


def claim(run_id: UUID) -> HostedRun | None:
    """This run, if it is due and nobody else has it."""
    return next(iter(HostedRun.objects.raw(_CLAIM_ONE, [leases.seconds(), run_id])), None)


def run(claimed: HostedRun) -> None:
    """Start a claimed run, or carry on what a dead worker began, up to its first pause or its end.

    Nothing with an effect stands before a graph's first interrupt, so repeating the start is safe
    (docs/how-to/host-a-langgraph-agent.md).
    """
    crashpoint("run.after_claim")
    try:
        with (
            leases.kept(partial(_renew, claimed)),
            thread_lock(claimed.thread, wait=leases.lock_wait()) as held,
        ):
            if not held:
                _put_back(claimed, leases.BUSY_SECONDS, counted=False)
                return
            _run(claimed)
    except leases.LeaseLost:
        log.warning("run_lease_lost", run=str(claimed.pk), epoch=claimed.epoch)
    except Exception:  # one run's defect must not stop the sweep for all the others
        log.exception("run_failed", run=str(claimed.pk))
        _put_back(claimed, leases.backoff(claimed.attempts), counted=True)


def _run(claimed: HostedRun) -> None:
    if claimed.attempts > leases.MAX_ATTEMPTS:
        _end(claimed, Failed(f"Its worker died or lost the database {claimed.attempts - 1} times in a row."))
        return
    try:
        graph = registry.get(claimed.graph, begun_as=claimed.code_version)
    except registry.GraphRefused as refused:
        _end(claimed, Failed(str(refused)))
        return
    delay = _release(claimed, graph.code_version)
    if delay is not None:
        _put_back(claimed, delay, counted=False)
        return
    try:
        outcome = graph.start(claimed.thread, claimed.input)
    except Unreachable as lost:
        log.warning("run_lost_database", run=str(claimed.pk), error=str(lost)[:200])
        _put_back(claimed, leases.backoff(claimed.attempts), counted=True)
        return
    crashpoint("run.before_done")
    _end(claimed, outcome)


def _release(claimed: HostedRun, code_version: str) -> float | None:
    """Note the shape the run begins with, or say in how many seconds to look again. Raises LeaseLost.

    Its agent may be disabled or paused since the claim.
    """
    with transaction.atomic():
        gate.pass_through()
        if gate.holds_all(claimed.team_id, claimed.agent_id):
            return leases.PAUSED_SECONDS
        if not Agent.objects.filter(pk=claimed.agent_id, enabled=True).exists():
            return leases.DISABLED_SECONDS
        if not _mine(claimed).update(code_version=code_version):
            raise leases.LeaseLost
        return None


def _end(claimed: HostedRun, outcome: Outcome) -> None:
    with transaction.atomic():
        if not _mine(claimed).update(lease_until=None):
            raise leases.LeaseLost
        record(claimed, outcome)


def record(run: HostedRun, outcome: Outcome) -> None:
    """Write what a run came to and tell the floor above, in the caller's transaction, which is fenced already.

    An interrupt that asks nothing people can decide fails the run. A run that was halted meanwhile stays halted:
    what its last step did is in the ledger, and what it would ask now is not asked.
    """
    state = HostedRun.objects.select_for_update().values_list("state", flat=True).get(pk=run.pk)
    if state == HostedRun.State.HALTED:
        log.info("run_halted_meanwhile", run=str(run.pk))
        return
    if isinstance(outcome, Paused):
        try:
            for interrupt in outcome.interrupts:
                proposal.parse(interrupt)
        except proposal.NotAProposal as error:
            outcome = Failed(str(error))
    if isinstance(outcome, Paused):
        _write(run, HostedRun.State.PAUSED, "")
        run_paused.send(HostedRun, run=run, interrupts=outcome.interrupts)
    elif isinstance(outcome, Failed):
        end(run, HostedRun.State.FAILED, outcome.error)
    else:
        end(run, HostedRun.State.DONE, "")


def lock_open(*, agent_id: UUID, thread: str) -> HostedRun | None:
    """The run of a thread, locked, while it has not ended; for a caller that means to `end` it.

    A run's row is taken before the requests of its thread: what a run comes to withdraws them in the same order.
    A worker in the middle of a step is not interrupted; what it brings back to a halted run moves nothing, and
    decisions still on their way to the thread are stale.
    """
    run = (
        HostedRun.objects.select_for_update(of=("self",))
        .select_related("agent")
        .filter(agent_id=agent_id, thread=thread)
        .first()
    )
    return None if run is None or run.state in ENDED else run


def end(run: HostedRun, state: HostedRun.State, error: str) -> None:
    """The run will not ask again. In the caller's transaction."""
    _write(run, state, error)
    run_ended.send(HostedRun, run=run, detail=run.error)


def _write(run: HostedRun, state: HostedRun.State, error: str) -> None:
    run.state, run.lease_until = state, None
    run.error = storable(error)
    HostedRun.objects.filter(pk=run.pk).update(
        state=run.state, lease_until=None, error=run.error, updated_at=Now()
    )


def storable(text: str) -> str:
    """Text as an error column holds it: 500 characters, none of them U+0000."""
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= 500 else text[:499] + "…"


def _put_back(claimed: HostedRun, delay: float, *, counted: bool) -> None:
    _mine(claimed).update(
        state=HostedRun.State.QUEUED,
        lease_until=Now() + timedelta(seconds=delay),
        attempts=F("attempts") - (0 if counted else 1),
    )


def _renew(claimed: HostedRun) -> bool:
    return bool(_mine(claimed).update(lease_until=Now() + timedelta(seconds=leases.seconds())))


def _mine(claimed: HostedRun) -> QuerySet[HostedRun]:
    return HostedRun.objects.filter(pk=claimed.pk, epoch=claimed.epoch, state=HostedRun.State.RUNNING)
