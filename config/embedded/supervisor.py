"""Runs servers and application processes as one: started in order, healed while they run, stopped in reverse."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from config.embedded.addresses import Addresses, forget_addresses, last_addresses, write_addresses
from config.embedded.datadir import DataDir
from config.embedded.errors import Interrupted, SetupError
from config.embedded.member import AT_ONCE, IN_ORDER, Member, how_it_ended
from config.embedded.output import ERROR, WARNING, Terminal
from config.embedded.process import end, lives
from config.embedded.server import Server
from config.embedded.signals import Hurry, Signals

# Clocks are set: a process's start time, which is counted from the boot, moves with them. In seconds.
SAME_START = 2.0
LOOK_AROUND = 5.0


class Supervisor:
    """Everything that `manage.py up` started, in the order it was started."""

    def __init__(self, home: DataDir, signals: Signals, terminal: Terminal, base_url: str) -> None:
        self.home = home
        self.signals = signals
        self.terminal = terminal
        self.base_url = base_url
        self.database_url = ""
        self.redis_url = ""
        self._servers: list[Server] = []
        self._members: list[Member] = []

    def add_server(self, server: Server) -> str:
        """Start a server; what it did on the way. Raises SetupError."""
        self._servers.append(server)
        return server.start(self.signals.pause)

    def add_member(self, member: Member) -> None:
        """Start an application process and make it known to other terminals."""
        self._members.append(member)
        member.start()
        self._publish()

    def await_ready(self, member: Member, answers: Callable[[], bool], seconds: float) -> None:
        """Return once `answers`. Raises SetupError when the member dies first, or time is over."""
        waited = 0.0
        while not answers():
            status = member.exit_status()
            if status is not None:
                raise SetupError(
                    f"the {member.name} process {how_it_ended(status)} while it started: see {member.log}"
                )
            if waited > seconds:
                raise SetupError(
                    f"the {member.name} process was not ready after {seconds:.0f} s: see {member.log}"
                )
            self.signals.pause(0.05)
            waited += 0.05

    def watch(self) -> None:
        """Keep all of it running until a stop is asked for."""
        while not self.signals.stop_requests:
            # Interrupted: asked to stop while a server was being brought back.
            with suppress(Interrupted):
                self._heal_servers()
            before = self._marks()
            waits = [wait for member in self._members if (wait := member.tend()) is not None]
            if self._marks() != before:
                self._publish()
            # A child's death is a signal and ends the wait at once, unless it fell into the healing of another.
            self.signals.wait(min(waits, default=LOOK_AROUND))

    def stop(self) -> None:
        """Stop everything, last started first; a second request to stop makes it quick."""
        parts: list[Member | Server] = [*self._servers, *self._members]
        for part in reversed(parts):
            try:
                part.stop(self.signals.pause_stopping)
            except Hurry:
                part.stop(at_once=True)
        forget_addresses(self.home.path)

    def end_leftovers(self) -> Sequence[str]:
        """Stop application processes that a killed supervisor left behind; their names."""
        last = last_addresses(self.home.path)
        forget_addresses(self.home.path)
        if last is None:
            return ()
        left = {}
        for name, (pid, created) in last.processes.items():
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if lives(process) and abs(process.create_time() - created) < SAME_START:
                    left[name] = process
        everything = [process for head in left.values() for process in (head, *_children(head))]
        end(list(left.values()), IN_ORDER, self.signals.pause)
        end([process for process in everything if lives(process)], AT_ONCE, self.signals.pause)
        return tuple(left)

    def _heal_servers(self) -> None:
        for server in self._servers:
            status = server.exit_status()
            if status is None:
                continue
            server.stop()
            self.terminal.relay(server.name, ERROR, f"{how_it_ended(status)}; starting it again")
            try:
                did = server.start(self.signals.pause)
            except SetupError as error:
                server.stop()
                self.terminal.relay(server.name, ERROR, str(error))
                raise
            self.terminal.relay(server.name, WARNING, f"runs again{f' ({did})' if did else ''}")

    def _marks(self) -> dict[str, tuple[int, float]]:
        return {member.name: mark for member in self._members if (mark := member.mark) is not None}

    def _publish(self) -> None:
        write_addresses(
            self.home.path,
            Addresses(self.database_url, self.redis_url, self.base_url, os.getpid(), self._marks()),
        )


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []
