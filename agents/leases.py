"""Holding a row for as long as its worker is alive and working.

A lease ends by the database clock; another worker may then take the row under the next epoch, and whatever the
first one still writes under its old epoch is refused. A worker renews its lease while it works, so a run may
last longer than a lease; a killed or frozen worker renews nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 12
LONGEST_BACKOFF = 300.0
BUSY_SECONDS = 1.0
"""How soon to try again when another worker has the thread."""
DISABLED_SECONDS = 30.0
"""How soon to look again whether a disabled agent was enabled."""
PAUSED_SECONDS = 2.0
"""How soon to look again whether a pause has ended."""


class LeaseLost(Exception):
    """Another worker holds the row under a later epoch: nothing of ours may be written."""


def seconds() -> float:
    """How long a claim holds before it must be renewed."""
    return float(settings.ENV.placet_lease_seconds)


def lock_wait() -> float:
    """How long a claimed row may wait for its thread: well inside the lease."""
    return min(2.0, seconds() / 2)


def backoff(attempt: int) -> float:
    """Seconds before the attempt after `attempt` (from 1): doubling to five minutes, give or take a quarter."""
    # Jitter keeps the deliveries that failed together from coming back together.
    return min(LONGEST_BACKOFF, 2.0 ** min(attempt, 16)) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


@contextmanager
def kept(renew: Callable[[], bool]) -> Iterator[None]:
    """Call `renew` every third of a lease during the block, until it says the lease is lost."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(seconds() / 3):
            try:
                if not renew():
                    return
            except DatabaseError as error:
                # The next beat tries again; if the lease ends meanwhile, the epoch guards the row.
                log.warning("lease_not_renewed", error=str(error)[:200])
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
