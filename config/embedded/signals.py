"""Signals as something one waits for: handlers only count, so nothing is ever interrupted half way."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

from config.embedded.errors import Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Hurry(Exception):
    """A stop was asked for again while stopping."""


class Signals:
    """Counts the requests to stop; `wait` also ends when a child dies.

    An exception raised by a handler could fall between starting a child and noting it, and leave it behind.
    """

    def __init__(self) -> None:
        self.stop_requests = 0

    def __enter__(self) -> Self:
        self._heard, self._wake = socket.socketpair()
        for end in (self._heard, self._wake):
            end.setblocking(False)
        self._before = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGCHLD)}
        # The interpreter writes a byte there for every signal, whatever the program is doing.
        self._wakeup_before = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, self._count)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._heard.close()
        self._wake.close()

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.stop_requests += 1

    def wait(self, seconds: float) -> None:
        """Return at the next signal, or after `seconds`."""
        if select.select([self._heard], [], [], max(seconds, 0))[0]:
            self._heard.recv(4096)

    def pause(self, seconds: float) -> None:
        """`wait` for use while starting. Raises Interrupted once a stop was asked for."""
        self.wait(seconds)
        if self.stop_requests:
            raise Interrupted

    def pause_stopping(self, seconds: float) -> None:
        """`wait` for use while stopping. Raises Hurry once a stop was asked for twice."""
        self.wait(seconds)
        if self.stop_requests > 1:
            raise Hurry
