"""A browser's end of a live socket, in-process on the real application."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings

from inbox.consumers import socket_urls

ORIGIN: str = settings.PLACET_ORIGIN
APPLICATION = AuthMiddlewareStack(URLRouter(socket_urls))
PATIENCE = 10.0


class Line:
    """Speaks the ASGI socket protocol: connect, text and bytes out, frames in, the close code."""

    def __init__(
        self,
        slug: str,
        cookie: str,
        *,
        origin: str | None = ORIGIN,
        host: str = "",
        protocols: tuple[str, ...] = (),
    ) -> None:
        headers = [(b"cookie", cookie.encode()), (b"host", (host or ORIGIN.split("//")[1]).encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": f"/ws/t/{slug}",
            "query_string": b"",
            "headers": headers,
            "subprotocols": list(protocols),
        }
        self._asgi = ApplicationCommunicator(APPLICATION, scope)

    async def connect(self) -> bool:
        """Whether the server accepted the handshake."""
        await self._asgi.send_input({"type": "websocket.connect"})
        accepted: bool = (await self._asgi.receive_output(PATIENCE))["type"] == "websocket.accept"
        return accepted

    async def say(self, frame: str | bytes) -> None:
        """Send one frame."""
        content = {"bytes": frame} if isinstance(frame, bytes) else {"text": frame}
        await self._asgi.send_input({"type": "websocket.receive", **content})

    async def hear(self) -> dict[str, Any]:
        """The next frame. Fails when the server closes instead."""
        message = await self._asgi.receive_output(PATIENCE)
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def hears_nothing(self, seconds: float) -> bool:
        """Whether the server keeps silent for so long."""
        return bool(await self._asgi.receive_nothing(seconds))

    async def end(self) -> tuple[list[dict[str, Any]], int]:
        """Read on until the server closes: the frames before, and its code."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                message = await self._asgi.receive_output(PATIENCE)
                if message["type"] == "websocket.close":
                    return frames, int(message["code"])
                frames.append(json.loads(message["text"]))

    async def hang_up(self) -> None:
        """Close from the browser's side."""
        await self._asgi.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._asgi.wait(PATIENCE)
