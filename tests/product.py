"""The running product as tests need it: real processes on the test database and the test broker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from tests.faults.environment import child_environment

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Product:
    """Processes of the product, each started by name and stopped with the fixture."""

    port: int
    logs: Path
    overrides: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where the pages and the API answer."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, **extra: str) -> subprocess.Popen[bytes]:
        """Start `web`, `worker` or `sweep`; a web process is ready when this returns. `worker-2` is another worker."""
        python = sys.executable
        commands: dict[str, Sequence[str]] = {
            "web": [
                python,
                "-m",
                "uvicorn",
                "config.asgi:application",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--no-proxy-headers",
                "--timeout-graceful-shutdown",
                "1",
                "--log-level",
                "warning",
            ],
            "worker": [
                python,
                "-m",
                "celery",
                "-A",
                "config",
                "worker",
                "--concurrency",
                "2",
                "-l",
                "WARNING",
                "--without-gossip",
                "--without-mingle",
            ],
            "sweep": [python, "manage.py", "sweep"],
        }
        environment = {
            **child_environment(),
            "PLACET_BASE_URL": self.origin,
            "PLACET_PREPARED": "1",
            **self.overrides,
            **extra,
        }
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                commands[name.partition("-")[0]],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = process
        if name == "web":
            until(lambda: self._answers(process), 30, f"the web process did not answer: {self.log('web')}")
        return process

    def kill(self, name: str) -> None:
        """SIGKILL a process and its children, as a machine would."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log(self, name: str) -> str:
        """What a process printed."""
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace")[-4_000:] if path.exists() else ""

    def stop(self) -> None:
        """Stop everything, politely first."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise AssertionError(f"the web process ended: {self.log('web')}")
        try:
            with urlopen(f"{self.origin}/healthz", timeout=1) as response:
                return bool(response.status == 200)
        except OSError:
            return False


@contextmanager
def product(logs: Path, **overrides: str) -> Iterator[Product]:
    """A product with nothing running yet; everything started is stopped at the end."""
    made = Product(_free_port(), logs, overrides)
    try:
        yield made
    finally:
        made.stop()


def until(
    condition: Callable[[], bool], seconds: float, otherwise: str = "it did not happen in time"
) -> None:
    """Wait for a condition, looking every 20 ms. Raises AssertionError with `otherwise` when time runs out."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
