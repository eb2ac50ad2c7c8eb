"""Writes about agents themselves: registering, tokens, what they report of their threads.

Audit is the caller's affair (inbox/services/agents.py): this floor knows no audit log.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from agents import bearer
from agents.contract import ThreadStatus
from agents.models import BUILT_IN, Agent, AgentThread, AgentToken

TOKEN_MARK = "plc"  # noqa: S105 - the visible beginning of every agent token
# Seen-at is shown to the minute: writing it on every call would make the row the busiest in the table.
SEEN_EVERY = timedelta(seconds=60)


def register_agent(*, team_id: UUID, handle: str, owner: User | None, graph: str = "") -> Agent:
    """A new agent of a team. Raises IntegrityError when the handle is taken there, or reserved (BUILT_IN)."""
    return Agent.objects.create(team_id=team_id, handle=handle, owner=owner, graph=graph)


def built_in_agent(team_id: UUID) -> Agent:
    """The agent through which this server asks a team about changes of its own rules. Made on first use."""
    agent, _ = Agent.objects.get_or_create(team_id=team_id, handle=BUILT_IN, built_in=True)
    return agent


def issue_token(
    *, agent: Agent, name: str, created_by: User | None, lifetime: timedelta
) -> tuple[AgentToken, str]:
    """A new bearer token and its secret text, which is shown now and never again."""
    prefix, digest, text = bearer.mint(TOKEN_MARK)
    token = AgentToken.objects.create(
        agent=agent,
        name=name,
        prefix=prefix,
        digest=digest,
        created_by=created_by,
        expires_at=timezone.now() + lifetime,
    )
    return token, text


def revoke_token(token: AgentToken) -> None:
    """The token stops working with the commit of this write."""
    AgentToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())


def set_enabled(agent: Agent, *, enabled: bool) -> None:
    """A disabled agent may ask nothing, and nothing decided for it is released."""
    Agent.objects.filter(pk=agent.pk).update(enabled=enabled)


def set_environment(agent: Agent, environment: str) -> None:
    """Where the agent acts, such as production; from its next request on."""
    Agent.objects.filter(pk=agent.pk).update(environment=environment)


def seen(agent: Agent) -> None:
    """Note that the agent called, at most once a minute."""
    if agent.last_seen_at is None or timezone.now() - agent.last_seen_at > SEEN_EVERY:
        Agent.objects.filter(pk=agent.pk).update(last_seen_at=Now())


def report_thread(*, agent: Agent, thread: str, status: ThreadStatus) -> AgentThread:
    """Store what the agent says of one of its threads; the last word wins."""
    row, _ = AgentThread.objects.update_or_create(
        agent=agent,
        thread=thread,
        defaults={
            "status": status.status,
            "goal": status.goal,
            "step": status.step,
            "progress": status.progress,
            "updated_at": Now(),
        },
    )
    return row
