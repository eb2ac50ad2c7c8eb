"""What is paused now: agents, tools, teams, or everything (docs/explanation/waiting.md)."""

from __future__ import annotations

from django.db.models import Q

from agents.models import Pause


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
