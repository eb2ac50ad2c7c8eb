"""One stream on which an agent hears of all its requests, and asking that waits: over the real front."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.db import connection

from inbox.models import ApprovalRequest, AuditEvent
from inbox.selectors import happened
from inbox.services.pauses import pause, resume
from tests.factories import World, ask, body, make_world, vote
from tests.integration.api.conftest import Caller
from tests.product import Product, product, until


class Listener:
    """A client that keeps what the stream says, on a thread of its own."""

    def __init__(self, site: Product, token: str, **headers: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.last = ""
        self.status = 0
        self.beats = 0
        self.said: dict[str, Any] = {}
        self.whole = self.ended = False
        self._thread = threading.Thread(target=self._listen, args=(site, token, headers), daemon=True)
        self._thread.start()

    def _listen(self, site: Product, token: str, headers: dict[str, str]) -> None:
        try:
            self._read(site, token, headers)
        finally:
            self.ended = True

    def _read(self, site: Product, token: str, headers: dict[str, str]) -> None:
        given = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", **headers}
        with (
            # The server of the test ends before its listeners do.
            contextlib.suppress(httpx2.HTTPError),
            httpx2.Client(trust_env=False, timeout=30) as client,
            client.stream("GET", f"{site.origin}/api/v1/events", headers=given) as response,
        ):
            self.status = response.status_code
            for line in response.iter_lines():
                if line.startswith("data: "):
                    self.events.append(json.loads(line.removeprefix("data: ")))
                elif line.startswith("id: "):
                    self.last = line.removeprefix("id: ")
                elif line.startswith(": "):
                    self.beats += 1
                elif line.startswith("{"):
                    self.said = json.loads(line)
            self.whole = True

    def heard(self, request: ApprovalRequest, state: str) -> bool:
        return any(one["id"] == str(request.pk) and one["state"] == state for one in self.events)


def test_one_stream_tells_of_many_requests_and_goes_on_where_it_was(site: Product, real_world: World) -> None:
    world, other = real_world, make_world()
    listener = Listener(site, world.token)
    until(lambda: listener.last != "", 10)
    requests = [ask(world, args={"path": f"{n}", "text": "x"}) for n in range(3)]
    foreign = ask(other)
    for request in requests:
        vote(world, request, world.dave)
    until(lambda: all(listener.heard(one, "decided") for one in requests), 10)
    assert {one["id"] for one in listener.events} == {str(one.pk) for one in requests}
    assert set(listener.events[0]) == {"id", "state", "seq"}
    with connection.cursor() as cursor:
        # Of this database: the other workers of the tests have theirs on the same server.
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state LIKE 'idle in transaction%%' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
    again = Listener(site, world.token, **{"Last-Event-ID": str(listener.events[-2]["seq"])})
    until(lambda: bool(again.last), 10)
    assert [one["seq"] for one in again.events] == [listener.events[-1]["seq"]]
    assert str(foreign.pk) not in {one["id"] for one in [*again.events, *listener.events]}
    refused = Listener(site, "plc_000000000000_" + "x" * 43)
    until(lambda: refused.status == 401, 10)


def test_asking_waits_for_the_decision_or_goes_on_without(site: Product, real_world: World) -> None:
    world = real_world
    answers: list[httpx2.Response] = []

    def call(wait: str) -> None:
        with httpx2.Client(trust_env=False, timeout=40) as client:
            answers.append(
                client.post(
                    f"{site.origin}/api/v1/requests?wait={wait}",
                    json=body(thread=f"wait-{wait}"),
                    headers={"Authorization": f"Bearer {world.token}"},
                )
            )

    call("1")
    assert (answers[0].status_code, answers[0].json()["state"]) == (201, "pending")
    thread = threading.Thread(target=call, args=("20",))
    thread.start()
    mine = ApprovalRequest.objects.filter(agent=world.agent, thread="wait-20")
    until(mine.exists, 10)
    begun = time.monotonic()
    vote(world, mine.get(), world.dave)
    thread.join(15)
    assert time.monotonic() - begun < 8
    assert (answers[1].status_code, answers[1].json()["outcome"]) == (201, "approved")
    call("26")
    assert answers[2].status_code == 422


def test_a_page_of_events_is_bounded_and_says_where_to_go_on(
    world: World, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Caller(world.token, client)

    def page(query: str = "") -> Any:
        answer = api.call("GET", f"/events{query}")
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    start = page()
    assert (start["items"], start["stream"]) == ([], str(world.team.pk))
    request = ask(world)
    vote(world, request, world.dave)
    stopped = pause(person=world.erin, team=world.team, reason="x")
    resume(person=world.erin, pause_id=stopped.pk)
    now = page(f"?after={start['next']}")
    assert [(one["id"], one["state"]) for one in now["items"]] == [(str(request.pk), "decided")] * 2 + [
        (None, None)
    ]
    assert page(f"?after={now['next']}")["items"] == []
    assert api.call("GET", "/events?after=-1").status_code == 422
    monkeypatch.setattr(happened, "WINDOW", 1)
    assert page(f"?after={start['next']}")["next"] == start["next"] + 1
    assert AuditEvent.objects.filter(team=world.team).count() == now["next"]


def test_streams_are_bounded_in_number_silence_and_time(real_world: World, tmp_path: Path) -> None:
    tight = {
        "PLACET_EVENT_STREAMS": "2",
        "PLACET_EVENT_HEARTBEAT": "0.3",
        "PLACET_EVENT_SECONDS": "3",
    }
    with product(tmp_path, **tight) as site:
        site.start("web")
        first, second = (Listener(site, real_world.token) for _ in range(2))
        until(lambda: bool(first.last and second.last), 10)
        begun = time.monotonic()
        refused = Listener(site, real_world.token)
        until(lambda: refused.ended, 10)
        assert (refused.status, refused.said["code"]) == (503, "overloaded")
        # Nothing happens, and it says so again and again.
        until(lambda: first.beats >= 3, 3)
        assert first.events == []
        until(lambda: first.ended and second.ended, 10)
        assert 1 < time.monotonic() - begun < 8, "it ends by itself, and not at once"
        assert first.whole, "the server ended it: nothing was cut"
        # What ended, and what a client left, makes room.
        with httpx2.Client(trust_env=False, timeout=5) as client:
            given = {"Authorization": f"Bearer {real_world.token}", "Accept": "text/event-stream"}
            for _ in range(3):
                with client.stream("GET", f"{site.origin}/api/v1/events", headers=given) as gone:
                    assert gone.status_code == 200
        again: list[Listener] = []

        def room() -> bool:
            again.append(Listener(site, real_world.token))
            until(lambda: bool(again[-1].status), 5)
            return again[-1].status == 200

        until(room, 10)
