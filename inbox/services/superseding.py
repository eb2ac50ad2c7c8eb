"""An agent asks anew in place of an earlier request of its own, which nobody needs to answer any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from agents.contract import Submission
from agents.models import Agent
from inbox.audit import Actor, Entry
from inbox.errors import AlreadyClosed, FieldError, Invalid
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Decision
from inbox.models.request import OPEN
from inbox.services.holds import let_go


def lock_superseded(agent: Agent, submissions: Iterable[Submission]) -> dict[str, ApprovalRequest]:
    """The open requests that these take the place of, locked, by dedupe key: the first lock of a submit.

    Raises Invalid (unknown-request) for a key of none of the agent's own, AlreadyClosed when a decision, the
    deadline or the agent itself was first; it names the request, whose decision the agent then reads.
    """
    wanted = {one.supersedes for one in submissions if one.supersedes is not None}
    if not wanted:
        return {}
    found = {
        request.dedupe_key: request
        for request in ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("group")
        .filter(agent=agent, dedupe_key__in=wanted, channel="poll")
        .order_by("pk")
    }
    if wanted - found.keys():
        raise Invalid(
            "unknown-request",
            "Nothing was stored: supersedes is the dedupe_key of no request of yours.",
            errors=[FieldError("/supersedes", "unknown-request")],
        )
    for request in found.values():
        if request.state not in OPEN:
            raise _closed(request)
    return found


def supersede(
    earlier: Sequence[tuple[ApprovalRequest, UUID]], agent: Agent, at: datetime
) -> tuple[list[Entry], list[ApprovalRequest]]:
    """Close locked requests, each superseded by the request of that id, in the caller's transaction.

    Returns what to record, and those the caller is to let leave their groups.
    """
    requests = [request for request, _ in earlier]
    leaving = [request for request in requests if request.state == State.PENDING.value]
    let_go(requests, at)
    ApprovalRequest.objects.filter(pk__in=[request.pk for request in requests], state__in=OPEN).update(
        state=State.SUPERSEDED.value, closed_at=at, claimed_by=None, claimed_until=None
    )
    entries = []
    for request, by in earlier:
        request.state, request.closed_at = State.SUPERSEDED.value, at
        facts = {"by": str(by), "digest": request.digest}
        entries.append(Entry("superseded", Actor("agent", agent.handle, str(agent.pk)), request.pk, facts))
    return entries, leaving


def _closed(request: ApprovalRequest) -> AlreadyClosed:
    decision = Decision.objects.filter(request=request).values_list("pk", flat=True).first()
    return AlreadyClosed(
        detail=f"Nothing was stored: the request this would take the place of is already "
        f"{request.outcome or request.state}. Read it first.",
        extra={
            "request": str(request.pk),
            "state": request.state,
            "outcome": request.outcome,
            "decision": str(decision) if decision else None,
        },
    )
