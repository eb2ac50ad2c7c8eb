"""What is written to a terminal holds nothing that acts on it, whatever it was."""

from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st

from placet.screen import Cell, Screen
from placet.text import columns, cut, lines, safe

ACTS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f\ufff9-\ufffb]"
)
text = st.text(max_size=200) | st.text("a\x1b\u202e\u0301\n\t界 ", max_size=200)


@given(text)
def test_nothing_acts_and_nothing_is_lost(given: str) -> None:
    shown = safe(given)
    assert not ACTS.search(shown)
    assert len(shown) >= len(given)
    assert safe(shown) == shown


@given(text, st.integers(1, 120))
def test_lines_are_no_wider_than_asked_and_hold_everything(given: str, width: int) -> None:
    broken = lines(given, width)
    assert "".join(broken) == "".join(map(safe, given.split("\n")))
    assert all(columns(line) <= max(width, 8) for line in broken)
    assert columns(cut(safe(given), width)) <= width


@given(st.lists(st.tuples(text, text, text), min_size=1, max_size=4), st.booleans())
def test_a_table_has_one_line_a_row(rows: list[tuple[str, str, str]], terminal: bool) -> None:
    stream = io.StringIO()
    screen = Screen(stream, terminal=terminal)
    screen.table([[Cell(one, "high"), Cell(two, stretches=True), Cell(three)] for one, two, three in rows])
    written = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert written.count("\n") == len(rows)
    assert not ACTS.search(written.replace("\n", "").replace("\t", ""))
    if not terminal:
        assert written.count("\t") == 2 * len(rows)


def test_colours_are_for_terminals_that_want_them(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def written(terminal: bool) -> str:
        stream = io.StringIO()
        Screen(stream, terminal=terminal).line("Risk", "high")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert written(True) == "\x1b[31mRisk\x1b[0m\n"
    assert written(False) == "Risk\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert written(True) == "Risk\n"
