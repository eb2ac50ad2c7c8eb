"""Child processes that never outlive us unnoticed: started in their own session, stopped by a ladder of signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from config.embedded.account import Account

LAUNCH = Path(__file__).with_name("launch.py")
# How long a polling loop rests between two looks, in seconds.
POLL = 0.02
Pause = Callable[[float], None]


@dataclass(frozen=True)
class Rung:
    """One step of a stop: send `number`, then allow `seconds` for it."""

    number: signal.Signals
    seconds: float


class Child:
    """A running child of ours.

    Its own session keeps a terminal's Ctrl-C from reaching it before we decide the order of stopping. With
    `output` None what it writes is read from `self.output`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        output: IO[bytes] | None,
        death_signal: signal.Signals,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
    ) -> None:
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        launch = [sys.executable, "-I", "-S", LAUNCH, os.getpid(), int(death_signal), uid, gid]
        self._process = subprocess.Popen(
            [str(part) for part in (*launch, *command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.output = self._process.stdout

    def exit_status(self) -> int | None:
        """None while it runs; then its exit status, negative for a signal."""
        return self._process.poll()

    def stop(self, ladder: Iterable[Rung], pause: Pause = time.sleep) -> None:
        """Climb `ladder` until the child has exited, then kill whatever of its session is left."""
        for rung in ladder:
            if self.exit_status() is not None:
                break
            self._process.send_signal(rung.number)
            wait_until(lambda: self.exit_status() is not None, rung.seconds, pause)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def wait_until(condition: Callable[[], bool], seconds: float, pause: Pause = time.sleep) -> bool:
    """Look at `condition` until it holds or `seconds` are over; whether it came to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        pause(POLL)
    return True


def marked(identity: str, names: Iterable[str], uid: int) -> list[psutil.Process]:
    """Live processes called one of `names`, of user `uid`, with `identity` in their command line.

    The command line, because it is the one mark that root may read of another user's process in a container
    without CAP_SYS_PTRACE. A zombie has none and is never found.
    """
    found = []
    for process in psutil.process_iter(["name", "cmdline", "uids"]):
        seen = process.info
        if (
            seen["name"] in names
            and seen["uids"] is not None
            and seen["uids"].real == uid
            and identity in " ".join(seen["cmdline"] or ())
        ):
            found.append(process)
    return found


def end(processes: Sequence[psutil.Process], ladder: Iterable[Rung], pause: Pause = time.sleep) -> None:
    """Stop processes that are not our children, such as a killed supervisor's, by the same kind of ladder."""
    for rung in ladder:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(rung.number)
        if wait_until(lambda: not any(map(lives, processes)), rung.seconds, pause):
            return


def lives(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: where process 1 reaps nobody, orphans stay zombies for ever."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
