"""Real workers in processes of their own, on the test database and the test broker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from django.conf import settings

from agents import afterwards
from tests.faults.environment import child_environment
from tests.integration.hosting.graphs import SETTING

_CELERY = ("-m", "celery", "-A", "config", "worker", "-l", "WARNING", "--without-gossip", "--without-mingle")
# One process without children: a SIGKILL then kills all of the worker, as a lost machine would.
CELERY = (*_CELERY, "--pool", "solo")
PREFORK = (*_CELERY, "--pool", "prefork", "--concurrency", "2")
SWEEP = ("manage.py", "sweep", "--once")


@contextmanager
def worker(command: Sequence[str] = CELERY, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with the tests' graphs and a lease of one second; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={
            **child_environment(),
            "PLACET_PREPARED": "1",
            "PLACET_HOSTED_GRAPHS": SETTING,
            "PLACET_LEASE_SECONDS": "1",
            **environment,
        },
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def empty_broker() -> None:
    """Let this process' nudges get there, then wipe them."""
    assert afterwards.drain(10)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
