"""`python -m bench.main_path`: asking, opening pages, deciding and waking, against a running `manage.py up`.

Loopback only, bounded in time and count. The raw limit is one table row of a kilobyte, committed by as many
connections as there are callers, measured just before; read the ratio, not the absolute figure.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402

from agents import services as gateway  # noqa: E402
from inbox.models import ApprovalRequest, RequestGroup, Team  # noqa: E402
from inbox.policy.document import default_document  # noqa: E402
from inbox.policy.words import Effect  # noqa: E402
from inbox.services import personal_tokens  # noqa: E402
from inbox.services.teams import DEFAULT_LADDER, add_member, create_team  # noqa: E402
from inbox.services.tools import ToolDescription, import_tools  # noqa: E402

CALLERS = 8


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=8, help="how long to ask for, and to measure the raw limit for"
    )
    options = parser.parse_args()
    if not 0 < options.seconds <= 60:
        parser.error("--seconds takes up to 60")
    team, person, agent_token, personal = _setting()
    raw = _raw_limit(options.seconds)
    _row("raw limit: 1 kB rows committed", f"{raw:,.0f}/s", f"{CALLERS} connections")
    _asking(agent_token, options.seconds, raw)
    _pages(team, person)
    _waking(team, agent_token, personal)
    _batch(team, personal)


def _setting() -> tuple[Team, User, str, str]:
    slug = f"bench-{uuid4().hex[:8]}"
    # Without holds: what is measured is our own time, not the time people are given to undo.
    team = create_team(
        slug=slug, name="Bench", document=default_document(DEFAULT_LADDER, release_at_once=["*"])
    )
    person = User.objects.create_user(slug)
    add_member(team=team, user=person, tier="lead")
    import_tools(
        team=team,
        tools=[ToolDescription("write_file", Effect.WRITE, reversible=True, template="Write {path}")],
    )
    agent = gateway.register_agent(team_id=team.pk, handle="bench", owner=None)
    _, token = gateway.issue_token(agent=agent, name="bench", created_by=None, lifetime=timedelta(hours=1))
    _, personal = personal_tokens.issue(person=person, name="bench", lifetime=timedelta(hours=1))
    return team, person, token, personal


def _raw_limit(seconds: float) -> float:
    database = settings.DATABASES["default"]
    address = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "host": database["HOST"],
        "password": database["PASSWORD"],
    }
    table = f"bench_raw_{uuid4().hex[:8]}"
    with psycopg.connect(**{k: v for k, v in address.items() if v}, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} (id uuid PRIMARY KEY, payload jsonb)")

        def insert() -> Callable[[], None]:
            own = psycopg.connect(**{k: v for k, v in address.items() if v}, autocommit=True)
            payload = json.dumps({"text": "x" * 1000})
            return lambda: (
                own.execute(f"INSERT INTO {table} VALUES (gen_random_uuid(), %s)", (payload,)) and None
            )

        try:
            return len(_many(insert, seconds)) / seconds
        finally:
            connection.execute(f"DROP TABLE {table}")


def _asking(token: str, seconds: float, raw: float) -> None:
    def asker() -> Callable[[], None]:
        call = _caller(token)
        return lambda: call("POST", "/api/v1/requests", _body(uuid4().hex)) and None

    took = _many(asker, seconds)
    rate = len(took) / seconds
    _row("ask over HTTP", f"{rate:,.0f}/s = {rate / raw:.3f} of the raw limit", _spread(took))


def _pages(team: Team, person: User) -> None:
    client = Client(SERVER_NAME=urlsplit(settings.PLACET_ORIGIN).hostname)
    client.force_login(person)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    waiting = ApprovalRequest.objects.filter(team=team, state="pending")
    request, group = waiting.latest("id"), RequestGroup.objects.filter(team=team).latest("pending")
    call = _caller("", {"Cookie": cookie})
    for name, path in (
        ("open the inbox", f"/t/{team.slug}/"),
        ("open a request", f"/t/{team.slug}/r/{request.pk}"),
        ("open a batch sheet", f"/t/{team.slug}/g/{group.pk}"),
    ):
        took = [_timed(lambda p=path: call("GET", p, None)) for _ in range(30)]
        _row(name, f"{waiting.count():,} pending", _spread(took))


def _waking(team: Team, token: str, personal: str) -> None:
    ask, decide = _caller(token), _caller(personal)
    took: list[float] = []
    for _ in range(20):
        request = ask("POST", "/api/v1/requests", _body(uuid4().hex))
        woken: list[float] = []

        def wait(request_id: str = request["id"], woken: list[float] = woken) -> None:
            _caller(token)("GET", f"/api/v1/requests/{request_id}?wait=20", None)
            woken.append(time.perf_counter())

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)  # so that it is parked, which is what is measured
        decide("POST", f"/api/v1/requests/{request['id']}/decide", _decision(request))
        decided = time.perf_counter()
        thread.join()
        took.append(max(0.0, woken[0] - decided))
    _row("decision answered → waiting agent has it", "20 times", _spread(took))


def _batch(team: Team, personal: str) -> None:
    rows = ApprovalRequest.objects.filter(team=team, state="pending").values_list("pk", "digest")[:500]
    items = [{"id": str(pk), "digest": digest} for pk, digest in rows]
    body = {"items": items, "decision": "approve", "idempotency_key": uuid4().hex}
    took = _timed(lambda: _caller(personal)("POST", "/api/v1/batches", body))
    _row("approve a batch", f"{len(items)} requests", f"{took * 1000:,.0f} ms = {len(items) / took:,.0f}/s")


def _caller(token: str, headers: dict[str, str] | None = None) -> Callable[[str, str, Any], Any]:
    origin = urlsplit(settings.PLACET_ORIGIN)
    connection = http.client.HTTPConnection(origin.hostname or "127.0.0.1", origin.port, timeout=60)
    given = {
        "Content-Type": "application/json",
        **({"Authorization": f"Bearer {token}"} if token else {}),
        **(headers or {}),
    }

    def call(method: str, path: str, body: Any) -> Any:
        connection.request(method, path, json.dumps(body) if body is not None else None, given)
        response = connection.getresponse()
        raw = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {raw[:300]!r}")
        return json.loads(raw) if "json" in response.headers["Content-Type"] else raw

    return call


def _many(make: Callable[[], Callable[[], None]], seconds: float) -> list[float]:
    """Seconds each call took, from CALLERS threads calling one after the other until the time is over."""
    took: list[list[float]] = [[] for _ in range(CALLERS)]
    calls = [make() for _ in range(CALLERS)]
    end = time.perf_counter() + seconds

    def work(place: int) -> None:
        while time.perf_counter() < end:
            took[place].append(_timed(calls[place]))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for several in took for one in several]


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _spread(took: list[float]) -> str:
    ordered = sorted(took)
    if len(ordered) < 2:
        return "too few to say"
    cuts = statistics.quantiles(ordered, n=100, method="inclusive")
    return f"p50 {cuts[49] * 1000:,.1f}  p95 {cuts[94] * 1000:,.1f}  p99 {cuts[98] * 1000:,.1f}  max {ordered[-1] * 1000:,.1f} ms"


def _body(key: str) -> dict[str, Any]:
    return {
        "dedupe_key": key,
        "thread": f"bench-{key[:6]}",
        "actions": [
            {"key": "call_1", "name": "write_file", "args": {"path": f"docs/{key}.md", "text": "x" * 500}}
        ],
    }


def _decision(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "digest": request["digest"],
        "decisions": [{"key": "call_1", "type": "approve"}],
        "idempotency_key": uuid4().hex,
    }


def _row(name: str, figure: str, more: str) -> None:
    print(f"{name:<42} {figure:<38} {more}")


if __name__ == "__main__":
    main()
