"""A worker that is frozen, not dead: it holds its thread, loses its lease, and wakes up late."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.db import connection

from agents import delivery
from agents.hosting.locks import thread_lock
from agents.models import Delivery
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.conftest import hosted  # noqa: F401 - a fixture of this module too
from tests.integration.hosting.stage import ONCE, approve, begin, effects, entry_of, settle, state, waiting
from tests.integration.hosting.worker import empty_broker, worker
from tests.product import until

pytestmark = pytest.mark.faults


def test_a_worker_frozen_in_the_middle_of_a_run_finishes_it_alone(real_world: World, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = begin(real_world, "patient", tool=ONCE, gate=str(gate))
    empty_broker()
    row = approve(real_world, waiting(run)[0])
    with worker() as process:
        until((tmp_path / "gate.reached").exists, 60)
        os.kill(process.pid, signal.SIGSTOP)
        until(lambda: delivery.claim_next() is not None, 10, "the frozen worker's lease never ended")
        row.refresh_from_db()
        assert row.epoch == 2
        Delivery.objects.filter(pk=row.pk).update(lease_until=row.created_at)
        delivery.sweep()
        row.refresh_from_db()
        assert (row.state, effects(run)) == ("queued", 0), "its thread is still its own"

        gate.touch()
        os.kill(process.pid, signal.SIGCONT)
        until(lambda: effects(run) == 1, 30)
        settle(real_world, lambda: state(run) == "done")
    row.refresh_from_db()
    assert (row.state, effects(run)) == ("delivered", 1)
    check_team(real_world.team)


def test_a_worker_frozen_before_it_began_begins_nothing(real_world: World) -> None:
    run = begin(real_world, "single", tool=ONCE)
    empty_broker()
    row = approve(real_world, waiting(run)[0])
    with worker(PLACET_LEASE_SECONDS="4") as process:
        with thread_lock(run.thread, wait=1) as held:
            assert held
            until(lambda: lock_sessions() == 2, 60, "the worker never came to the thread's lock")
            os.kill(process.pid, signal.SIGSTOP)
            Delivery.objects.filter(pk=row.pk).update(lease_until=row.created_at)
            assert delivery.claim(row.pk) is not None
            os.kill(process.pid, signal.SIGCONT)
        until(lambda: lock_sessions() == 0, 10, "the worker never let the thread go")
    row.refresh_from_db()
    assert (row.epoch, row.state, entry_of(row), effects(run)) == (2, "sending", None, 0)
    Delivery.objects.filter(pk=row.pk).update(lease_until=row.created_at)
    settle(real_world, lambda: state(run) == "done")
    assert effects(run) == 1
    check_team(real_world.team)


def test_a_run_longer_than_its_lease_keeps_it(real_world: World, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = begin(real_world, "patient", tool=ONCE, gate=str(gate))
    empty_broker()
    row = approve(real_world, waiting(run)[0])
    with worker():
        until((tmp_path / "gate.reached").exists, 60)
        row.refresh_from_db()
        first = row.lease_until
        assert first is not None

        def renewed_past_the_first_lease() -> bool:
            found = Delivery.objects.get(pk=row.pk)
            assert found.epoch == 1
            return found.lease_until is not None and (found.lease_until - first).total_seconds() > 1

        until(renewed_past_the_first_lease, 20)
        assert delivery.claim(row.pk) is None
        gate.touch()
        until(lambda: state(run) == "done", 30)
    row.refresh_from_db()
    assert (row.state, row.epoch, effects(run)) == ("delivered", 1, 1)
    check_team(real_world.team)


def lock_sessions() -> int:
    """Sessions that hold a thread or wait for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'placet-thread-lock'"
        )
        row = cursor.fetchone()
    return int(row[0])
