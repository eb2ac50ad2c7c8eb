"""Who may never decide a request, from its history: one table for pages, votes and the log."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from agents.models import Agent, AgentToken
from agents.services import token_makers
from inbox.models import ApprovalRequest
from inbox.policy.exclusion import Exclusion


def exclusions(requests: Iterable[ApprovalRequest]) -> dict[UUID, dict[int, Exclusion]]:
    """Per request the excluded people by user id, in two queries.

    The owner is read here and not from the request's loaded agent: under a lock that row may be older than the lock.
    """
    listed = list(requests)
    agents = {request.agent_id for request in listed}
    makers = token_makers(agents) if agents else {}
    owners = dict(Agent.objects.filter(pk__in=agents).values_list("pk", "owner_id")) if agents else {}
    found: dict[UUID, dict[int, Exclusion]] = {}
    for request in listed:
        excluded = dict.fromkeys(makers[request.agent_id], Exclusion.TOKEN_MAKER)
        owner = owners.get(request.agent_id)
        if owner is not None:
            excluded[owner] = Exclusion.OWNER
        if request.requester_id is not None:
            excluded[request.requester_id] = Exclusion.REQUESTER
        if request.editor_id is not None:
            excluded.setdefault(request.editor_id, Exclusion.EDITOR)
        found[request.pk] = excluded
    return found


def own_agents(team_id: UUID, person_id: int) -> frozenset[UUID]:
    """The agents of a team a person owns or made a token of."""
    owned = Agent.objects.filter(team_id=team_id, owner_id=person_id).values_list("pk", flat=True)
    made = AgentToken.objects.filter(agent__team_id=team_id, created_by_id=person_id).values_list(
        "agent_id", flat=True
    )
    return frozenset(owned.union(made))


def excluding(person_id: int, agents: frozenset[UUID]) -> Q:
    """Requests a person is excluded from, as SQL; `agents` are their `own_agents`."""
    clause = Q(requester=person_id, requester__isnull=False) | Q(editor=person_id, editor__isnull=False)
    return clause | Q(agent_id__in=agents) if agents else clause
