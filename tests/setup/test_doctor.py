"""The doctor on real servers: sound ones, and ones made unsound."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from agents.models import Agent, Delivery
from config import durability, health
from config.durability import UnsafeDurability, require_durable_commits, unsafe_settings
from config.env import Env
from config.health import Finding, Level
from tests.factories import World


def one(check: Callable[[], Iterator[Finding]]) -> Finding:
    (finding,) = check()
    return finding


@pytest.mark.parametrize(
    ("name", "value", "unsafe"),
    [
        ("fsync", "off", True),
        ("full_page_writes", "off", True),
        ("synchronous_commit", "off", True),
        ("synchronous_commit", "local", False),
        ("synchronous_commit", "remote_apply", False),
        ("fsync", "", True),
    ],
)
def test_which_settings_lose_commits(name: str, value: str, unsafe: bool) -> None:
    found = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", name: value}
    assert unsafe_settings(found) == ([f"{name} = {value}"] if unsafe else [])


def test_a_setting_that_is_not_told_counts_as_unsafe() -> None:
    assert unsafe_settings({}) == ["fsync = ?", "full_page_writes = ?", "synchronous_commit = ?"]


@pytest.fixture
def strict(settings: Any) -> None:
    """The check as it is outside tests."""
    settings.ENV = Env(**{**settings.ENV.model_dump(), "placet_allow_unsafe_durability": False})


def switched_off(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return bool(cursor.fetchone()[0] == "off")


def test_web_processes_refuse_a_database_that_forgets(db: None, strict: None) -> None:
    if not switched_off("fsync"):
        pytest.skip("this run's own database is durable")
    with pytest.raises(UnsafeDurability, match=r"fsync = off.*would lose decisions"):
        require_durable_commits()


def test_web_processes_serve_where_commits_last(
    db: None, strict: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "SAFE", {"synchronous_commit": ("on",)})
    require_durable_commits()


def test_lost_durability_is_a_failure(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    finding = one(health.durability)
    assert finding.level is Level.FAIL
    assert "synchronous_commit = off" in finding.says


def test_the_servers_of_the_tests_are_new_and_hold_every_character(db: None) -> None:
    assert one(health.version).level is Level.OK
    assert one(health.encoding).says == "UTF8"
    assert one(health.migrations).level is Level.OK
    assert one(health.clock).level is Level.OK


def test_an_application_role_that_is_superuser_is_a_failure(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_row", lambda question: ("postgres", True))
    assert one(health.role).level is Level.FAIL


@pytest.mark.parametrize(
    ("server", "level"), [(150_004, Level.FAIL), (160_000, Level.OK), (180_004, Level.OK)]
)
def test_old_servers_are_told(server: int, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    class Info:
        server_version = server

    monkeypatch.setattr(health, "connection", _Connected(Info))
    assert one(health.version).level is level


class _Connected:
    """As much of a connection as tells its server's version."""

    def __init__(self, info: type) -> None:
        self.info = info

    def cursor(self) -> _Connected:
        return self

    @property
    def connection(self) -> _Connected:
        return self


def test_missing_and_unknown_migrations_are_failures(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('inbox', '9999_later', now())"
        )
        assert "newer than this code: inbox.9999_later" in one(health.migrations).says
        cursor.execute("DELETE FROM django_migrations WHERE app = 'inbox' AND name = '9999_later'")
        # As a database has it that was made step by step, before one step took the place of all.
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('inbox', '0014_every_verb', now())"
        )
        assert one(health.migrations).level is Level.OK
        cursor.execute("DELETE FROM django_migrations WHERE app = 'inbox'")
    finding = one(health.migrations)
    assert finding.level is Level.FAIL
    assert finding.remedy == "Run `manage.py migrate`."


@pytest.mark.parametrize(
    ("age", "level"),
    [
        (timedelta(seconds=-5), Level.OK),
        (timedelta(seconds=5), Level.OK),
        (timedelta(minutes=1), Level.WARN),
        (timedelta(hours=1), Level.FAIL),
    ],
)
def test_deliveries_that_nobody_takes_are_told_by_their_age(
    world: World, age: timedelta, level: Level
) -> None:
    deliver(world.agent, state=Delivery.State.QUEUED, next_attempt_at=timezone.now() - age)
    assert one(health.outbox).level is level


def test_a_delivery_in_hand_is_not_late_until_its_lease_ends(world: World) -> None:
    hour = timedelta(hours=1)
    row = deliver(
        world.agent,
        state=Delivery.State.SENDING,
        next_attempt_at=timezone.now() - hour,
        lease_until=timezone.now() + hour,
    )
    assert one(health.outbox).level is Level.OK
    row.lease_until = timezone.now() - timedelta(minutes=2)
    row.save()
    assert one(health.outbox).level is Level.WARN


def test_given_up_deliveries_ask_for_a_person(world: World) -> None:
    deliver(world.agent, state=Delivery.State.DEAD, next_attempt_at=timezone.now())
    lag, stuck = health.outbox()
    assert lag.level is Level.OK
    assert stuck.level is Level.WARN
    assert stuck.says == "1 delivery was given up or ended unknown."


def deliver(agent: Agent, **fields: Any) -> Delivery:
    return Delivery.objects.create(
        team_id=agent.team_id, agent=agent, channel="hosted", correlation_id=agent.pk, thread="t", address="a",
        payload=b"{}", **fields,
    )  # fmt: skip


@pytest.fixture
def broker(settings: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        yield client


def test_a_broker_that_keeps_everything_is_sound(broker: redis.Redis) -> None:
    finding = one(health.broker)
    assert finding.level is Level.OK
    assert finding.says.endswith(", noeviction")


def test_a_broker_that_may_evict_is_a_failure(broker: redis.Redis) -> None:
    broker.config_set("maxmemory-policy", "allkeys-lru")
    try:
        finding = one(health.broker)
    finally:
        broker.config_set("maxmemory-policy", "noeviction")
    assert finding.level is Level.FAIL
    assert "allkeys-lru" in finding.says


def test_a_missing_broker_is_a_failure_and_its_workers_are_not_asked(db: None, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock?db=0"
    findings = {finding.check: finding for finding in health.examine()}
    assert findings["broker"].level is Level.FAIL
    assert "worker" not in findings


def test_nobody_at_work_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CANARY_SECONDS", 0.2)
    finding = one(health.worker)
    assert finding.level is Level.WARN
    assert "sweep" in finding.remedy


def test_a_missing_secret_key_is_a_failure(settings: Any) -> None:
    assert one(health.secret_key).level is Level.OK
    settings.SECRET_KEY = "unset"
    assert one(health.secret_key).level is Level.FAIL


def test_a_missing_database_stops_the_questions_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "postgres_address", lambda: {"host": "/nonexistent", "dbname": "placet"})
    findings = {finding.check: finding for finding in health.examine()}
    assert findings["database"].level is Level.FAIL
    assert "/nonexistent" in findings["database"].says
    assert "durability" not in findings


def test_the_exit_code_and_json_are_for_monitoring(monkeypatch: pytest.MonkeyPatch) -> None:
    said = StringIO()
    monkeypatch.setattr(
        "config.management.commands.doctor.examine", lambda: iter([Finding("x", Level.WARN, "hm", "do")])
    )
    call_command("doctor", "--json", stdout=said)
    assert json.loads(said.getvalue()) == [{"check": "x", "level": "warn", "says": "hm", "remedy": "do"}]
    monkeypatch.setattr(
        "config.management.commands.doctor.examine", lambda: iter([Finding("x", Level.FAIL, "no", "do")])
    )
    said = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", stdout=said, no_color=True)
    assert said.getvalue() == f"fail  x            no\n{'':<19}→ do\n"
