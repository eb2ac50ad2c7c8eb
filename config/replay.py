"""Recorded tool calls, one JSON object a line, turned into requests as the agents that made them would send."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.contract import MAX_EXPIRY_SECONDS
from inbox.policy.words import Effect

# What a server would see of a recorded call; labels and sources stay out.
_WORDS = 20_000
_HANDLE = re.compile(r"[^A-Za-z0-9_.-]+")
_CAUTION = {"read": 0, "write": 1, "irreversible": 2}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of a trace file: where it stood, who made it, and the body to send (None when it is no call)."""

    place: str
    agent: str
    body: bytes | None
    reason: str = ""


def files(paths: list[Path]) -> list[Path]:
    """The trace files named, folders searched for *.jsonl and *.jsonl.gz. Raises FileNotFoundError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(path)
    return found


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a plain or gzipped file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from (line for line in stream if line.strip())


def recorded(path: Path) -> Iterator[Recorded]:
    """Every call of a file, in order. A line that is no call comes with the reason."""
    for number, line in enumerate(lines(path), start=1):
        place = f"{path.name}:{number}"
        try:
            row = json.loads(line)
            agent = _HANDLE.sub("-", str(row["agent"])).strip("-.") or "agent"
            yield Recorded(place, agent[:80], body(row, place, line))
        except (ValueError, KeyError, TypeError) as error:
            yield Recorded(place, "", None, f"not a recorded call: {type(error).__name__} {error}"[:200])


def effects(paths: list[Path]) -> dict[str, Effect]:
    """Each tool's most far-reaching recorded effect; tools with an unclear one are left unknown."""
    worst: dict[str, str] = {}
    for path in paths:
        for line in lines(path):
            try:
                row = json.loads(line)
                tool, effect = row["tool"], row.get("effect", "unknown")
            except (ValueError, KeyError, TypeError):
                continue
            if effect not in _CAUTION or worst.get(tool) == "unknown":
                worst[tool] = "unknown"
            elif tool not in worst or _CAUTION[effect] > _CAUTION[worst[tool]]:
                worst[tool] = effect
    return {tool: Effect(effect) for tool, effect in worst.items() if effect != "unknown"}


def body(row: dict[str, Any], place: str, line: bytes) -> bytes:
    """The request an agent would send for one recorded call. Raises KeyError for a row without tool or arguments."""
    key = hashlib.sha256(place.encode() + line).hexdigest()[:32]
    thread = hashlib.sha256(str(row.get("trace_id", place)).encode()).hexdigest()[:16]
    sent = {
        "dedupe_key": f"replay:{key}",
        "thread": f"replay-{thread}",
        "actions": [
            {
                "key": f"step-{row.get('step', 0)}",
                "name": row["tool"],
                "args": row["args"],
                "description": str(row.get("tool_description") or "")[:_WORDS],
            }
        ],
        "context": {
            "rationale": str(row.get("thought") or "")[:_WORDS],
            "user_task": str(row.get("user_task") or "")[:_WORDS],
            "prior_output": str(row.get("prior_output") or "")[:_WORDS],
        },
        "expires_in": MAX_EXPIRY_SECONDS,
    }
    # Surrogates and the like go out as they were recorded: refusing them is the server's part.
    return json.dumps(sent, ensure_ascii=True).encode()
