"""A fresh round of the demo: every story once, and a background of small things that form groups."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from agents.demos import stories
from agents.demos.catalogue import AGENTS
from agents.demos.stories import Story
from agents.hosting.runs import end, start_run
from agents.models import Agent, HostedRun


class NotSeeded(LookupError):
    """The team has not all of the demo agents. Its text says which are missing."""


def start_round(team_id: UUID, *, background: int = 24) -> list[HostedRun]:
    """Queue one run of each story, and `background` refunds and as many page corrections, each a run of its own.

    All or none. Raises NotSeeded.
    """
    agents = {agent.handle: agent for agent in Agent.objects.filter(team_id=team_id)}
    missing = [facts.handle for facts in AGENTS if facts.handle not in agents]
    if missing:
        raise NotSeeded(f"This team has no agent named {', '.join(missing)}.")
    with transaction.atomic():
        return [
            start_run(
                agent=agents[story.handle],
                graph=agents[story.handle].graph,
                input=story.input,
                thread=f"{story.name}-{secrets.token_hex(5)}",
            )
            for story in _round(background)
        ]


def end_rounds(team_id: UUID) -> int:
    """End every run of the team that waits for people; what they were asked is withdrawn. Returns how many.

    A run a worker is moving right now is left alone.
    """
    with transaction.atomic():
        paused = HostedRun.objects.select_for_update(of=("self",)).select_related("agent")
        waiting = list(paused.filter(team_id=team_id, state=HostedRun.State.PAUSED).order_by("pk"))
        for run in waiting:
            end(run, HostedRun.State.FAILED, "The demo was started anew.")
    return len(waiting)


def _round(background: int) -> Iterator[Story]:
    yield stories.blog_post()
    yield stories.promotion()
    yield stories.five_invoices()
    yield stories.late_delivery()
    yield stories.account_deletion()
    yield stories.three_flights()
    yield stories.uncertain_answer()
    for number in range(background):
        yield stories.small_refund(number)
        yield stories.page_fix(number)
