"""The ASGI pieces before the application: a byte cap, and the choice between socket, long poll and thread."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from uuid import UUID

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

_ONCE = (b"authorization", b"host", b"content-length", b"transfer-encoding", b"content-type")


class Room(Protocol):
    """Where long polls wait."""

    async def wait(self, request_id: UUID, seconds: float) -> None: ...

    async def close(self) -> None: ...


class BodyCap:
    """Refuses bodies over the cap with 413 before anything stores them, and headers that stand twice with 400."""

    def __init__(self, app: Asgi, *, limit: int, bulk_limit: int) -> None:
        self.app = app
        self.limit = limit
        self.bulk_limit = bulk_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        names = [name for name, _ in scope["headers"]]
        if any(names.count(name) > 1 for name in _ONCE):
            await _problem(send, 400, "repeated-header", "A header stands twice that may stand once.")
            return
        limit = self.bulk_limit if self._is_bulk(scope["path"]) else self.limit
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit():
            await _problem(send, 400, "bad-request", "Content-Length is not a number.")
            return
        if int(declared) > limit:
            await _problem(send, 413, "body-too-large", f"The body is over {limit:,} bytes.")
            return
        if b"transfer-encoding" in names:
            # WSGI reads as many bytes as Content-Length says: a chunked body is gathered here, under the same cap.
            body = await _gathered(receive, limit)
            if body is None:
                await _problem(send, 413, "body-too-large", f"The body is over {limit:,} bytes.")
                return
            headers = [(name, value) for name, value in scope["headers"] if name != b"transfer-encoding"]
            scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
            receive = _once(body, receive)
        # A declared length is enforced by the HTTP server itself: it never hands on more than that.
        await self.app(scope, receive, send)

    @staticmethod
    def _is_bulk(path: str) -> bool:
        # Batch sheets are forms of up to 500 lines; imports and bulk calls carry many requests.
        return path.endswith(("/bulk", "/batches")) or (path.startswith("/t/") and path.endswith("/decide"))


class Front:
    """Sockets to Channels, long polls through the wait room, the rest to the threads."""

    def __init__(
        self,
        *,
        http: Asgi,
        websocket: Asgi,
        room: Room,
        waits_for: Callable[[Any], tuple[UUID, float] | None],
        worth_waiting: Callable[[int, bytes], bool],
    ) -> None:
        self.http = http
        self.websocket = websocket
        self.room = room
        self.waits_for = waits_for
        self.worth_waiting = worth_waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self.websocket(scope, receive, send)
        elif (wanted := self.waits_for(scope)) is not None:
            await self._long_poll(scope, receive, send, *wanted)
        else:
            await self.http(scope, receive, send)

    async def _long_poll(
        self, scope: Scope, receive: Receive, send: Send, request_id: UUID, seconds: float
    ) -> None:
        first = _Kept()
        await self.http(scope, _empty, first)
        if self.worth_waiting(first.status, first.body):
            await self.room.wait(request_id, seconds)
            first = _Kept()
            # Asked anew: rights may have gone while we waited, and the answer must be as of now.
            await self.http(scope, _empty, first)
        for message in first.messages:
            await send(message)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.room.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Kept:
    """An answer held back until it is known whether to wait."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 500
        self.body = b""

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")


async def _gathered(receive: Receive, limit: int) -> bytes | None:
    """A whole body of at most `limit` bytes; None when it is longer or its sender went away."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _once(body: bytes, then: Receive) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await then()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _empty() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _problem(send: Send, status: int, code: str, detail: str) -> None:
    body = json.dumps(
        {
            "type": f"urn:placet:problem:{code}",
            "title": "Refused",
            "status": status,
            "code": code,
            "detail": detail,
            "errors": [],
            "request_id": "",
        }
    ).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
