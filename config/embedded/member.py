"""One application process under supervision: started, restarted when it dies, stopped in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from config.embedded.output import ERROR, Pump, Reader, Terminal
from config.embedded.process import Child, Pause, Rung

# Waits before the first, second, … restart in a row, in seconds; the last one repeats.
BACKOFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
# Having run this long, a process is taken to be sound again.
SOUND_AFTER = 30.0
# SIGTERM: finish what is in hand. SIGQUIT (Celery: stop now, give tasks back) for what does not end.
IN_ORDER = (Rung(signal.SIGTERM, 15), Rung(signal.SIGQUIT, 5), Rung(signal.SIGKILL, 5))
AT_ONCE = (Rung(signal.SIGKILL, 5),)


class Member:
    """The process called `name`, with its log in `logs` and its warnings on `terminal`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        logs: Path,
        terminal: Terminal,
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = command
        self._cwd = cwd
        self._env = env
        self._terminal = terminal
        self._child: Child | None = None
        self._pump: Pump | None = None
        self._restarts = 0
        self._due = 0.0

    def start(self) -> None:
        """Run it. It is not ready yet when this returns."""
        self._child = Child(
            self._command, output=None, death_signal=signal.SIGTERM, cwd=self._cwd, env=self._env
        )
        self._since = time.monotonic()
        self._created = psutil.Process(self._child.pid).create_time()
        reader = Reader()
        if self._child.output is not None:
            self._pump = Pump(
                self._child.output, self.log, lambda line: self._terminal.relay(self.name, *reader.read(line))
            )
            self._pump.start()

    @property
    def mark(self) -> tuple[int, float] | None:
        """Process id and start time, None while it does not run."""
        return (self._child.pid, self._created) if self._child else None

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._child.exit_status() if self._child else None

    def tend(self) -> float | None:
        """Start it again if it died and its wait is over; seconds until it must be looked at, None if it runs."""
        now = time.monotonic()
        if self._child is not None:
            status = self._child.exit_status()
            if status is None:
                return None
            self.stop()
            self._restarts = 0 if now - self._since > SOUND_AFTER else self._restarts + 1
            wait = BACKOFF[min(self._restarts, len(BACKOFF) - 1)]
            self._due = now + wait
            self._terminal.relay(
                self.name, ERROR, f"{how_it_ended(status)}; starting again in {wait:g} s ({self.log})"
            )
        if now < self._due:
            return self._due - now
        self.start()
        return None

    def stop(self, pause: Pause = time.sleep, *, at_once: bool = False) -> None:
        """Stop it and whatever it started."""
        if self._child is None:
            return
        self._child.stop(AT_ONCE if at_once else IN_ORDER, pause)
        self._child = None
        if self._pump is not None:
            # Its last words are in the pipe; something that fled into another session may hold that open.
            self._pump.join(timeout=1)


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exited with status {status}"
