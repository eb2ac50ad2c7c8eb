"""Silence that asks further people: what a request needs grows by the steps of its escalation, as the clock says.

A step is true from its moment on, whoever writes it down: the sweep, or a vote that came before the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from inbox import audit, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.lifecycle import OnTimeout, State
from inbox.models import ApprovalRequest
from inbox.policy.document import Escalation
from inbox.policy.silence import reminder_seconds
from inbox.policy.waiting import escalated
from inbox.selectors.policy import pinned_needs, tier_ranks
from inbox.selectors.waiting import steps_of
from inbox.services.closing import leave_group
from inbox.services.notify import Kind, Notice, assigned, notify, settle
from inbox.services.routing import COLUMNS, route

CHUNK = 200
DEADLINE = Actor("system", "deadline")
_ESCALATED = ("needs", "escalation_step", "escalate_at", "batchable", "group", "flags")


def escalate_due(*, limit: int = 2_000) -> int:
    """Write down every escalation step and reminder that is due, a chunk and a team a transaction. Returns how many."""
    done = 0
    while done < limit:
        with transaction.atomic():
            count = _chunk(min(CHUNK, limit - done))
        done += count
        if count == 0:
            break
    return done


@dataclass(frozen=True, slots=True)
class Raised:
    """What to record and tell of escalated requests, and the requests as they were, of which some leave their groups.

    The caller does that after the members' locks.
    """

    entries: Sequence[Entry] = ()
    before: Sequence[ApprovalRequest] = ()
    notices: Sequence[Notice] = ()

    @property
    def leaving(self) -> list[ApprovalRequest]:
        return [request for request in self.before if request.group_id is not None]


def catch_up(requests: Sequence[ApprovalRequest], now: datetime) -> Raised:
    """Write the steps that are due by `now` on requests of one team whose rows are locked.

    The people needed are never fewer afterwards, and it is routed anew. It is decided by itself from then on: its
    group's other requests need other people.
    """
    due = [request for request in requests if _step_is_due(request, now)]
    if not due:
        return Raised()
    before = [copy(request) for request in due]
    ranks = tier_ranks(due[0].team_id)
    taken = {}
    for request in due:
        steps, waited = steps_of(request), (now - request.created_at).total_seconds()
        request.needs = [
            need.model_dump(exclude_none=True)
            for need in escalated(pinned_needs(request), steps, waited, ranks)
        ]
        request.escalation_step = sum(step.after_seconds <= waited for step in steps)
        request.escalate_at = _next(request, steps)
        request.batchable, request.group = False, None
        taken[request.pk] = {"step": request.escalation_step, "steps": len(steps), "needs": request.needs}
    routed = route(due[0].team_id, due, at=now)
    ApprovalRequest.objects.bulk_update(due, [*_ESCALATED, *COLUMNS])
    entries = [
        Entry("escalated", DEADLINE, r.pk, {**taken[r.pk], "digest": r.digest, **routed[r.pk]}) for r in due
    ]
    return Raised(entries, before, assigned(due, Kind.ESCALATED))


def _step_is_due(request: ApprovalRequest, now: datetime) -> bool:
    return (
        request.state == State.PENDING.value
        and request.on_timeout == OnTimeout.ESCALATE.value
        and request.escalate_at is not None
        and request.escalate_at <= now < request.expires_at
    )


def _next(request: ApprovalRequest, steps: Sequence[Escalation]) -> datetime | None:
    if request.escalation_step >= len(steps):
        return None
    at = request.created_at + timedelta(seconds=steps[request.escalation_step].after_seconds)
    return at if at < request.expires_at else None


def _remind(requests: Sequence[ApprovalRequest], now: datetime) -> list[Entry]:
    """Overdue requests that wait are brought up again, and again after as long as people had for them."""
    if not requests:
        return []
    routed = route(requests[0].team_id, requests, at=now)
    for request in requests:
        lifetime = (request.expires_at - request.created_at).total_seconds()
        request.escalation_step += 1
        request.escalate_at = now + timedelta(seconds=reminder_seconds(lifetime))
    ApprovalRequest.objects.bulk_update(requests, ["escalation_step", "escalate_at", "flags", *COLUMNS])
    return [
        Entry("overdue", DEADLINE, request.pk, {"reminder": request.escalation_step, **routed[request.pk]})
        for request in requests
    ]


def _chunk(size: int) -> int:
    # What is over is not escalated any more: it is closed by the sweep's other jobs.
    now = database_now()
    due = ApprovalRequest.objects.filter(
        Q(expires_at__gt=now) | Q(on_timeout=OnTimeout.WAIT.value),
        state=State.PENDING.value,
        escalate_at__lte=now,
    )
    team_id: UUID | None = due.order_by("escalate_at").values_list("team_id", flat=True).first()
    if team_id is None:
        return 0
    requests = list(
        due.select_for_update(of=("self",), skip_locked=True)
        .select_related("policy_version")
        .filter(team_id=team_id)
        .order_by("pk")[:size]
    )
    now = database_now()
    raised = catch_up(requests, now)
    leave_group(raised.leaving)
    overdue = [r for r in requests if r.on_timeout == OnTimeout.WAIT.value]
    before = [*raised.before, *map(copy, overdue)]
    entries = [*raised.entries, *_remind(overdue, now)]
    if entries:
        notify([*raised.notices, *assigned(overdue)], now)
        settle(before, now)
        events.announce(team_id, audit.append(team_id, entries, at=now)[-1].seq)
    return len(entries)
