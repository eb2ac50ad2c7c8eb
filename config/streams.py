"""`GET /api/v1/events` as server-sent events: one connection on which an agent hears of all its requests.

Each event carries a request's id, its state and a number, never content. The ordinary view is asked for what happened since
(who may, and what is whose, is its affair, and is asked again each time); between its answers the stream waits in the wait
room, without a thread and without a database connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from config.front import Asgi, Kept, Receive, Room, Scope, Send, answer_problem, empty

PATH = "/api/v1/events"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one process gives to streams.

    `most` are open at once; one more is told to come back. A stream says something at least every `heartbeat` seconds,
    ends after `life` seconds, so that a restart never waits longer, and looks at most every `breath` seconds, however
    busy its team is.
    """

    most: int
    heartbeat: float
    life: float
    breath: float = 0.5


def wants_stream(scope: Scope) -> bool:
    """Whether the call is for the stream and not for one page of it."""
    accepts = dict(scope["headers"]).get(b"accept", b"")
    return scope["method"] == "GET" and scope["path"] == PATH and b"text/event-stream" in accepts


class EventStreams:
    """The streams of one process."""

    def __init__(self, http: Asgi, room: Room, bounds: Bounds) -> None:
        self.http = http
        self.room = room
        self.bounds = bounds
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.open >= self.bounds.most:
            await answer_problem(
                send, 503, "overloaded", "Too many event streams are open. Come back in a while."
            )
            return
        self.open += 1
        try:
            first = Kept()
            await self.http(_asking(scope, _place(scope)), empty, first)
            if first.status != 200:
                for message in first.messages:
                    await send(message)
                return
            gone = asyncio.create_task(_gone(receive))
            telling = asyncio.create_task(self._tell(scope, send, json.loads(first.body)))
            await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
            for task in (gone, telling):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task
        finally:
            self.open -= 1

    async def _tell(self, scope: Scope, send: Send, page: dict[str, Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        clock = asyncio.get_running_loop().time
        ends = clock() + self.bounds.life
        while True:
            await _say(send, "".join(_frames(page)))
            left = ends - clock()
            if left <= 0:
                break
            await asyncio.sleep(min(self.bounds.breath, left))
            silence = min(self.bounds.heartbeat, max(ends - clock(), 0))
            await self.room.wait_for_stream(UUID(page["stream"]), page["next"], silence)
            later = Kept()
            await self.http(_asking(scope, str(page["next"])), empty, later)
            if later.status != 200:
                # The token was revoked, or the database is away: the agent is told when it connects again.
                break
            page = json.loads(later.body)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def _frames(page: dict[str, Any]) -> Iterator[str]:
    for item in page["items"]:
        yield f"id: {item['seq']}\nevent: request\ndata: {json.dumps(item, separators=(',', ':'))}\n\n"
    # Without data it is no event, but it moves the place from which a client goes on, and keeps proxies from closing.
    yield f"id: {page['next']}\n: still here\n\n"


def _place(scope: Scope) -> str | None:
    """Where the stream begins: what a reconnecting client says it heard last, else `after`."""
    last = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1").strip()
    asked: list[str] = parse_qs(scope["query_string"].decode("latin-1")).get("after", [])
    return last or (asked[0] if asked else None)


def _asking(scope: Scope, after: str | None) -> Scope:
    query = urlencode({"after": after}).encode() if after is not None else b""
    return {**scope, "query_string": query}


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
