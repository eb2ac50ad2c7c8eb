from __future__ import annotations

import io

import pytest

from config import progress
from config.progress import Phase


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_hears_of_a_phase_once_with_its_time_and_note() -> None:
    stream = io.StringIO()
    with Phase("Postgres", stream) as phase:
        phase.show("thinking")
        phase.note("created")
    assert stream.getvalue() == "  Postgres        0.0 s  created\n"


def test_a_log_hears_that_a_long_phase_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT", 0.0)
    stream = io.StringIO()
    with Phase("Packages", stream) as phase:
        phase.show("3 of 9")
    assert stream.getvalue().splitlines()[0] == "  Packages        … 0 s  3 of 9"


def test_a_terminal_sees_one_line_that_changes() -> None:
    stream = Screen()
    with Phase("Packages", stream) as phase:
        phase.show("3 of 9")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("Packages        0.0 s  3 of 9\n")


def test_a_failed_phase_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="no"), Phase("Web", stream):
        raise ValueError("no")
    assert stream.getvalue() == "  Web             failed after 0.0 s\n"
