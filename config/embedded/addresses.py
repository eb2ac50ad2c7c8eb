"""Where a running `manage.py up` is reached: written by its supervisor, read by every other command.

Standard library only: the bootstrap reads it before anything is installed.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded import lock

RUN_FILE = "run.json"
LOCK_FILE = "placet.lock"


@dataclass(frozen=True)
class Addresses:
    """What another terminal needs to work with the running servers.

    `processes` maps a child's name to its process id and start time (seconds since the epoch): with both,
    a later supervisor recognises what a killed one left behind, and never a stranger with a reused id.
    """

    database_url: str
    redis_url: str
    base_url: str
    supervisor: int
    processes: dict[str, tuple[int, float]]


def default_data_dir() -> Path:
    """The user's data directory for Placet: what platformdirs answers, computed without it."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "placet"
    configured = os.environ.get("XDG_DATA_HOME", "").strip()
    return (Path(configured) if configured else home / ".local" / "share") / "placet"


def read_addresses(data_dir: Path) -> Addresses | None:
    """The addresses of the supervisor that runs on `data_dir`, or None when none is alive.

    The lock decides, not the file: a supervisor that was killed leaves its file behind, never its lock.
    """
    if not lock.is_held(data_dir / LOCK_FILE):
        return None
    return last_addresses(data_dir)


def last_addresses(data_dir: Path) -> Addresses | None:
    """What the last supervisor wrote, alive or not; None when it wrote nothing readable."""
    try:
        kept = json.loads((data_dir / RUN_FILE).read_text(encoding="utf-8"))
        return Addresses(
            database_url=str(kept["database_url"]),
            redis_url=str(kept["redis_url"]),
            base_url=str(kept["base_url"]),
            supervisor=int(kept["supervisor"]),
            processes={str(name): (int(pid), float(at)) for name, (pid, at) in kept["processes"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_addresses(data_dir: Path, addresses: Addresses) -> None:
    """Replace the file in one step; only its owner may read it, for URLs may hold passwords."""
    partial = data_dir / f"{RUN_FILE}.new"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(addresses), file, indent=2)
    partial.replace(data_dir / RUN_FILE)


def forget_addresses(data_dir: Path) -> None:
    """Remove the file after an orderly stop."""
    (data_dir / RUN_FILE).unlink(missing_ok=True)
