"""The ASGI pieces before the application: whole bodies only, and the choice between socket, long poll and thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

_ONCE = (b"authorization", b"host", b"content-length", b"transfer-encoding", b"content-type")
_FRAMING = (b"content-length", b"transfer-encoding")


@dataclass(slots=True)
class _Refused(Exception):
    """The front answers this itself."""

    status: int
    code: str
    detail: str


class _SenderGone(Exception):
    """The connection ended before the body did."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A call that waits: for which request (None where the call itself asks for one), how long, and the last message
    its caller knows.

    `after` is None for no message at all; `given` says whether the caller named one, or none, itself.
    """

    request_id: UUID | None
    seconds: float
    after: UUID | None = None
    given: bool = False


class Room(Protocol):
    """Where long polls wait."""

    async def wait(self, request_id: UUID, seconds: float, after: UUID | None) -> None: ...

    async def wait_for_stream(self, team_id: UUID, after: int, seconds: float) -> None: ...

    async def close(self) -> None: ...


class BodyCap:
    """Hands on only requests whose body is here whole, in time and under the cap.

    The threads behind must never wait for a sender: eight slow ones would hold all of them, and a body cut short
    would be read as if it had ended there. So bodies are gathered here, where waiting costs no thread. Answers 400
    (headers that stand twice, a length that is none), 408 (not whole after `deadline` seconds), 413 (over the cap,
    in bytes) itself; a sender who went away gets no answer.
    """

    def __init__(self, app: Asgi, *, limit: int, bulk_limit: int, deadline: float) -> None:
        self.app = app
        self.limit = limit
        self.bulk_limit = bulk_limit
        self.deadline = deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except _Refused as refused:
            await _problem(send, refused)
        except _SenderGone:
            return
        else:
            # WSGI reads as many bytes as Content-Length says, so a chunked body gets one.
            headers = [pair for pair in scope["headers"] if pair[0] not in _FRAMING]
            if body:
                headers.append((b"content-length", str(len(body)).encode()))
            await self.app({**scope, "headers": headers}, _once(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        names = [name for name, _ in scope["headers"]]
        if any(names.count(name) > 1 for name in _ONCE):
            raise _Refused(400, "repeated-header", "A header stands twice that may stand once.")
        limit = self.bulk_limit if self._is_bulk(scope["path"]) else self.limit
        length = dict(scope["headers"]).get(b"content-length", b"0")
        # int() refuses thousands of digits with an error of its own; twenty are beyond any cap.
        if not length.isdigit() or len(length) > 20:
            raise _Refused(400, "bad-request", "Content-Length is not a number.")
        declared = int(length)
        if declared > limit:
            raise _too_large(limit)
        chunked = b"transfer-encoding" in names
        if not chunked and declared == 0:
            return b""
        try:
            async with asyncio.timeout(self.deadline):
                body = await _gathered(receive, limit)
        except TimeoutError:
            raise _Refused(
                408, "body-too-slow", f"The body was not here within {self.deadline:g} seconds."
            ) from None
        if not chunked and len(body) != declared:
            raise _Refused(400, "bad-request", "The body is not as long as Content-Length says.")
        return body

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
        waits_for: Callable[[Any], Poll | None],
        worth_waiting: Callable[[Poll, int, bytes], Poll | None],
        reading: Callable[[Any, UUID], Any],
        streams: Callable[[Any], bool],
        stream: Asgi,
    ) -> None:
        self.http = http
        self.websocket = websocket
        self.room = room
        self.waits_for = waits_for
        self.worth_waiting = worth_waiting
        self.reading = reading
        self.streams = streams
        self.stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self.websocket(scope, receive, send)
        elif (poll := self.waits_for(scope)) is not None:
            if poll.request_id is None:
                await self._ask_and_wait(scope, receive, send, poll)
            else:
                await self._long_poll(scope, send, poll)
        elif self.streams(scope):
            await self.stream(scope, receive, send)
        else:
            await self.http(scope, receive, send)

    async def _long_poll(self, scope: Scope, send: Send, poll: Poll) -> None:
        first = Kept()
        await self.http(scope, empty, first)
        parked = self.worth_waiting(poll, first.status, first.body)
        if parked is not None and parked.request_id is not None:
            await self.room.wait(parked.request_id, parked.seconds, parked.after)
            first = Kept()
            # Asked anew: rights may have gone while we waited, and the answer must be as of now.
            await self.http(scope, empty, first)
        for message in first.messages:
            await send(message)

    async def _ask_and_wait(self, scope: Scope, receive: Receive, send: Send, poll: Poll) -> None:
        """The asking is stored at once; what is answered is how it stands after the wait, under the first status."""
        first = Kept()
        await self.http(scope, receive, first)
        parked = self.worth_waiting(poll, first.status, first.body)
        if parked is not None and parked.request_id is not None:
            await self.room.wait(parked.request_id, parked.seconds, parked.after)
            later = Kept()
            await self.http(self.reading(scope, parked.request_id), empty, later)
            for message in later.messages:
                if message["type"] == "http.response.start" and later.status == 200:
                    message["status"] = first.status
            first = later
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


class Kept:
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


async def _gathered(receive: Receive, limit: int) -> bytes:
    """A whole body of at most `limit` bytes. Raises _Refused when it is longer, _SenderGone when it never ends."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _SenderGone
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit: int) -> _Refused:
    return _Refused(413, "body-too-large", f"The body is over {limit:,} bytes.")


def _once(body: bytes, then: Receive) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await then()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def empty() -> Message:
    """The whole body of a call without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def answer_problem(send: Send, status: int, code: str, detail: str) -> None:
    """Answer with a problem in the API's shape."""
    await _problem(send, _Refused(status, code, detail))


async def _problem(send: Send, refused: _Refused) -> None:
    body = json.dumps(
        {
            "type": f"urn:placet:problem:{refused.code}",
            "title": "Refused",
            "status": refused.status,
            "code": refused.code,
            "detail": refused.detail,
            "errors": [],
            "request_id": "",
        }
    ).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        # Django's middleware, which says this for every other answer, is not reached.
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def no_socket_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a socket before the handshake, as strangers' are refused: the HTTP server answers 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})
