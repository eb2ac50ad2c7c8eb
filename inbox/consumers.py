"""Live sockets: they carry a team's stream number and nothing else; what changed is fetched over HTTP, with rights.

Channels' stock consumers die on bad JSON, look at the session only once and do not check the origin. This one
answers every frame it cannot use with an error frame, and lives only as long as its session and membership.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.conf import settings
from django.http.request import validate_host
from django.urls import path

from inbox import canonical
from inbox.errors import NotFound
from inbox.heartbeat import Seat, Watch, watch_of
from inbox.models import Member
from inbox.permissions import require_member

log = structlog.get_logger(__name__)

FAILED: Final = 1011
SIGNED_OUT: Final = 4401
NOT_A_MEMBER: Final = 4403
TOO_MUCH: Final = 4429
# A hint a quarter of a second, however fast the team's stream moves.
HINT_SECONDS: Final = 0.25
FRAME_BYTES: Final = 4 * 1024
FRAME_DEPTH: Final = 8
TOPICS: Final = 10
STRIKES: Final = 10
# Frames a client may send: a burst, then so many a second.
BURST: Final = 30
RATE: Final = 10.0
EXACT: Final = 2**53 - 1

DETAILS: Final[dict[str, str]] = {
    "unknown-type": "Send type since or subscribe.",
    "malformed-json": "Send one JSON object as text.",
    "no-binary": "Send text, not bytes.",
    "too-deep": f"Nesting is deeper than {FRAME_DEPTH} levels.",
    "too-large": f"A frame may have {FRAME_BYTES:,} bytes.",
    "invalid-seq": "seq is a whole number from 0 on.",
    "resync-required": "The server's stream is behind yours: read everything again.",
    "forbidden": "That is not this socket's team.",
    "too-many-topics": f"At most {TOPICS} topics.",
    "failed": "That could not be answered: try again.",
    "slow-down": "Too many frames: the next ones close the socket.",
}


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """One browser tab's socket on one team."""

    seat: Seat | None = None
    watch: Watch
    flush: asyncio.Task[None] | None = None
    strikes = 0
    seq = 0
    told = 0
    tokens = float(BURST)
    warned = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Channels would subscribe every socket to the broker, and open none without one; the watch does it once."""
        self.scope, self.channel_layer, self.base_send = scope, None, send
        try:
            with suppress(StopConsumer):
                await await_many_dispatch([receive], self.dispatch)
        except Exception as error:
            log.exception("socket_failed", error=type(error).__name__)
            with suppress(Exception):
                await self.close(code=FAILED)
        finally:
            # However it ended, a cancelled task included: a seat left behind would be looked after for ever.
            self._leave()

    async def connect(self) -> None:
        """Refuse before accepting: a refused handshake tells a foreign page nothing."""
        if self.scope.get("subprotocols"):
            await self._refuse(400)
        elif not self._same_origin() or (member := await self._member()) is None:
            await self._refuse(403)
        else:
            self.filled_at = time.monotonic()
            self.sent_at = 0.0
            self.slug = member.team.slug
            self.watch = watch_of(member.team_id)
            self.seat = Seat(self, member.user_id, self.scope["session"].session_key)
            await self.accept()
            self.seq = self.told = await self.watch.take(self.seat)
            await self._say("hello", seq=self.seq)

    def _leave(self) -> None:
        if self.seat is not None:
            self.watch.leave(self.seat)
        if self.flush is not None:
            self.flush.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame from the browser. Whatever it is, the socket answers; only abuse closes it."""
        try:
            await self._answer(text_data)
        except Exception as error:
            log.exception("frame_failed", error=type(error).__name__)
            await self._error("failed")

    async def _answer(self, text_data: str | None) -> None:
        if not await self._within_rate():
            return
        if text_data is None:
            await self._error("no-binary")
            return
        raw = text_data.encode("utf-8", "surrogatepass")
        if len(raw) > FRAME_BYTES:
            await self._error("too-large")
            return
        try:
            message = canonical.loads(raw, max_bytes=FRAME_BYTES)
        except canonical.JsonRefused as refused:
            await self._error("too-deep" if refused.code == "too-deep" else _number_code(text_data))
            return
        if _depth(message) > FRAME_DEPTH:
            await self._error("too-deep")
            return
        kind = message.get("type")
        if kind == "since":
            await self._since(message.get("seq"))
        elif kind == "subscribe":
            await self._subscribe(message.get("topics"))
        else:
            await self._error("unknown-type")

    def hint(self, seq: int) -> None:
        """The team's stream moved. Only the highest number is kept, and it is sent at most 4 times a second."""
        if seq <= self.seq:
            return
        self.seq = seq
        if self.flush is None or self.flush.done():
            self.flush = asyncio.create_task(self._flush())

    async def beat(self, seq: int) -> None:
        """Every 15 s: the number as Postgres has it, so that a hint the broker lost is noticed."""
        self.seq = self.told = seq
        await self._say("heartbeat", seq=seq)

    async def end(self, code: int) -> None:
        """The session or the membership is gone."""
        if code == NOT_A_MEMBER:
            await self._say("error", code="forbidden", detail=DETAILS["forbidden"])
        await self.close(code=code)

    async def _flush(self) -> None:
        try:
            # A loop, because the number may rise again while the last one is being sent.
            while self.told < self.seq:
                await asyncio.sleep(max(0.0, self.sent_at + HINT_SECONDS - time.monotonic()))
                self.sent_at, self.told = time.monotonic(), self.seq
                await self._say("hint", seq=self.told)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: what it cannot say ends the seat
            log.info("socket_gone", error=f"{type(error).__name__}: {error}"[:200])
            self._leave()

    async def _since(self, seq: object) -> None:
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= EXACT:
            await self._error("invalid-seq")
            return
        # Asked of Postgres: the number this process heard last may be older than what the client read.
        head = await self.watch.head()
        self.seq = self.told = max(self.seq, head)
        if seq > head:
            await self._say("error", code="resync-required", detail=DETAILS["resync-required"], seq=head)
        else:
            await self._say("hint", seq=head)

    async def _subscribe(self, topics: object) -> None:
        if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
            await self._error("malformed-json")
        elif len(topics) > TOPICS:
            await self._error("too-many-topics")
        elif set(topics) - {self.slug}:
            await self._say("error", code="forbidden", detail=DETAILS["forbidden"])
            await self.close(code=NOT_A_MEMBER)
        else:
            await self._say("hint", seq=self.seq)

    async def _within_rate(self) -> bool:
        now = time.monotonic()
        self.tokens = min(float(BURST), self.tokens + (now - self.filled_at) * RATE)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        if self.warned:
            await self.close(code=TOO_MUCH)
        else:
            self.warned = True
            self.tokens = BURST / 2
            await self._say("error", code="slow-down", detail=DETAILS["slow-down"])
        return False

    async def _error(self, code: str) -> None:
        self.strikes += 1
        await self._say("error", code=code, detail=DETAILS[code])
        if self.strikes > STRIKES:
            await self.close(code=TOO_MUCH)

    async def _say(self, kind: str, **fields: object) -> None:
        await self.send(text_data=canonical.dumps({"type": kind, **fields}).decode())  # type: ignore[dict-item]

    async def _member(self) -> Member | None:
        user = self.scope["user"]
        slug = self.scope["url_route"]["kwargs"]["slug"]
        try:
            member: Member = await database_sync_to_async(require_member)(user, slug)
        except NotFound:
            return None
        return member

    def _same_origin(self) -> bool:
        """Whether the page that opens the socket is ours. No Origin, `null` and anything else is not."""
        origin = self._header(b"origin")
        if origin == settings.PLACET_ORIGIN:
            return True
        parts = urlsplit(origin)
        host = self._header(b"host")
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        # Other names this server answers to (localhost beside 127.0.0.1): the page's host must be the one called.
        return (
            bool(host)
            and (parts.scheme, parts.netloc) == (scheme, host)
            and origin == f"{scheme}://{host}"
            and validate_host(urlsplit(f"//{host}").hostname or "", settings.ALLOWED_HOSTS)
        )

    def _header(self, name: bytes) -> str:
        found = [value for key, value in self.scope["headers"] if key == name]
        return found[0].decode("latin-1") if len(found) == 1 else ""

    async def _refuse(self, status: int) -> None:
        if "websocket.http.response" in (self.scope.get("extensions") or {}):
            await self.base_send({"type": "websocket.http.response.start", "status": status, "headers": []})
            await self.base_send({"type": "websocket.http.response.body", "body": b""})
        else:
            await self.close()


def _depth(value: object) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        if children is not None:
            deepest = max(deepest, depth)
            waiting += [(child, depth + 1) for child in children]
    return deepest


def _number_code(text: str) -> str:
    """The strict reader also refuses numbers no seq can be; say so rather than "not JSON"."""
    compact = "".join(text.split())
    return "invalid-seq" if '"type":"since"' in compact and '"seq":' in compact else "malformed-json"


socket_urls = [path("ws/t/<slug:slug>", LiveSocket.as_asgi())]
