"""Recorded calls of real agents are shown without loss, without absurd work and without crying wolf.

The recordings lie beside the repository (../shared, or PLACET_SHARED); without them this is skipped.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from inbox.rendering.fields import field_table
from inbox.rendering.sentence import compile_template, render
from inbox.rendering.text import talk
from tests.unit.rendering.strategies import unshown

SHARED: Final = Path(os.environ.get("PLACET_SHARED") or Path(__file__).parents[4] / "shared")
TRACES: Final = SHARED / "traces" / "dev"
# Far above what any call costs (8 ms for the slowest one measured), so that only an absurd one fails.
LONGEST_S: Final = 2.0

pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason="the recorded calls are not at hand")


def calls() -> Iterator[dict[str, Any]]:
    for file in sorted(TRACES.glob("*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def read_back(args: dict[str, Any]) -> Any:
    """The arguments, put together again from nothing but the rows of their table."""
    built: Any = {}
    for row in sorted(field_table(args).rows, key=lambda row: row.depth):
        *above, key = [step.replace("~1", "/").replace("~0", "~") for step in row.pointer.split("/")[1:]]
        parent = built
        for step in above:
            parent = parent[step]
        if row.value is None:
            parent[key] = {}
        else:
            text = row.value.source
            parent[key] = text if row.type in ("text", "empty text") else json.loads(text)
    return built


def as_objects(value: Any) -> Any:
    """Lists as objects by index, which is all a table of pointers can say."""
    if isinstance(value, dict):
        return {key: as_objects(below) for key, below in value.items()}
    if isinstance(value, list):
        return {str(index): as_objects(below) for index, below in enumerate(value)}
    return value


def test_every_recorded_call_can_be_read_back_from_its_table() -> None:
    count = 0
    for call in calls():
        count += 1
        started = time.process_time()
        assert read_back(call["args"]) == as_objects(call["args"])
        assert time.process_time() - started < LONGEST_S, call["trace_id"]
    assert count > 10_000


def test_every_recorded_call_has_a_sentence_that_shows_itself() -> None:
    for call in calls():
        names = [key for key in call["args"] if key.isidentifier() and key.isascii()]
        template = compile_template("Do it" + "".join(f" {{{name}|list}}" for name in names[:9]))
        for sentence in (
            render(template, call["tool"], call["args"]),
            render(None, call["tool"], call["args"]),
        ):
            assert unshown(sentence.text) == []
            assert "\n" not in sentence.text


def test_findings_on_benign_calls_are_rare() -> None:
    benign = [call for call in calls() if call["label"] == "benign"]
    severities = [{finding.severity for finding in field_table(call["args"]).findings} for call in benign]
    blocked = sum("block" in found for found in severities)
    warned = sum("warn" in found for found in severities)
    assert blocked <= len(benign) // 10_000
    assert warned <= len(benign) // 1_000


def test_agents_at_work_are_not_said_to_talk_to_the_reviewer() -> None:
    thoughts = [call["thought"] for call in calls() if call.get("thought")]
    assert sum(bool(talk(thought)) for thought in thoughts) <= len(thoughts) // 1_000
