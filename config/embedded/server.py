"""What the embedded servers have in common: one child process, waited for until it answers, stopped in order."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from config.embedded.datadir import DataDir
from config.embedded.errors import SetupError
from config.embedded.process import POLL, Child, Pause, Rung


class Server(ABC):
    """A server whose data, log and socket lie in `home`."""

    name: ClassVar[str]
    label: ClassVar[str]
    in_order: ClassVar[tuple[Rung, ...]]
    at_once: ClassVar[tuple[Rung, ...]]

    def __init__(self, home: DataDir) -> None:
        self.home = home
        self.log = home.logs / f"{self.name}.log"
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the application reaches it."""

    @abstractmethod
    def start(self, pause: Pause = time.sleep) -> str:
        """Run it and return once it answers; in a few words, what was found and done on the way.

        Raises SetupError when it cannot run.
        """

    @property
    def pid(self) -> int:
        """Its process id, 0 while it does not run."""
        return self._child.pid if self._child else 0

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._child.exit_status() if self._child else None

    def stop(self, pause: Pause = time.sleep, *, at_once: bool = False) -> None:
        """Stop it in order, or the quick way."""
        if self._child:
            self._child.stop(self.at_once if at_once else self.in_order, pause)
            self._child = None

    def _await(self, child: Child, answers: Callable[[], bool], seconds: float, pause: Pause) -> None:
        """Return once `answers`; raises SetupError when the child exits first or `seconds` are over."""
        deadline = time.monotonic() + seconds
        while not answers():
            if child.exit_status() is not None:
                raise SetupError(f"{self.label} stopped while it started; {last_words(self.log)}")
            if time.monotonic() > deadline:
                raise SetupError(f"{self.label} was not ready after {seconds:.0f} s; {last_words(self.log)}")
            pause(POLL)


def last_words(log: Path, lines: int = 5) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return f"nothing was said in {log}"
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join((f"the end of {log}:", *(f"  {line}" for line in said)))
