"""Short ways to begin a hosted run, answer what it asks, and see what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from agents import delivery
from agents.demos.models import LedgerEntry
from agents.hosting import registry, runs
from agents.hosting.langgraph import LangGraphHosted
from agents.hosting.runs import start_run
from agents.models import Delivery, EffectEntry, HostedRun
from inbox.lifecycle import State
from inbox.models import ApprovalRequest
from tests.factories import World, vote

IDEMPOTENT = "write_file"
ONCE = "send_email"


def queue(world: World, graph: str, **input: Any) -> HostedRun:
    """A run of a test graph, not started."""
    fields = {"tool": IDEMPOTENT, "inputs": ["given"], **input}
    return start_run(agent=world.agent, graph=graph, input=fields, thread=f"{graph}-{uuid4().hex[:12]}")


def begin(world: World, graph: str, **input: Any) -> HostedRun:
    """A run of a test graph, run by this process up to its first pause or end."""
    run = queue(world, graph, **input)
    claimed = runs.claim(run.pk)
    assert claimed is not None
    runs.run(claimed)
    run.refresh_from_db()
    return run


def waiting(run: HostedRun) -> list[ApprovalRequest]:
    """What people are asked for the run, oldest first."""
    return list(
        ApprovalRequest.objects.filter(
            thread=run.thread, agent_id=run.agent_id, state=State.PENDING.value
        ).order_by("id")
    )


def approve(
    world: World, request: ApprovalRequest, person: User | None = None, verdict: str = "approve"
) -> Delivery:
    """Decide as a lead; the delivery that carries the decision."""
    decided = vote(world, request, person or world.alice, verdict)
    assert decided.decision is not None
    return Delivery.objects.get(correlation_id=decided.decision.pk)


def claimed(row: Delivery) -> Delivery:
    """The delivery, claimed by this process."""
    found = delivery.claim(row.pk)
    assert found is not None
    return found


def effects(run: HostedRun) -> int:
    """How often the run's tools did something."""
    return LedgerEntry.objects.filter(thread=run.thread).count()


def state(run: HostedRun) -> str:
    """The run's state now."""
    return HostedRun.objects.values_list("state", flat=True).get(pk=run.pk)


def values(run: HostedRun) -> dict[str, Any]:
    """The graph's last state."""
    graph = registry.get(run.graph)
    assert isinstance(graph, LangGraphHosted)
    found: dict[str, Any] = graph._state(run.thread).values
    return found


def entry_of(row: Delivery) -> EffectEntry | None:
    """The ledger's line for the decision a delivery carries."""
    return EffectEntry.objects.filter(pk=row.correlation_id).first()


def settle(world: World, done: Callable[[], bool], seconds: float = 20) -> None:
    """Sweep, as a process without Celery would, until `done`."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "sweeping did not bring it about"
        if not delivery.sweep():
            # Nothing is due before a lease or a delay ends on the database's clock.
            time.sleep(0.05)
