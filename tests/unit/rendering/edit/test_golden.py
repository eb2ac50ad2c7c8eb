"""Forms, diffs and options look as they did; `python -m tests.unit.rendering.regenerate` after a change that was meant."""

from __future__ import annotations

from tests.unit.rendering.edit.snapshots import FILE, rendered


def test_what_is_drawn_is_what_was_agreed() -> None:
    assert rendered() == FILE.read_text(encoding="ascii")
