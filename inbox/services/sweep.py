"""What must happen even when nobody nudges: deadlines, due deliveries, work left behind. Celery not needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from agents import delivery
from inbox.services import claims, snooze
from inbox.services.backtests import continue_backtests
from inbox.services.batches import finish_abandoned
from inbox.services.escalate import escalate_due
from inbox.services.expire import expire_due
from inbox.services.grants import end_expired
from inbox.services.halt import halt_due
from inbox.services.handover import hand_over_due
from inbox.services.holds import release_due
from inbox.services.limits import purge
from inbox.services.rejudging import rejudge_waiting

log = structlog.get_logger(__name__)

JOBS: Final[dict[str, Callable[[], int]]] = {
    "released": release_due,
    "expired": expire_due,
    "halted": halt_due,
    "escalated": escalate_due,
    "handed_over": hand_over_due,
    "snoozes": snooze.end_due,
    "claims": claims.end_due,
    "delivered": lambda: delivery.sweep(limit=200),
    "batches": finish_abandoned,
    "rejudged": rejudge_waiting,
    "backtests": continue_backtests,
    "grants": end_expired,
    "limits": purge,
}


@dataclass(frozen=True, slots=True)
class Swept:
    """How much each job of one sweep found to do, by its name, and which jobs failed."""

    counts: dict[str, int]
    failed: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return any(self.counts.values())


def sweep() -> Swept:
    """One round. Any number of processes may sweep at once: rows are claimed with SKIP LOCKED and leases.

    Each job stands for itself: one that fails is logged and named, and the others still run.
    """
    counts: dict[str, int] = {}
    for name, job in JOBS.items():
        try:
            counts[name] = job()
        except Exception:
            log.exception("sweep_job_failed", job=name)
    return Swept(counts, tuple(name for name in JOBS if name not in counts))
