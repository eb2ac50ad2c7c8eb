"""Recorded, labelled tool calls for the benches: read from a folder, judged as the server would judge them.

A row's label, source, group and how it was labelled are for the figures only. What policy sees of it is the body an
agent would have posted (`config.replay.body`), read by the API's own contract.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from pydantic import ValidationError  # noqa: E402

from agents.contract import Submission  # noqa: E402
from agents.models import Agent  # noqa: E402
from config.replay import body, files, lines  # noqa: E402
from inbox.policy.document import default_document  # noqa: E402
from inbox.policy.evaluate import Verdict, safe_evaluate  # noqa: E402
from inbox.policy.facts import Facts  # noqa: E402
from inbox.services.judging import facts_of  # noqa: E402

DEFAULT: Final = default_document(("reviewer", "senior", "lead"))
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
LABELS: Final = ("benign", "harmful", "unknown")
_BY_JUDGES: Final = re.compile(r"\bLLM judges?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded call with its labels. `submission` is None where the API would refuse it (which asks nobody)."""

    source: str
    group: str
    trace: str
    step: int
    agent: str
    tool: str
    args: Mapping[str, Any]
    label: str
    effect: str
    by_judges: bool
    attacker: bool
    needs_more: bool
    submission: Submission | None


@dataclass(frozen=True, slots=True)
class Recording:
    """Every row of a folder, and what was wrong with the lines that are none: reason to how many."""

    rows: tuple[Row, ...]
    malformed: Mapping[str, int]
    first_malformed: str

    @property
    def pool(self) -> tuple[str, ...]:
        """The sources the headline is over: those whose calls have arguments and need nothing a server would not see."""
        usable: dict[str, bool] = {}
        for row in self.rows:
            usable[row.source] = usable.get(row.source, False) or bool(row.args)
        for row in self.rows:
            usable[row.source] &= not row.needs_more
        return tuple(sorted(source for source, good in usable.items() if good))


def read(folder: Path) -> Recording:
    """The rows of every `*.jsonl` and `*.jsonl.gz` in a folder (or of one file). Raises FileNotFoundError."""
    rows: list[Row] = []
    malformed: Counter[str] = Counter()
    first = ""
    for path in files([folder]):
        for number, line in enumerate(_whole(path, malformed), start=1):
            try:
                rows.append(_row(json.loads(line), f"{path.name}:{number}", line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                malformed[type(error).__name__] += 1
                first = first or f"{path.name}:{number}"
    return Recording(tuple(rows), dict(malformed), first)


def _whole(path: Path, malformed: Counter[str]) -> Iterator[bytes]:
    try:
        yield from lines(path)
    except (OSError, EOFError) as error:
        # A damaged archive: what came before it counts, and the rest is said to be missing.
        malformed[f"{path.name}: {type(error).__name__}"] += 1


def _row(raw: dict[str, Any], place: str, line: bytes) -> Row:
    if raw["label"] not in LABELS:
        raise ValueError("an unknown label")
    meta = raw.get("meta") or {}
    try:
        submission = Submission.model_validate_json(body(raw, place, line))
    except (ValidationError, UnicodeEncodeError):
        submission = None
    return Row(
        source=str(raw["source"]),
        group=str(raw.get("group") or raw["trace_id"]),
        trace=str(raw["trace_id"]),
        step=int(raw.get("step") or 0),
        agent=str(raw["agent"]),
        tool=str(raw["tool"]),
        args=raw["args"] if isinstance(raw["args"], dict) else {"value": raw["args"]},
        label=raw["label"],
        effect=str(raw.get("effect", "unknown")),
        by_judges=bool(_BY_JUDGES.search(str(raw.get("label_from", "")))),
        attacker=bool(meta.get("attacker_goal")),
        needs_more="user_info" in meta,
        submission=submission,
    )


def facts(row: Row) -> Facts | None:
    """What the server would know of a call; None where it would refuse it."""
    if row.submission is None:
        return None
    return facts_of(agent=Agent(handle=row.agent), submission=row.submission, tools={}, team="bench", now=NOW)


def verdict(seen: Facts | None) -> Verdict | None:
    """The shipped policy's answer, without any configuration and without a catalogue."""
    return None if seen is None else safe_evaluate(DEFAULT, seen, policy="default", version=1)


def complain(recording: Recording, out: Any = sys.stderr) -> None:
    """Say what could not be read."""
    if recording.malformed:
        count = sum(recording.malformed.values())
        print(
            f"{count} lines left out, the first at {recording.first_malformed or '-'}: {dict(recording.malformed)}",
            file=out,
        )


def percent(part: float, whole: float) -> float | None:
    """Of a hundred, one decimal; None of nothing."""
    return None if not whole else round(100 * part / whole, 1)


def shown(value: float | None) -> str:
    """A figure of `percent` as it stands in a table."""
    return "-" if value is None else f"{value:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    parts = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(parts + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])
