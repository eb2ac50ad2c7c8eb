"""Past requests as policy would see them today: the exact bytes, the claims and the time of then, today's catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from django.utils import timezone
from pydantic import ValidationError

from agents.contract import ProposedAction, Submission
from agents.models import Agent
from inbox import canonical
from inbox.lifecycle import Outcome, State
from inbox.models import ApprovalRequest, Decision, Revision, Team, Tool
from inbox.policy.compare import Ended
from inbox.policy.facts import Facts
from inbox.selectors.past import Past as AgentPast
from inbox.selectors.policy import tools_named
from inbox.services.judging import facts_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Past:
    """One past request: what policy would see of it, and how it ended. `facts` is None where that cannot be told."""

    request: ApprovalRequest
    facts: Facts | None
    ended: Ended


def past(team: str, requests: Sequence[ApprovalRequest]) -> list[Past]:
    """The facts of some requests of one team, agents loaded, in four queries and two an agent.

    The time is when each was asked. What the catalogue and an agent's past say is today's, because that is what a
    new version would judge by from now on.
    """
    if not requests:
        return []
    envelopes = _envelopes(requests)
    tools = tools_named(requests[0].team_id, (name for request in requests for name in request.tools))
    decided = {
        request_id: (kind, outcome)
        for request_id, kind, outcome in Decision.objects.filter(
            request_id__in=[request.pk for request in requests]
        ).values_list("request_id", "kind", "outcome")
    }
    domains = Team.objects.values_list("domains", flat=True).get(pk=requests[0].team_id)
    asked = {request.pk: _submission(request, envelopes.get(request.pk)) for request in requests}
    known = _known(requests, asked)
    return [
        Past(
            request,
            _facts(team, domains, request, asked[request.pk], tools, known.get(request.agent_id)),
            _ended(request, *decided.get(request.pk, ("", ""))),
        )
        for request in requests
    ]


def submission_of(request: ApprovalRequest, envelope: bytes) -> Submission:
    """What the agent sent, put together again from what is stored. Raises ValueError when that is not possible."""
    document = canonical.read(envelope)
    try:
        return Submission.model_validate(
            {
                "dedupe_key": request.dedupe_key,
                "thread": request.thread,
                "checkpoint": request.checkpoint,
                "actions": document["actions"],
                "context": request.context,
                "claims": request.claims,
            }
        )
    except (KeyError, TypeError, ValidationError) as error:
        raise ValueError(f"request {request.pk} cannot be read again") from error


def _envelopes(requests: Sequence[ApprovalRequest]) -> dict[UUID, bytes]:
    numbers = {request.pk: request.revision_number for request in requests}
    return {
        request_id: bytes(payload)
        for request_id, number, payload in Revision.objects.filter(request_id__in=numbers).values_list(
            "request_id", "number", "payload"
        )
        if numbers[request_id] == number
    }


def _submission(request: ApprovalRequest, envelope: bytes | None) -> Submission | None:
    try:
        return submission_of(request, envelope) if envelope is not None else None
    except ValueError:
        log.exception("past_request_unreadable", request=str(request.pk))
        return None


def _known(
    requests: Sequence[ApprovalRequest], asked: Mapping[UUID, Submission | None]
) -> dict[UUID, AgentPast]:
    """What each agent did before with the tools of these requests."""
    actions: dict[Agent, list[ProposedAction]] = {}
    for request in requests:
        submission = asked[request.pk]
        actions.setdefault(request.agent, []).extend(submission.actions if submission else ())
    now = timezone.now()
    return {agent.pk: AgentPast.load(agent, wanted, now=now) for agent, wanted in actions.items()}


def _facts(
    team: str,
    domains: Sequence[str],
    request: ApprovalRequest,
    submission: Submission | None,
    tools: Mapping[str, Tool],
    known: AgentPast | None,
) -> Facts | None:
    if submission is None or known is None:
        return None
    try:
        facts = facts_of(
            agent=request.agent,
            submission=submission,
            tools=tools,
            team=team,
            now=request.created_at,
            own_domains=domains,
        )
        age = max(0.0, (request.created_at - request.agent.created_at).total_seconds())
        told = replace(known, age_s=age)
        # Where the agent was when it asked, not where it is today.
        return replace(
            facts,
            environment=request.environment,
            actions=tuple(told.told(action) for action in facts.actions),
        )
    except Exception:
        log.exception("past_request_unreadable", request=str(request.pk))
        return None


def _ended(request: ApprovalRequest, kind: str, outcome: str) -> Ended:
    if request.state == State.WITHDRAWN.value:
        return Ended.WITHDRAWN
    if request.state == State.EXPIRED.value or kind == Decision.Kind.TIMEOUT:
        return Ended.EXPIRED
    if kind != Decision.Kind.PERSON:
        return Ended.POLICY
    if outcome != Outcome.APPROVED.value:
        return Ended.REJECTED
    return Ended.EDITED if request.revision_number > 1 else Ended.APPROVED
