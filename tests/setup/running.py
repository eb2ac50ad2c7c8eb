"""`manage.py up` as people run it: a process of its own, looked at from outside."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from config.embedded.addresses import Addresses, read_addresses
from config.embedded.process import lives
from tests.setup.machine import ROOT, eventually

READY_SECONDS = 120.0


class Up:
    """One `manage.py up` on `data_dir`, on a port of its own choosing unless `options` name one."""

    def __init__(self, data_dir: Path, *options: str, **environ: str) -> None:
        self.data_dir = data_dir
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        port = () if "--port" in options else ("--port", "0")
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--data-dir", str(data_dir), *port, *options],
            env=clean_environment(**environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.said.append(line.rstrip("\n"))

    def has_said(self, pattern: str) -> bool:
        """Whether some line matches."""
        return any(re.search(pattern, line) for line in self.said)

    def wait_ready(self) -> None:
        """Return once it says that it is ready; the test fails with all it said when it ends before."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.has_said("^Ready after"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("\n".join(["up did not get ready:", *self.said, *self._logs()]))
            time.sleep(0.02)

    def _logs(self) -> Iterator[str]:
        for log in sorted(self.data_dir.glob("logs/*.log")):
            yield from (f"== {log.name}", *log.read_text(errors="replace").splitlines()[-15:])

    @property
    def addresses(self) -> Addresses:
        """What other terminals see."""
        found = read_addresses(self.data_dir)
        assert found is not None
        return found

    def status(self, path: str) -> int:
        """The HTTP status of a page; 0 when nobody answers."""
        host, _, port = self.addresses.base_url.removeprefix("http://").partition(":")
        connection = HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def family(self) -> list[psutil.Process]:
        """All processes below the supervisor, at this moment."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._listener.join(10)
        return status


@contextmanager
def up(data_dir: Path, *options: str, **environ: str) -> Iterator[Up]:
    """A running `up` that is ready, and stopped at the end if the test has not done so."""
    started = Up(data_dir, *options, **environ)
    try:
        started.wait_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.end(signal.SIGTERM)


def refused(data_dir: Path, *options: str, **environ: str) -> str:
    """What an `up` that must not start says: one sentence, with exit code 1."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", "--data-dir", str(data_dir), *options],
        env=clean_environment(**environ), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def all_gone(processes: list[psutil.Process]) -> None:
    """Wait until none of them lives."""
    eventually(lambda: not any(map(lives, processes)), f"all are gone of {processes}")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what this test run set for itself."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        and not name.startswith(("PLACET_", "PYTEST"))
    }
    return {**kept, "PLACET_PREPARED": "1", **more}
