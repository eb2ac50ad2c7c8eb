"""What an agent reads about its requests (docs/reference/api.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from agents.models import Agent
from inbox import canonical
from inbox.errors import Invalid, NotFound
from inbox.lifecycle import Outcome, State
from inbox.models import ApprovalRequest, Decision, Message, Recall, TeamStream
from inbox.selectors.aftermath import recall_of
from inbox.selectors.compensation import compensates
from inbox.selectors.policy import pinned_needs

PAGE = 50


def request_of(agent: Agent, request_id: UUID) -> ApprovalRequest:
    """One of the agent's requests. Raises NotFound for any other."""
    request = _with_decisions().filter(agent=agent, pk=request_id).first()
    if request is None:
        raise NotFound()
    return request


def requests_of(
    agent: Agent, *, thread: str | None, state: str | None, after: UUID | None
) -> tuple[list[ApprovalRequest], UUID | None]:
    """A page of the agent's requests, oldest first, and the cursor of the next page (None at the end).

    Raises Invalid (unknown-state).
    """
    found = _with_decisions().filter(agent=agent).order_by("id")
    if thread is not None:
        found = found.filter(thread=thread)
    if state is not None:
        if state not in {s.value for s in State}:
            raise Invalid("unknown-state", f"Not a state: {state[:40]}.")
        found = found.filter(state=state)
    if after is not None:
        found = found.filter(id__gt=after)
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None


def stream_seq(team_id: UUID) -> int:
    """How far the team's stream has come: every answer says as of when it is."""
    return TeamStream.objects.values_list("seq", flat=True).get(team_id=team_id)


def decision_of(request: ApprovalRequest) -> Decision | None:
    """The request's decision, if there is one."""
    try:
        return request.decision
    except Decision.DoesNotExist:
        return None


def answer(
    request: ApprovalRequest,
    *,
    decision: Decision | None,
    seq: int,
    messages: Sequence[Message] = (),
    withheld: bool = False,
) -> dict[str, Any]:
    """The wire form of a request with its decision, which must be the request's own.

    A closed request carries its decision with exactly the approved arguments; one that was recalled carries what stands
    in its place. `withheld`: while something of it is paused it reads as held.
    """
    if withheld:
        decision = None
    recall = recall_of(decision) if decision is not None else None
    outcome = Outcome.REJECTED.value if recall is not None else request.outcome
    return {
        "id": str(request.pk),
        "dedupe_key": request.dedupe_key,
        "thread": request.thread,
        "state": State.HELD.value if withheld else request.state,
        "outcome": None if withheld else outcome,
        "risk": request.risk,
        "reasons": [reason["text"] for reason in request.reasons],
        "needs": [need.model_dump() for need in pinned_needs(request)],
        "revision": request.revision_number,
        "digest": request.digest,
        "url": f"{settings.PLACET_ORIGIN}/t/{request.team.slug}/r/{request.pk}",
        "created_at": request.created_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "on_timeout": request.on_timeout,
        "as_of": {"seq": seq},
        "turn": "agent" if awaits_agent(request) else "people",
        "messages": [spoken(message) for message in messages],
        "compensates": compensates(request),
        "decision": _decision(decision, recall) if decision is not None else None,
    }


def awaits_agent(request: ApprovalRequest) -> bool:
    """Whether people wait for the agent's answer, or for another draft of its."""
    return request.state == State.PENDING.value and request.asked_agent_at is not None


def spoken(message: Message) -> dict[str, Any]:
    """The wire form of a message; `by` is empty for the agent's own."""
    return {
        "id": str(message.pk),
        "kind": message.kind,
        "text": message.text,
        "at": message.created_at.isoformat(),
        "revision": message.revision_number,
        "by": message.person.get_username() if message.person is not None else None,
    }


def _decision(decision: Decision, recall: Recall | None) -> dict[str, Any]:
    told = canonical.read(bytes(decision.answer if recall is None else recall.answer))
    return {
        "id": str(decision.pk),
        "actions": told["actions"],
        "by": told["by"],
        "policy": told["policy"],
        "rule": told["rule"],
        "digest": told["digest"],
        "decided_at": told["decided_at"],
        "halt": told.get("halt", False),
        "guidance": told.get("guidance", []),
        "recalled": recall is not None,
        "receipt": {"seq": decision.seq, "hash": bytes(decision.chain_hash).hex()},
    }


def _with_decisions() -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.select_related("decision__pickup", "decision__recall", "team")
