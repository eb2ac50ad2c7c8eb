"""What happened to one agent's requests after a number of its team's stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q

from agents.models import Agent
from inbox.models import AuditEvent
from inbox.selectors.answers import stream_seq

WINDOW: Final = 5_000
"""Numbers looked at in one call: an agent that was away for long asks again from `next`."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`state` is the request's as it is now. Without a request, a pause ended."""

    request_id: UUID | None
    state: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Events:
    """Oldest first; `next` is the number to go on after."""

    items: Sequence[Happened]
    next: int


def events_of(agent: Agent, *, after: int | None) -> Events:
    """What is recorded of the agent's own requests after that number, from now on without one."""
    head = stream_seq(agent.team_id)
    if after is None or after >= head:
        return Events((), head if after is None else after)
    until = min(head, after + WINDOW)
    rows = (
        AuditEvent.objects.filter(Q(request__agent=agent) | Q(verb="resumed"), team_id=agent.team_id)
        .filter(seq__gt=after, seq__lte=until)
        .order_by("seq")
        .values_list("request_id", "request__state", "seq")
    )
    return Events([Happened(*row) for row in rows], until)
