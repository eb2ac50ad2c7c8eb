"""Which request puts back what another one did: the dedupe key says so, which no agent may write itself."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from agents.hosting import registry
from agents.models import HostedRun
from inbox.models import ApprovalRequest

COMPENSATES_KEYS: Final = "compensates:"


def compensates(request: ApprovalRequest) -> str | None:
    """The id of the request whose effect this one puts back; None for any other."""
    key = request.dedupe_key
    return key.removeprefix(COMPENSATES_KEYS) if key.startswith(COMPENSATES_KEYS) else None


def compensation_of(request: ApprovalRequest) -> ApprovalRequest | None:
    """The request that puts this one's effect back, if somebody asked for it."""
    return ApprovalRequest.objects.filter(agent=request.agent_id, dedupe_key=key_of(request.pk)).first()


def undoing(request: ApprovalRequest) -> str | None:
    """The graph that puts back what the run that asked this did, if one is named."""
    run = HostedRun.objects.filter(agent_id=request.agent_id, thread=request.thread)
    graph = run.values_list("graph", flat=True).first()
    return registry.undoing(graph) if graph is not None else None


def run_for(request_id: UUID) -> HostedRun | None:
    """The run that puts that request's effect back, if one was begun; its own request comes when it asks."""
    return HostedRun.objects.filter(thread=thread_of(request_id)).first()


def thread_of(request_id: UUID) -> str:
    """The thread of that run: there is at most one."""
    return f"undo-{request_id}"


def key_of(request_id: UUID) -> str:
    """The dedupe key of what puts that request's effect back: there is at most one."""
    return f"{COMPENSATES_KEYS}{request_id}"
