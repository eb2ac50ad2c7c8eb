"""What `manage.py doctor` looks at: one function a question, each answering with findings and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.db.utils import Error as DatabaseError
from kombu.exceptions import OperationalError

from agents.models import Delivery
from config.celery import app
from config.durability import QUESTION, SAFE, postgres_address, unsafe_settings
from inbox.models import PolicyVersion
from inbox.policy.problems import PolicyError
from inbox.selectors.policy import asking_of

OLDEST_POSTGRES = 16
# A sweep finds due rows every few seconds: older ones mean that nobody sweeps.
LATE, VERY_LATE = 30.0, 300.0
SKEW, GROSS_SKEW = 1.0, 30.0
CANARY_SECONDS = 5.0


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; `remedy` says what to do about it, empty when nothing needs doing."""

    check: str
    level: Level
    says: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings, in the order in which their remedies help."""
    yield from secret_key()
    try:
        # Not through Django's pool, which would go on trying for ten seconds.
        psycopg.connect(**postgres_address(), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        yield Finding(
            "database",
            Level.FAIL,
            f"Postgres does not answer: {str(error).strip().splitlines()[0]}",
            "Run `manage.py up` in another terminal, or set DATABASE_URL.",
        )
    else:
        for check in (version, encoding, role, durability, migrations, clock, outbox, policies):
            yield from _answers(check)
    answers = list(broker())
    yield from answers
    if all(finding.level is not Level.FAIL for finding in answers):
        yield from worker()


def _answers(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except DatabaseError as error:
        yield Finding(
            check.__name__,
            Level.FAIL,
            f"Postgres refused the question: {str(error).strip().splitlines()[0]}",
            "Run `manage.py migrate`, and look at the rights of the role in DATABASE_URL.",
        )


def secret_key() -> Iterator[Finding]:
    """Whether sessions are signed with a key of this installation's own."""
    if settings.SECRET_KEY == "unset":  # noqa: S105 - the placeholder, not a key
        yield Finding(
            "secret key",
            Level.FAIL,
            "No secret key is set.",
            "Set PLACET_SECRET_KEY to 50 random characters; `manage.py up` makes its own.",
        )
    else:
        yield Finding("secret key", Level.OK, "A key of this installation signs sessions and links.")


def version() -> Iterator[Finding]:
    """Whether the server is new enough for the SQL that is used."""
    number = connection.cursor().connection.info.server_version
    found = f"Postgres {number // 10_000}.{number % 10_000}"
    if number // 10_000 < OLDEST_POSTGRES:
        yield Finding(
            "version",
            Level.FAIL,
            found,
            f"Move to Postgres {OLDEST_POSTGRES} or newer; 18 is what is tested.",
        )
    else:
        yield Finding("version", Level.OK, found)


def encoding() -> Iterator[Finding]:
    """Whether every character an agent sends can be stored."""
    found = _row("SHOW server_encoding")[0]
    if found == "UTF8":
        yield Finding("encoding", Level.OK, "UTF8")
    else:
        yield Finding("encoding", Level.FAIL, str(found), "Create the database anew with ENCODING 'UTF8'.")


def role() -> Iterator[Finding]:
    """Whether the application could switch off the triggers that keep history as it was."""
    name, superuser = _row("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
    if superuser:
        yield Finding(
            "role", Level.FAIL, f"{name} is a superuser: the audit's triggers do not bind it.",
            "Connect as a role that owns its database and is no superuser (docs/how-to/deploy.md).",
        )  # fmt: skip
    else:
        yield Finding("role", Level.OK, f"{name} is no superuser")


def durability() -> Iterator[Finding]:
    """Whether an acknowledged decision survives a crash."""
    with connection.cursor() as cursor:
        cursor.execute(QUESTION, [list(SAFE)])
        unsafe = unsafe_settings(dict(cursor.fetchall()))
    if unsafe:
        yield Finding(
            "durability", Level.FAIL, f"A crash can lose acknowledged decisions: {', '.join(unsafe)}.",
            "ALTER SYSTEM SET … = on, reload, and look for ALTER ROLE or ALTER DATABASE settings that undo it.",
        )  # fmt: skip
    else:
        yield Finding("durability", Level.OK, "fsync, full_page_writes and synchronous_commit are on")


def migrations() -> Iterator[Finding]:
    """Whether the tables are those of this code."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    # A step that took the place of others stands beside their names in a database that applied those.
    replaced = {name for step in executor.loader.replacements.values() for name in step.replaces}
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations) - replaced
    ours = sorted(f"{app}.{name}" for app, name in unknown if app in executor.loader.migrated_apps)
    if missing:
        yield Finding(
            "migrations", Level.FAIL, f"{len(missing)} are not applied.", "Run `manage.py migrate`."
        )
    elif ours:
        yield Finding(
            "migrations", Level.FAIL, f"The database is newer than this code: {', '.join(ours)}.",
            "Run the version of Placet that made them.",
        )  # fmt: skip
    else:
        yield Finding("migrations", Level.OK, "all applied")


def clock() -> Iterator[Finding]:
    """How far this machine's clock is from the database's, which alone decides deadlines."""
    before = datetime.now(UTC)
    theirs = _row("SELECT clock_timestamp()")[0]
    after = datetime.now(UTC)
    skew = (theirs - (before + (after - before) / 2)).total_seconds()
    level = Level.FAIL if abs(skew) > GROSS_SKEW else Level.WARN if abs(skew) > SKEW else Level.OK
    remedy = (
        ""
        if level is Level.OK
        else "Run a time service (NTP) on both machines: shown deadlines are off by this much."
    )
    yield Finding(
        "clock", level, f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} the database", remedy
    )


def outbox() -> Iterator[Finding]:
    """Whether decisions reach the agents that wait for them."""
    waiting = (Delivery.State.QUEUED, Delivery.State.SENDING)
    stuck = (Delivery.State.DEAD, Delivery.State.UNKNOWN)
    due, oldest = _row(
        "SELECT count(*), extract(epoch FROM clock_timestamp() - min(greatest(next_attempt_at, lease_until)))"
        " FROM agents_delivery WHERE state = ANY(%s) AND next_attempt_at <= clock_timestamp()"
        " AND (lease_until IS NULL OR lease_until <= clock_timestamp())",
        [str(state) for state in waiting],
    )
    age = float(oldest or 0)
    level = Level.FAIL if age > VERY_LATE else Level.WARN if age > LATE else Level.OK
    remedy = (
        "" if level is Level.OK else "Nothing sweeps: start `manage.py sweep` or a worker, and read its log."
    )
    yield Finding(
        "outbox", level, f"{due} due, the oldest for {age:.0f} s" if due else "nothing overdue", remedy
    )
    if count := Delivery.objects.filter(state__in=stuck).count():
        yield Finding(
            "outbox", Level.WARN, f"{count} {'delivery was' if count == 1 else 'deliveries were'} given up or ended unknown.",
            "A person must look: they are listed on their agents' pages.",
        )  # fmt: skip


def policies() -> Iterator[Finding]:
    """Whether the policies in force are read as they were written."""
    changed = 0
    for version in PolicyVersion.objects.select_related("policy__team").filter(policy__current_id=F("pk")):
        team = version.policy.team.slug
        try:
            asking = asking_of(version)
        except PolicyError as error:
            changed += 1
            yield Finding(
                "policies", Level.FAIL, f"Version {version.number} of {team} cannot be read: {error.problems[0].message}",
                "Until an admin writes its next version, people are asked for the most.",
            )  # fmt: skip
        else:
            if asking:
                changed += 1
                yield Finding(
                    "policies", Level.WARN, f"Version {version.number} of {team}: {', '.join(asking)} allowed for claims alone, and ask now.",
                    "An admin writes these rules anew, or takes them out.",
                )  # fmt: skip
    if not changed:
        yield Finding("policies", Level.OK, "read as they were written")


def broker() -> Iterator[Finding]:
    """Whether hints travel at all. Without a broker everything still arrives with the next sweep."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    policy: str | None = ""
    try:
        info = client.info("server")
        # Managed services keep CONFIG to themselves.
        with suppress(redis.ResponseError):
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except redis.RedisError as error:
        yield Finding(
            "broker", Level.FAIL, f"The broker does not answer: {error}",
            "Run `manage.py up`, or set REDIS_URL; until then decisions wait for the sweep.",
        )  # fmt: skip
        return
    finally:
        client.close()
    name = f"{'Valkey' if 'valkey_version' in info else 'Redis'} {info.get('valkey_version', info['redis_version'])}"
    if policy == "noeviction":
        yield Finding("broker", Level.OK, f"{name}, noeviction")
    elif policy:
        yield Finding(
            "broker", Level.FAIL, f"{name} may throw tasks away: maxmemory-policy is {policy}.",
            "CONFIG SET maxmemory-policy noeviction, and in its configuration file.",
        )  # fmt: skip
    else:
        yield Finding(
            "broker",
            Level.WARN,
            f"{name} does not tell its maxmemory-policy.",
            "Make sure that it is noeviction.",
        )


def worker() -> Iterator[Finding]:
    """Whether a Celery worker answers."""
    try:
        # The first answer will do; otherwise all the time is waited for further ones.
        alive = app.control.ping(timeout=CANARY_SECONDS, limit=1)
    except (OperationalError, redis.RedisError, OSError) as error:
        alive = []
        reason = f"No worker can be asked: {error}"
    else:
        reason = f"No worker answered within {CANARY_SECONDS:g} s."
    if alive:
        yield Finding(
            "worker", Level.OK, f"{', '.join(name for answer in alive for name in answer)} answered"
        )
    else:
        yield Finding(
            "worker",
            Level.WARN,
            reason,
            "Start `celery -A config worker`; until then everything waits for the sweep.",
        )


def _row(question: str, *parameters: list[str]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return tuple(cursor.fetchone() or ())
