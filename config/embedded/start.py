"""The order in which a running Placet comes to be: servers, tables, web, demo, worker, beat, sweep."""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import queue
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from config import processes
from config.embedded.datadir import DataDir, claimed
from config.embedded.errors import SetupError
from config.embedded.member import Member
from config.embedded.output import GREY, Pump, Terminal, rotate
from config.embedded.postgres import Postgres
from config.embedded.process import POLL, Child, Rung, wait_until
from config.embedded.server import last_words
from config.embedded.signals import Signals
from config.embedded.supervisor import Supervisor
from config.embedded.valkey import Valkey
from config.probe import answers
from config.progress import Phase

# The first start compiles every module, on a machine that may be busy.
WEB_SECONDS = 120.0


@dataclass(frozen=True)
class Options:
    """What `manage.py up` was asked for."""

    host: str
    port: int
    data_dir: Path
    demo: bool
    reset_demo: bool
    everything: bool


def run(options: Options) -> None:
    """Start everything, watch over it, and stop it when asked to.

    Raises SetupError when it cannot start (or a server cannot be brought back), and Interrupted when a stop
    is asked for before it is ready. Nothing is left running either way.
    """
    with Signals() as signals, claimed(options.data_dir) as home:
        terminal = Terminal(everything=options.everything)
        port = free_port(options.host, options.port) if options.port == 0 else options.port
        supervisor = Supervisor(home, signals, terminal, base_url(options.host, port))
        if left := supervisor.end_leftovers():
            terminal.say(f"Stopped what a killed supervisor had left running: {', '.join(left)}.")
            # A killed process with threads is a zombie some time before the last of them lets go of the port.
            wait_until(lambda: is_free(options.host, port), 5, signals.pause)
        free_port(options.host, port)
        rotate(home.logs)
        try:
            links = _start(options, port, home, supervisor)
            _greet(supervisor, options, links)
            supervisor.watch()
            terminal.say("\nStopping (Ctrl-C once more makes it quick).")
        finally:
            supervisor.stop()
        terminal.say("Stopped.")


def _start(options: Options, port: int, home: DataDir, supervisor: Supervisor) -> list[dict[str, str]]:
    terminal = supervisor.terminal
    terminal.say(f"Placet on {home.path}")
    if url := os.environ.get("DATABASE_URL"):
        supervisor.database_url = url
    else:
        with Phase("Postgres") as phase:
            postgres = Postgres(home)
            supervisor.database_url = postgres.url
            phase.note(supervisor.add_server(postgres))
    if url := os.environ.get("REDIS_URL"):
        supervisor.redis_url = url
    else:
        with Phase("Valkey") as phase:
            valkey = Valkey(home)
            supervisor.redis_url = valkey.url
            phase.note(supervisor.add_server(valkey))
    env = _environment(options, home, supervisor)

    def member(name: str, command: list[str]) -> Member:
        made = Member(name, command, cwd=processes.ROOT, env=env, logs=home.logs, terminal=terminal)
        supervisor.add_member(made)
        return made

    preparing = _Preparation(options, home, env, supervisor.signals)
    try:
        with Phase("Migrations") as phase:
            phase.note(preparing.result("migrated"))
        with Phase("Web") as phase:
            web = member("web", processes.web(options.host, port))
            supervisor.await_ready(web, lambda: answers(options.host, port, supervisor.base_url), WEB_SECONDS)
        with Phase("Demo team" if options.demo else "Database") as phase:
            links: list[dict[str, str]] = preparing.result("seeded")
            phase.note("begun anew" if options.reset_demo else "")
    finally:
        preparing.end()
    with Phase("Background") as phase:
        for name, command in (
            ("worker", processes.worker()),
            ("beat", processes.beat(home.path)),
            ("sweep", processes.sweep()),
        ):
            member(name, command)
        phase.note("worker, beat, sweep")
    return links


class _Preparation:
    """The process that migrates and seeds: its results come one by one, while the web process starts beside it."""

    def __init__(self, options: Options, home: DataDir, env: dict[str, str], signals: Signals) -> None:
        arguments = [
            *(["--demo"] if options.demo else []),
            *(["--reset-demo"] if options.reset_demo else []),
            *(["--links"] if is_loopback(options.host) else []),
        ]
        self._signals = signals
        self._log = home.logs / "prepare.log"
        self._results: dict[str, Any] = {}
        self._reports: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._child = Child(
            processes.prepare(*arguments),
            output=None,
            death_signal=signal.SIGTERM,
            cwd=processes.ROOT,
            env=env,
        )
        if self._child.output is not None:
            self._pump = Pump(self._child.output, self._log, self._hear)
            self._pump.start()

    def _hear(self, line: str) -> bool:
        # Sign-in links are secrets: reports stay out of the log.
        is_report = line.startswith(('{"migrated"', '{"seeded"'))
        if is_report:
            self._reports.put(json.loads(line))
        return not is_report

    def result(self, step: str) -> Any:
        """What the step reported, once it has. Raises SetupError when the process ends before."""
        while step not in self._results:
            ended = self._child.exit_status() is not None
            if ended:
                self._pump.join(timeout=1)
            while not self._reports.empty():
                self._results.update(self._reports.get())
            if ended and step not in self._results:
                raise SetupError(f"the database could not be prepared; {last_words(self._log)}")
            if step not in self._results:
                self._signals.pause(POLL)
        return self._results[step]

    def end(self) -> None:
        """Stop the process, if it still runs."""
        self._child.stop((Rung(signal.SIGTERM, 5),))


def _environment(options: Options, home: DataDir, supervisor: Supervisor) -> dict[str, str]:
    if not os.environ.get("PLACET_SECRET_KEY"):
        home.secret_key()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": supervisor.database_url,
        "REDIS_URL": supervisor.redis_url,
        "PLACET_DATA_DIR": str(home.path),
        "PLACET_BASE_URL": supervisor.base_url,
        "PLACET_EMBEDDED": "1" if is_loopback(options.host) else "0",
        "PYTHONUNBUFFERED": "1",
    }


def _greet(supervisor: Supervisor, options: Options, links: list[dict[str, str]]) -> None:
    say, grey = supervisor.terminal.say, supervisor.terminal.coloured
    # Counted from the process's start, and so including the set-up of the environment before it.
    seconds = time.time() - psutil.Process().create_time()
    say(f"\nReady after {seconds:.1f} s: {supervisor.base_url}\n")
    if links:
        say("Sign in as one of the demo team. Each link works once, on this machine, within the hour:")
        for link in links:
            say(f"  {link['name']:<6}{supervisor.base_url}{link['path']}  {grey(link['says'], GREY)}")
        say()
    elif options.demo and not is_loopback(options.host):
        say(
            f"No sign-in links, for {options.host} can be reached from other machines. Set a password instead:\n"
            "  python3 manage.py changepassword dana\n"
        )
    say(f"Logs: {supervisor.home.logs}   Ctrl-C stops everything.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def base_url(host: str, port: int) -> str:
    """The origin people use: PLACET_BASE_URL, or the address that is listened on."""
    if configured := os.environ.get("PLACET_BASE_URL"):
        return configured.rstrip("/")
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port(host: str, port: int) -> int:
    """`port` on `host`, or with 0 one that is free. Raises SetupError when it cannot be listened on."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            return int(listener.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                f"port {port} on {host} is taken: stop what listens there, or choose another with --port."
            ) from error
        reason = "ports below 1024 are the administrator's" if error.errno == errno.EACCES else error.strerror
        raise SetupError(
            f"cannot listen on {host}, port {port} ({reason}): choose others with --host and --port."
        ) from error


def is_free(host: str, port: int) -> bool:
    """Whether `port` on `host` can be listened on."""
    try:
        free_port(host, port)
    except SetupError:
        return False
    return True
