"""What an agent says of one of its threads: shown on its board, and when the run is over nobody is asked any more."""

from __future__ import annotations

from django.db import transaction

from agents import services as gateway
from agents.contract import ThreadStatus
from agents.models import Agent, AgentThread
from inbox.audit import Actor
from inbox.services.withdraw import withdraw_thread


def report_thread(*, agent: Agent, thread: str, status: ThreadStatus) -> AgentThread:
    """Store what the agent says; `done` and `failed` withdraw everything the thread still asks, held or waiting."""
    with transaction.atomic(durable=True):
        row = gateway.report_thread(agent=agent, thread=thread, status=status)
        if status.status in ("done", "failed"):
            withdraw_thread(
                agent=agent,
                thread=thread,
                reason=f"The run ended: {status.status}.",
                channel="poll",
                actor=Actor("agent", agent.handle, str(agent.pk)),
            )
    return row
