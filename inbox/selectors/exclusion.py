"""Who may never decide a request, from its history: one table for pages, votes and the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet, Value

from agents.models import Agent, AgentToken
from inbox.models import ApprovalRequest
from inbox.policy.exclusion import Exclusion


def exclusions(requests: Iterable[ApprovalRequest]) -> dict[UUID, dict[int, Exclusion]]:
    """Per request the excluded people by user id, in one query.

    The owner is read here and not from the request's loaded agent: under a lock that row may be older than the lock.
    """
    listed = list(requests)
    agents = {request.agent_id for request in listed}
    behind: dict[UUID, dict[int, Exclusion]] = {}
    if agents:
        for agent, person, why in _behind(
            Agent.objects.filter(pk__in=agents, owner__isnull=False),
            AgentToken.objects.filter(agent__in=agents, created_by__isnull=False),
        ):
            people = behind.setdefault(agent, {})
            people[person] = _either(people.get(person), why)
    return with_history(listed, behind)


def with_history(
    requests: Iterable[ApprovalRequest], behind: Mapping[UUID, Mapping[int, Exclusion]]
) -> dict[UUID, dict[int, Exclusion]]:
    """Per request the people behind its agent, with whom it was asked for and who edited it."""
    found: dict[UUID, dict[int, Exclusion]] = {}
    for request in requests:
        excluded = dict(behind.get(request.agent_id, {}))
        if request.requester_id is not None:
            excluded[request.requester_id] = Exclusion.REQUESTER
        if request.editor_id is not None:
            excluded.setdefault(request.editor_id, Exclusion.EDITOR)
        found[request.pk] = excluded
    return found


def own_agents(team_id: UUID, person_id: int) -> dict[UUID, Exclusion]:
    """The agents of a team a person owns or made a token of, revoked ones included, in one query."""
    found: dict[UUID, Exclusion] = {}
    for agent, _, why in _behind(
        Agent.objects.filter(team_id=team_id, owner=person_id),
        AgentToken.objects.filter(agent__team_id=team_id, created_by=person_id),
    ):
        found[agent] = _either(found.get(agent), why)
    return found


def _behind(owned: QuerySet[Agent], made: QuerySet[AgentToken]) -> Iterable[tuple[UUID, int, str]]:
    """Of these agents and tokens: the agent, who owns it or made the token, and which of the two it is."""
    owners = owned.annotate(why=Value(Exclusion.OWNER.value)).values_list("pk", "owner_id", "why")
    makers = made.annotate(why=Value(Exclusion.TOKEN_MAKER.value))
    return owners.union(makers.values_list("agent_id", "created_by_id", "why"))


def _either(one: Exclusion | None, other: str) -> Exclusion:
    return Exclusion.OWNER if one is Exclusion.OWNER else Exclusion(other)


def excluding(person_id: int, agents: Collection[UUID]) -> Q:
    """Requests a person is excluded from, as SQL; `agents` are their `own_agents`."""
    clause = Q(requester=person_id, requester__isnull=False) | Q(editor=person_id, editor__isnull=False)
    return clause | Q(agent_id__in=agents) if agents else clause
