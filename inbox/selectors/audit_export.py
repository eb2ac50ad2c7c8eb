"""The audit log as files. docs/reference/verify_audit.py reads both without Placet; a test holds the two together."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from inbox import canonical
from inbox.selectors.audit_log import ExportRow

COLUMNS = (
    "seq",
    "at",
    "verb",
    "actor_kind",
    "actor",
    "request",
    "outcome",
    "digest",
    "policy",
    "rule",
    "previous",
    "hash",
    "entry",
)
# A spreadsheet takes a cell that begins so for a formula, full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def jsonl(rows: Iterable[ExportRow], *, team_id: UUID) -> Iterator[str]:
    """A line an event, then an end mark: a download that was cut off shows."""
    last, head = 0, ""
    for row in rows:
        last, head = row.seq, row.hash
        yield _line({"seq": row.seq, "previous": row.previous, "hash": row.hash, "entry": row.entry})
    if last:
        yield _line({"end": {"team": str(team_id), "length": last, "head": head}})


def as_csv(rows: Iterable[ExportRow]) -> Iterator[str]:
    """A header, then a row an event. The readable columns repeat the entry, which alone is hashed."""
    writer = csv.writer(_Passes())
    yield writer.writerow(COLUMNS)
    for row in rows:
        said = canonical.read(row.entry.encode())
        actor, facts = said["actor"], said["facts"]
        yield writer.writerow(
            [
                row.seq,
                *(
                    cell(value)
                    for value in (said["at"], said["verb"], actor["kind"], actor["name"], said["request"])
                ),
                *(cell(facts.get(name)) for name in ("outcome", "digest", "policy", "rule")),
                row.previous,
                row.hash,
                row.entry,
            ]
        )


def cell(value: Any) -> str:
    """A value as a cell no spreadsheet takes for a formula: such text gets an apostrophe before it."""
    text = value if isinstance(value, str) else ("" if value is None else json.dumps(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


class _Passes:
    """csv.writer returns what `write` returns: the formatted row."""

    def write(self, text: str) -> str:
        return text
