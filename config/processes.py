"""The application's processes: one list for `manage.py up` and for the test that keeps docker-compose.yml true."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANAGE = str(ROOT / "manage.py")


def web(host: str, port: int) -> list[str]:
    """Pages, API, sockets and long polls on one port.

    Forwarded headers are not believed: uvicorn would take them from loopback, where every caller of the embedded
    default is, and a new X-Forwarded-For on each try would escape the limit on failed sign-ins.
    """
    return [
        sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port),
        "--no-proxy-headers", "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "5",
    ]  # fmt: skip


def worker() -> list[str]:
    """Celery: runs hosted agents and delivers decisions."""
    return [
        sys.executable, "-m", "celery", "-A", "config", "worker",
        "--concurrency", "2", "-l", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def beat(data_dir: Path) -> list[str]:
    """Celery's clock: asks the workers to sweep."""
    return [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "beat",
        "-s",
        str(data_dir / "celerybeat-schedule"),
    ]


def sweep() -> list[str]:
    """The sweep that needs no broker: due deliveries and deadlines arrive even when Celery is gone."""
    return [sys.executable, MANAGE, "sweep"]


def prepare(*options: str) -> list[str]:
    """Migrations, and in the demo its team and its sign-in links."""
    return [sys.executable, MANAGE, "prepare", *options]
