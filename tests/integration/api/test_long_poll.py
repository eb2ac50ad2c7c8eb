"""Waiting for a decision over the real front: quick when decided, nothing held while waiting, safe without a broker."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
from django.db import connection

from inbox.models import ApprovalRequest
from inbox.services.converse import Heard, guide, reply
from inbox.services.converse import ask as question
from tests.factories import World, ask, body, vote
from tests.product import Product, product, until


def waiting_call(
    site: Product, world: World, request: ApprovalRequest, wait: float, after: str | None = None
) -> tuple[threading.Thread, list[tuple[float, httpx2.Response]]]:
    """Start a long poll on a thread; the list gets (when it was answered, the answer)."""
    answers: list[tuple[float, httpx2.Response]] = []

    def call() -> None:
        with httpx2.Client(trust_env=False, timeout=wait + 10) as client:
            response = client.get(
                f"{site.origin}/api/v1/requests/{request.pk}",
                params={"wait": wait, **({"after": after} if after else {})},
                headers={"Authorization": f"Bearer {world.token}"},
            )
        answers.append((time.monotonic(), response))

    thread = threading.Thread(target=call)
    thread.start()
    return thread, answers


def test_a_decision_wakes_the_waiting_agent(site: Product, real_world: World) -> None:
    request = ask(real_world)
    thread, answers = waiting_call(site, real_world, request, 20)
    until(lambda: _sees_first_read(real_world), 10)
    vote(real_world, request, real_world.dave)
    decided = time.monotonic()
    thread.join(15)
    when, response = answers[0]
    assert response.json()["outcome"] == "approved"
    assert when - decided < 5


def test_what_people_say_wakes_the_agent_once_and_is_not_missed_between_two_waits(
    site: Product, real_world: World
) -> None:
    request = ask(real_world, "issue_refund", {"amount": 20, "customer": "cus_1"})

    def say(person_says: Callable[..., Heard], text: str) -> str:
        said = person_says(
            person=real_world.carol, team=real_world.team, request_id=request.pk, text=text, key=text
        )
        return str(said.message.pk)

    def waited(after: str | None, during: Callable[[], object]) -> tuple[list[str], bool]:
        """What was said by the end of a wait of 4 seconds, and whether something ended it before."""
        began = time.monotonic()
        thread, answers = waiting_call(site, real_world, request, 4, after)
        time.sleep(1)
        during()
        thread.join(20)
        when, response = answers[0]
        return [message["text"] for message in response.json()["messages"]], when - began < 3.5

    def nothing() -> None:
        pass

    def answer() -> None:
        reply(agent=real_world.agent, request_id=request.pk, text="an answer", key=uuid4().hex)

    assert waited(None, lambda: say(question, "one")) == (["one"], True)
    # Said before the wait began: known to be new where the agent says what it has read.
    assert waited("none", nothing) == (["one"], True)
    first, second = str(request.messages.get().pk), say(guide, "two")
    assert waited(first, nothing) == (["one", "two"], True)
    assert waited(second, answer) == (["one", "two", "an answer"], False)
    assert waited(None, nothing) == (["one", "two", "an answer"], False)


def test_the_wait_ends_by_itself(site: Product, real_world: World) -> None:
    request = ask(real_world)
    thread, answers = waiting_call(site, real_world, request, 1)
    thread.join(10)
    assert answers[0][1].json()["state"] == "pending"


def test_a_closed_request_and_a_strangers_are_answered_at_once(site: Product, real_world: World) -> None:
    closed = ask(real_world, "lookup_order", {"order": "#1"})
    thread, answers = waiting_call(site, real_world, closed, 20)
    thread.join(5)
    assert answers[0][1].json()["state"] == "decided"
    with httpx2.Client(trust_env=False) as client:
        response = client.get(
            f"{site.origin}/api/v1/requests/{closed.pk}?wait=20",
            headers={"Authorization": "Bearer plc_000000000000_" + "x" * 43},
        )
    assert response.status_code == 401


def test_forty_waiting_agents_hold_no_connection_and_block_nobody(site: Product, real_world: World) -> None:
    """More waits than there are threads: another call is answered meanwhile, and all are woken."""
    requests = [ask(real_world, thread=f"run-{n}") for n in range(40)]
    before = _connections()
    calls = [waiting_call(site, real_world, request, 30) for request in requests]
    with httpx2.Client(trust_env=False, timeout=10) as client:
        until(lambda: client.get(f"{site.origin}/healthz").status_code == 200, 10)
    assert _connections() - before <= 10
    for request in requests:
        vote(real_world, request, real_world.dave)
    for thread, _ in calls:
        thread.join(20)
    assert {answers[0][1].json()["outcome"] for _, answers in calls} == {"approved"}


def test_without_a_broker_the_wait_still_ends(real_world: World, tmp_path: Path) -> None:
    with product(tmp_path, REDIS_URL="unix:///nonexistent/valkey.sock?db=0") as running:
        running.start("web")
        request = ask(real_world)
        thread, answers = waiting_call(running, real_world, request, 25)
        vote(real_world, request, real_world.dave)
        thread.join(20)
        assert answers[0][1].json()["outcome"] == "approved"


def test_bodies_over_the_cap_are_refused_before_they_are_stored(site: Product, real_world: World) -> None:
    def pieces(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b" " * 1024
        yield json.dumps(body()).encode()

    headers = {"Authorization": f"Bearer {real_world.token}", "Content-Type": "application/json"}
    with httpx2.Client(trust_env=False, timeout=10) as client:
        declared = client.post(f"{site.origin}/api/v1/requests", content=b"x" * (300 * 1024), headers=headers)
        chunked = client.post(f"{site.origin}/api/v1/requests", content=pieces(400), headers=headers)
        short = client.post(f"{site.origin}/api/v1/requests", content=pieces(2), headers=headers)
    assert (declared.status_code, chunked.status_code, short.status_code) == (413, 413, 201)
    assert declared.json()["code"] == chunked.json()["code"] == "body-too-large"


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _sees_first_read(world: World) -> bool:
    world.agent.refresh_from_db()
    return world.agent.last_seen_at is not None
