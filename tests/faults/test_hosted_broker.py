"""The broker hurries and nothing more: with it, without it, and with it repeating itself."""

from __future__ import annotations

import time

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from agents import delivery, outbox
from config.env import celery_broker
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.conftest import hosted  # noqa: F401 - a fixture of this module too
from tests.integration.hosting.stage import ONCE, approve, begin, effects, queue, state, waiting
from tests.integration.hosting.worker import empty_broker, worker
from tests.product import until

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def open_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_closed_until", 0.0)


def test_workers_bring_everything_without_a_sweep(real_world: World) -> None:
    empty_broker()
    with worker(), worker():
        alone = [queue(real_world, "single", tool=ONCE) for _ in range(4)]
        together = queue(real_world, "fan", tool=ONCE, items=["a", "b", "c", "d", "e"])
        until(lambda: all(state(run) == "paused" for run in (*alone, together)), 60)
        for run in (*alone, together):
            for request in waiting(run):
                approve(real_world, request)
        until(lambda: all(state(run) == "done" for run in alone), 30)
        # A sibling that met another one's run at the lock is put back for the sweep: that one may come late.
        until(lambda: delivery.sweep() >= 0 and state(together) == "done", 30)
    assert [effects(run) for run in (*alone, together)] == [1, 1, 1, 1, 5]
    check_team(real_world.team)


def test_messages_that_come_five_times_to_two_workers_take_effect_once(real_world: World) -> None:
    runs = [begin(real_world, "single", tool=ONCE) for _ in range(4)]
    rows = [approve(real_world, waiting(run)[0]) for run in runs]
    empty_broker()
    for row in rows:
        for _ in range(5):
            outbox._publish("agents.deliver", str(row.pk))
    with worker(), worker():
        until(lambda: all(state(run) == "done" for run in runs), 60)
        until(broker_is_quiet, 30)
    assert [effects(run) for run in runs] == [1, 1, 1, 1]
    check_team(real_world.team)


def test_with_the_broker_wiped_one_sweep_brings_everything(real_world: World) -> None:
    runs = [begin(real_world, "single", tool=ONCE) for _ in range(5)]
    for run in runs:
        approve(real_world, waiting(run)[0])
    empty_broker()
    delivery.sweep()
    assert [(state(run), effects(run)) for run in runs] == [("done", 1)] * 5
    check_team(real_world.team)


def test_with_the_broker_absent_nothing_is_slower_than_one_sweep(
    real_world: World, settings: Settings
) -> None:
    empty_broker()
    settings.CELERY_BROKER_URL = celery_broker("unix:///nowhere/valkey.sock?db=0")
    runs = [begin(real_world, "single", tool=ONCE) for _ in range(3)]
    began = time.monotonic()
    for run in runs:
        approve(real_world, waiting(run)[0])
    assert time.monotonic() - began < 2, "deciding does not wait for a broker"
    delivery.sweep()
    assert [(state(run), effects(run)) for run in runs] == [("done", 1)] * 3
    check_team(real_world.team)


def test_a_worker_that_would_read_checkpoints_loosely_does_not_come_up(real_world: World) -> None:
    with worker(LANGGRAPH_STRICT_MSGPACK="false") as process:
        assert process.wait(60) == 1


def broker_is_quiet() -> bool:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return client.llen("celery") == 0 and client.hlen("unacked") == 0
