"""Where a running `manage.py up` left the addresses of its servers. Standard library only."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """The embedded servers' URLs and the origin people use."""

    database_url: str
    redis_url: str
    base_url: str
    supervisor_pid: int


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/placet`, or ~/.local/share/placet."""
    root = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(root) / "placet"


def read_addresses(data_dir: Path) -> Addresses | None:
    """What `up` wrote into run.json, or None when no supervisor lives."""
    try:
        kept = json.loads((data_dir / "run.json").read_text())
        addresses = Addresses(
            kept["database_url"], kept["redis_url"], kept["base_url"], int(kept["supervisor_pid"])
        )
        os.kill(addresses.supervisor_pid, 0)
    except (OSError, ValueError, KeyError):
        return None
    return addresses
