"""Putting answers on their way. The row is written with the decision; the nudge only shortens the wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import kombu
from celery import current_app
from django.conf import settings

from agents.afterwards import after_commit
from agents.models import Agent, Delivery, EffectEntry

# After a failed publish nobody tries for this long: each try against a frozen broker costs a second.
BREAKER_SECONDS = 10.0
_closed_until = 0.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What one decision sends to one address of one agent."""

    agent: Agent
    channel: str
    decision_id: UUID
    thread: str
    address: str
    payload: bytes


def enqueue(letters: Sequence[Letter]) -> list[Delivery]:
    """Write the deliveries in the caller's transaction and nudge workers after it commits.

    Raises django.db.IntegrityError when a decision already has a delivery on that channel.
    """
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            team_id=letter.agent.team_id,
            agent=letter.agent,
            channel=letter.channel,
            correlation_id=letter.decision_id,
            thread=letter.thread,
            address=letter.address,
            payload=letter.payload,
        )
        for letter in letters
    )
    for delivery in deliveries:
        nudge("agents.deliver", str(delivery.pk))
    return deliveries


def unbegun(decision_id: UUID) -> bool:
    """Lock the deliveries of a decision, in the caller's transaction; whether none of them was ever begun.

    One that a worker holds is not waited for: it may be sending. Only a run hosted here is known to have begun nothing
    after an attempt, because its ledger says so.
    """
    of_it = Delivery.objects.filter(correlation_id=decision_id)
    mine = list(of_it.select_for_update(skip_locked=True).order_by("pk"))
    return (
        len(mine) == of_it.count()
        and all(
            row.state == Delivery.State.QUEUED and (row.channel == "hosted" or not row.attempts)
            for row in mine
        )
        and not EffectEntry.objects.filter(pk=decision_id).exists()
    )


def replace(decision_id: UUID, payload: bytes) -> None:
    """Send this in place of a decision's answer; the caller found it `unbegun` in the same transaction."""
    Delivery.objects.filter(correlation_id=decision_id).update(payload=payload)


def nudge(task: str, row_id: str) -> None:
    """After commit, tell a worker that a row is due. Losing this costs at most one sweep."""
    after_commit(lambda: _publish(task, row_id))


def _publish(task: str, row_id: str) -> None:
    global _closed_until
    if time.monotonic() < _closed_until:
        return
    try:
        with _connection() as connection, connection.Producer() as producer:
            current_app.send_task(task, args=[row_id], producer=producer, retry=False, ignore_result=True)
    except Exception:
        _closed_until = time.monotonic() + BREAKER_SECONDS
        raise


def _connection() -> kombu.Connection:
    # Publishers alone have short socket timeouts: a worker's blocking read must be allowed to wait.
    options: dict[str, Any] = {
        "socket_timeout": settings.BROKER_SOCKET_TIMEOUT,
        "socket_connect_timeout": settings.BROKER_SOCKET_TIMEOUT,
        "max_retries": 0,
    }
    return kombu.Connection(settings.CELERY_BROKER_URL, transport_options=options)
