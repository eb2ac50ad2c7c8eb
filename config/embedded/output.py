"""What the children say: all of it into their log files, warnings and errors onto the terminal."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TextIO

COLOURS = {"web": 36, "worker": 35, "beat": 34, "sweep": 33}
GREY, RED, YELLOW = 90, 31, 33
WARNING, ERROR = 1, 2
LEVELS = {
    "warning": WARNING,
    "warn": WARNING,
    "error": ERROR,
    "critical": ERROR,
    "exception": ERROR,
    "fatal": ERROR,
}
# "ERROR:    …" is uvicorn's way and Python's own, "[2026-01-01 00:00:00: ERROR/MainProcess] …" is Celery's.
NAMED = re.compile(r"(?:\[[^]/]*[ :])?(WARNING|ERROR|CRITICAL)(?:[:/]| )")
TRACEBACK = "Traceback (most recent call last):"
# A log that has grown to this many bytes becomes `name.log.1`.
ROTATE_AT = 16 << 20


class Reader:
    """Tells how grave each line of one child is, and how to show it.

    Structured lines carry their level; a traceback is grave from its first line to the exception's own.
    """

    def __init__(self) -> None:
        self._in_traceback = False

    def read(self, line: str) -> tuple[int, str]:
        """The line's gravity (0, WARNING or ERROR) and its text for a terminal."""
        if line.startswith("{"):
            with suppress(ValueError):
                fields = json.loads(line)
                if isinstance(fields, dict) and "event" in fields:
                    return LEVELS.get(str(fields.get("level")), 0), _sentence(fields)
        if self._in_traceback:
            # The exception's own line is the first that is not indented.
            self._in_traceback = not line or line[0].isspace()
            return ERROR, line
        if line.lstrip().startswith(TRACEBACK):
            self._in_traceback = True
            return ERROR, line
        named = NAMED.match(line)
        return (LEVELS.get(named[1].lower(), 0) if named else 0), line


def _sentence(fields: dict[str, object]) -> str:
    known = ("event", "level", "logger", "timestamp", "exception")
    rest = " ".join(f"{name}={value}" for name, value in fields.items() if name not in known)
    trace = f"\n{fields['exception']}" if fields.get("exception") else ""
    return f"{fields['event']} {rest}".rstrip() + trace


class Terminal:
    """The one writer to the terminal: whole lines, coloured only where colours show."""

    def __init__(self, *, everything: bool = False, stream: TextIO | None = None) -> None:
        self.everything = everything
        self._stream = stream or sys.stdout
        # A phase may stand half written on the line: it is wiped, and written again when the phase goes on.
        self._wipe = "\r\x1b[2K" if self._stream.isatty() else ""
        self._coloured = bool(self._wipe) and "NO_COLOR" not in os.environ
        self._turn = threading.Lock()

    def say(self, text: str = "") -> None:
        """Print lines of the supervisor's own."""
        # A terminal that went away (SIGHUP) must not keep us from stopping in order.
        with self._turn, suppress(OSError, ValueError):
            self._stream.write(f"{self._wipe}{text}\n")
            self._stream.flush()

    def relay(self, name: str, gravity: int, text: str) -> None:
        """Print lines of the child `name`, if they are grave enough."""
        if not (gravity or self.everything) or not text.strip():
            return
        label = self.coloured(f"{name:>8} ", COLOURS.get(name, GREY))
        colour = {WARNING: YELLOW, ERROR: RED}.get(gravity)
        self.say(
            "\n".join(label + (self.coloured(line, colour) if colour else line) for line in text.splitlines())
        )

    def coloured(self, text: str, colour: int) -> str:
        """`text` in an ANSI colour, or as it is."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text


class Pump(threading.Thread):
    """Drains one child's output into `log` until its end, so that no child ever waits for a full pipe.

    Every line also goes to `heard`, on this thread; one that it answers with False is kept out of the log.
    """

    def __init__(self, output: IO[bytes], log: Path, heard: Callable[[str], bool | None]) -> None:
        super().__init__(name=f"output into {log.name}", daemon=True)
        self._output, self._log, self._heard = output, log, heard

    def run(self) -> None:
        with self._output:
            for raw in self._output:
                if self._heard(raw.decode("utf-8", "replace").rstrip("\n")) is False:
                    continue
                # A full disk must not stop the child whose words these are.
                with suppress(OSError):
                    self._keep(raw)

    def _keep(self, raw: bytes) -> None:
        with self._log.open("ab") as log:
            log.write(raw)
            full = log.tell() > ROTATE_AT
        if full:
            self._log.replace(self._log.with_name(f"{self._log.name}.1"))


def rotate(logs: Path) -> None:
    """Begin new logs; the last run's stay as `name.log.1`."""
    for log in logs.glob("*.log"):
        log.replace(log.with_name(f"{log.name}.1"))
