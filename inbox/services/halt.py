"""Silence that stops a run: its request, and whatever else the same thread of the agent asks, end together."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from agents.hosting import runs
from agents.models import HostedRun
from inbox.clock import database_now
from inbox.lifecycle import OnTimeout, State
from inbox.models import ApprovalRequest
from inbox.selectors.actions import action_keys
from inbox.selectors.policy import current_version
from inbox.services.closing import close
from inbox.services.expire import ending_by_timeout, nobody_decided

MOST_THREADS = 200


def halt_due(*, limit: int = MOST_THREADS) -> int:
    """Halt the threads that a passed deadline stops, one transaction each. Returns how many requests that ended."""
    now = database_now()
    threads = (
        ApprovalRequest.objects.filter(
            state=State.PENDING.value, on_timeout=OnTimeout.HALT.value, expires_at__lte=now
        )
        .order_by("agent_id", "thread")
        .values_list("agent_id", "thread")
        .distinct()[:limit]
    )
    return sum(halt_thread(agent_id=agent_id, thread=thread) for agent_id, thread in threads)


def halt_thread(*, agent_id: UUID, thread: str) -> int:
    """End everything a thread asks if the deadline of one of its halting requests has passed; else nothing.

    A request of the thread that was decided first stays decided. A run hosted here ends and is never resumed.
    """
    with transaction.atomic():
        # The run first, as whatever it comes to by itself does; then all the requests, by id: waiting here and
        # not skipping is what leaves none of the thread behind.
        run = runs.lock_open(agent_id=agent_id, thread=thread)
        pending = ApprovalRequest.objects.filter(agent_id=agent_id, thread=thread, state=State.PENDING.value)
        requests = list(
            pending.select_for_update(of=("self",))
            .select_related("agent", "policy_version__policy")
            .order_by("pk")
        )
        now = database_now()
        over = [r for r in requests if r.on_timeout == OnTimeout.HALT.value and r.is_over(now)]
        if not over:
            return 0
        reason = f"{nobody_decided(min(over, key=lambda r: r.expires_at))} The run must stop."
        team_id = over[0].team_id
        version, keys = current_version(team_id), action_keys(requests)
        close(
            team_id,
            [
                replace(
                    ending_by_timeout(request, version, keys[request.pk], f"{reason} Not approved."),
                    halt=True,
                    facts={"halt": True, "because": str(over[0].pk)},
                )
                for request in requests
            ],
            at=now,
        )
        if run is not None:
            runs.end(run, HostedRun.State.HALTED, reason)
    return len(requests)
