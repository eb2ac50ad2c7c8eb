"""The command as people run it: a process of its own, on a pipe or on a terminal, against the running product."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections

from inbox.services import personal_tokens
from tests.factories import World, make_world
from tests.product import Product

COMMAND = (sys.executable, "-m", "placet")
SOURCES = Path(settings.BASE_DIR) / "clients" / "python" / "src"


@pytest.fixture
def world(django_db_blocker: Any, site: Product) -> Iterator[World]:
    """A team of its own for each test, committed."""
    with django_db_blocker.unblock():
        yield make_world()
        connections.close_all()


@dataclass
class Ran:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The tab-separated lines."""
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """The one JSON document."""
        return json.loads(self.out)


@dataclass
class Terminal:
    """A command on a pseudo-terminal: read what it shows, type what it asks for."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""
    _read: int = 0

    def expect(self, text: str, seconds: float = 20) -> None:
        """Wait until this has been shown since the last expectation."""
        end = time.monotonic() + seconds
        while text not in self.shown[self._read :]:
            assert time.monotonic() < end, f"{text!r} was not shown: {self.shown}"
            assert self._more(end), f"it ended without {text!r}: {self.shown}"
        self._read = self.shown.index(text, self._read) + len(text)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self.master, f"{text}\n".encode())

    def end(self, seconds: float = 20) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + seconds
        while self._more(end):
            pass
        return self.process.wait(10)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        os.write(self.master, b"\x03")
        return self.end()

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        if not ready:
            return False
        try:
            found = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += found.decode(errors="replace").replace("\r\n", "\n")
        return bool(found)


@dataclass
class Seat:
    """One person who has the command."""

    environment: dict[str, str]
    terminals: list[Terminal] = field(default_factory=list)

    def run(self, *arguments: str, typed: str = "", **variables: str) -> Ran:
        """Run to the end with pipes on all sides."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            env={**self.environment, **variables},
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def terminal(self, *arguments: str, **variables: str) -> Terminal:
        """Start on a terminal of 100 columns."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**self.environment, "COLUMNS": "100", "TERM": "xterm", **variables},
            start_new_session=True,
            preexec_fn=_owns_terminal,
        )
        os.close(slave)
        made = Terminal(process, master)
        self.terminals.append(made)
        return made


def _owns_terminal() -> None:
    # So that Ctrl-C typed into it is a SIGINT, as at a real one.
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


Sit = Callable[[User], Seat]


@pytest.fixture
def sit(world: World, site: Product, tmp_path: Path) -> Iterator[Sit]:
    """Seat a person: `sit(world.alice).run("list")`."""
    seats: list[Seat] = []

    def make(person: User) -> Seat:
        _, token = personal_tokens.issue(person=person, name="terminal", lifetime=timedelta(days=1))
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        seat = Seat(
            {
                **kept,
                "PYTHONPATH": str(SOURCES),
                "PYTHONUTF8": "1",
                "HOME": str(tmp_path),
                "PLACET_URL": site.origin,
                "PLACET_TOKEN": token,
            }
        )
        seats.append(seat)
        return seat

    yield make
    for seat in seats:
        for terminal in seat.terminals:
            if terminal.process.poll() is None:
                terminal.process.kill()
                terminal.process.wait()
            os.close(terminal.master)


def plain(shown: str) -> str:
    """What is read on a terminal: without the colours the command itself sets."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)
