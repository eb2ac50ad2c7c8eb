"""What must happen even when nobody nudges: deadlines, due deliveries, batches left behind. Celery not needed."""

from __future__ import annotations

from dataclasses import dataclass

from agents import delivery
from inbox.services.batches import finish_abandoned
from inbox.services.expire import expire_due


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep found to do."""

    expired: int
    delivered: int
    batches: int


def sweep() -> Swept:
    """One round. Any number of processes may sweep at once: rows are claimed with SKIP LOCKED and leases."""
    return Swept(expired=expire_due(), batches=finish_abandoned(), delivered=delivery.sweep(limit=200))
