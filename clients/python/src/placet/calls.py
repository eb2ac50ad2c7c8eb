"""What every client has: one connection to one server, by one token."""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from placet.transport import Transport

Surface = Literal["api", "cli"]


class Calls:
    """One person's connection. Use it in a `with`, or `close` it."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        team: str | None = None,
        surface: Surface = "api",
        transport: Transport | None = None,
    ) -> None:
        self._transport = transport or Transport(url, token)
        self._surface = surface
        self.team = team

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._transport.close()


def part(name: str) -> str:
    """One part of an address: an id that is none must not lead to another one."""
    return quote(name, safe="")
