"""What must happen even when nobody nudges: deadlines, due deliveries, work left behind. Celery not needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from agents import delivery
from inbox.services.backtests import continue_backtests
from inbox.services.batches import finish_abandoned
from inbox.services.expire import expire_due

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep found to do, and which of its jobs failed."""

    expired: int
    delivered: int
    batches: int
    backtests: int
    failed: tuple[str, ...]


def sweep() -> Swept:
    """One round. Any number of processes may sweep at once: rows are claimed with SKIP LOCKED and leases.

    Each job stands for itself: one that fails is logged and named, and the others still run.
    """
    jobs: dict[str, Callable[[], int]] = {
        "expired": expire_due,
        "delivered": lambda: delivery.sweep(limit=200),
        "batches": finish_abandoned,
        "backtests": continue_backtests,
    }
    counts: dict[str, int] = {}
    for name, job in jobs.items():
        try:
            counts[name] = job()
        except Exception:
            log.exception("sweep_job_failed", job=name)
    return Swept(
        expired=counts.get("expired", 0),
        delivered=counts.get("delivered", 0),
        batches=counts.get("batches", 0),
        backtests=counts.get("backtests", 0),
        failed=tuple(name for name in jobs if name not in counts),
    )
