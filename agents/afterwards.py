"""Work that may be lost: hints to live views and nudges to workers, off the request's path.

One daemon thread a process drains a bounded queue. A frozen broker holds up this thread and nobody's
decision; when the queue is full the job is dropped, because every hint is repeated by a heartbeat and every
nudge by the sweep.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)
Job = Callable[[], None]

_CAPACITY = 1_000
_jobs: queue.Queue[Job] = queue.Queue(_CAPACITY)
_owner = 0
_starting = threading.Lock()


def after_commit(job: Job) -> None:
    """Run `job` on the background thread once the surrounding transaction has committed, if it does."""
    transaction.on_commit(lambda: hand_over(job))


def hand_over(job: Job) -> None:
    """Run `job` on the background thread; dropped when a thousand others wait."""
    _ensure_thread()
    try:
        _jobs.put_nowait(job)
    except queue.Full:
        log.warning("hint_dropped", waiting=_CAPACITY)


def drain(seconds: float) -> bool:
    """Wait until the queue is empty, for commands about to exit. False when time ran out."""
    done = threading.Event()
    hand_over(done.set)
    return done.wait(seconds)


def _ensure_thread() -> None:
    global _owner, _jobs
    if _owner == os.getpid():
        return
    with _starting:
        if _owner == os.getpid():
            return
        # A forked Celery child inherits the queue's locks in whatever state they were: begin anew.
        _jobs = queue.Queue(_CAPACITY)
        _owner = os.getpid()
        threading.Thread(target=_run, args=(_jobs,), name="afterwards", daemon=True).start()


def _run(jobs: queue.Queue[Job]) -> None:
    while True:
        job = jobs.get()
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a hint that fails is logged and repeated by the sweep
            log.warning("hint_failed", error=f"{type(error).__name__}: {error}"[:200])
