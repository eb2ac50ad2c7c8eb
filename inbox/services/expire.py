"""When time runs out. The sweep only writes down what the database clock has already made true."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from inbox.answers import REJECTED
from inbox.audit import Actor
from inbox.clock import database_now
from inbox.lifecycle import OnTimeout, State
from inbox.models import ApprovalRequest, Decision, PolicyVersion
from inbox.selectors.actions import action_keys
from inbox.selectors.policy import current_version
from inbox.services.closing import Ending, close

CHUNK = 200
# What a request that waits never does, and what a halting one does together with its whole thread (halt.py).
_OTHERWISE = Q(on_timeout__in=(OnTimeout.WAIT.value, OnTimeout.HALT.value))


def expire_due(*, limit: int = 2_000) -> int:
    """Close pending requests whose deadline has passed, a chunk and a team a transaction. Returns how many."""
    closed = 0
    while closed < limit:
        with transaction.atomic():
            count = _expire_chunk(min(CHUNK, limit - closed))
        closed += count
        if count == 0:
            break
    return closed


def ending_by_timeout(
    request: ApprovalRequest, version: PolicyVersion, keys: Sequence[str], message: str = ""
) -> Ending:
    """How a request ends by the clock: the agent is told no, and the record says that no person said it."""
    return Ending(
        request=request,
        kind=Decision.Kind.TIMEOUT,
        actor=Actor("system", "deadline"),
        answers=dict.fromkeys(keys, REJECTED),
        version=version,
        message=message or f"{nobody_decided(request)} Not approved.",
        rule=request.rule,
        via="deadline",
        state=State.EXPIRED,
    )


def nobody_decided(request: ApprovalRequest) -> str:
    """The sentence every ending by the clock begins with."""
    return f"Nobody decided before {request.expires_at:%Y-%m-%d %H:%M:%S} UTC."


def _expire_chunk(size: int) -> int:
    due = ApprovalRequest.objects.filter(state=State.PENDING.value).exclude(_OTHERWISE)
    first: UUID | None = (
        due.filter(expires_at__lte=database_now())
        .order_by("expires_at")
        .values_list("team_id", flat=True)
        .first()
    )
    if first is None:
        return 0
    requests = list(
        due.select_for_update(of=("self",), skip_locked=True)
        .select_related("agent", "policy_version__policy")
        .filter(team_id=first, expires_at__lte=database_now())
        .order_by("pk")[:size]
    )
    # The clock after the locks: a decision that was first has changed the state by now.
    now = database_now()
    keys = action_keys(requests)
    version = current_version(first)
    close(first, [ending_by_timeout(request, version, keys[request.pk]) for request in requests], at=now)
    return len(requests)
