"""What is paused now: agents, tools, teams, or everything (docs/explanation/undo.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from agents.models import Agent, Pause
from inbox.models import Team


def open_pauses() -> QuerySet[Pause]:
    """Those that hold, oldest first."""
    return Pause.objects.filter(ended_at=None).select_related("agent", "begun_by").order_by("begun_at", "pk")


def pauses_of(team: Team) -> QuerySet[Pause]:
    """Those that hold something of this team."""
    return open_pauses().filter(Q(team_id=team.pk) | Q(team_id=None))


def pause_on(pauses: Iterable[Pause], agent: UUID | None = None, tool: str = "") -> Pause | None:
    """The one of just this agent, just this tool, or with neither of just the team; None for none."""
    same = (one for one in pauses if one.team_id and one.agent_id == agent and one.tool == tool)
    return next(same, None)


def paused_mark(pauses: Iterable[Pause]) -> str:
    """A mark that differs where other pauses hold."""
    return " ".join(pause.pk.hex for pause in pauses)


def pause_of(team: Team, pause_id: UUID) -> Pause | None:
    """One that holds or held something of this team."""
    return Pause.objects.filter(Q(team_id=team.pk) | Q(team_id=None), pk=pause_id).first()


def agents_of(team: Team) -> int:
    """How many agents a pause of the team stops: all that are switched on."""
    return Agent.objects.filter(team_id=team.pk, built_in=False, enabled=True).count()


def paused(prefix: str = "") -> Q:
    """Requests that nothing may be released for now; `prefix` is the way to the request from the rows asked for.

    Reads the open pauses, a handful of rows, when it is called: call it after the locks.
    """
    way = f"{prefix}__" if prefix else ""
    clause = Q(pk__in=[])
    for pause in Pause.objects.filter(ended_at=None):
        if pause.agent_id is not None:
            clause |= Q(**{f"{way}agent_id": pause.agent_id})
        elif pause.tool:
            clause |= Q(**{f"{way}team_id": pause.team_id, f"{way}tools__contains": [pause.tool]})
        elif pause.team_id is not None:
            clause |= Q(**{f"{way}team_id": pause.team_id})
        else:
            return ~Q(pk__in=[])
    return clause


def names_paused(team_id: UUID, agent_id: UUID) -> Callable[[Iterable[str]], bool]:
    """The same for requests of one agent that are not stored yet: whether one with these tools would be paused."""
    found = [
        pause
        for pause in Pause.objects.filter(Q(team_id=team_id) | Q(team_id=None), ended_at=None)
        if pause.agent_id in (None, agent_id)
    ]
    tools = {pause.tool for pause in found if pause.tool}
    everything = len(tools) < len(found)
    return lambda names: everything or not tools.isdisjoint(names)
