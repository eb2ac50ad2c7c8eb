from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from config.embedded import output
from config.embedded.output import ERROR, WARNING, Pump, Reader, Terminal, rotate
from config.progress import Phase


@pytest.mark.parametrize(
    ("line", "gravity"),
    [
        ("INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", 0),
        ("ERROR:    Exception in ASGI application", ERROR),
        ("[2026-11-21 03:00:00,000: WARNING/MainProcess] consumer: cannot connect", WARNING),
        ("[2026-11-21 03:00:00,000: ERROR/ForkPoolWorker-1] Task failed", ERROR),
        ("[2026-11-21 03:00:00,000: INFO/MainProcess] celery@host ready.", 0),
        ("    . logfile -> [stderr]@%WARNING", 0),
        ("a refund of an ERROR: in the middle", 0),
        ("", 0),
        (json.dumps({"event": "swept", "level": "info"}), 0),
        (json.dumps({"event": "hint_dropped", "level": "warning"}), WARNING),
        (json.dumps({"event": "delivery_failed", "level": "error"}), ERROR),
        ('{"no": "event"}', 0),
        ("{broken", 0),
    ],
)
def test_lines_are_as_grave_as_they_say(line: str, gravity: int) -> None:
    assert Reader().read(line)[0] == gravity


def test_a_traceback_is_grave_to_its_last_line() -> None:
    reader = Reader()
    lines = [
        "all is well",
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in <module>',
        "    boom()",
        "ValueError: no",
        "all is well again",
    ]
    assert [reader.read(line)[0] for line in lines] == [0, ERROR, ERROR, ERROR, ERROR, 0]


def test_structured_lines_are_shown_as_sentences() -> None:
    line = json.dumps(
        {
            "event": "sweep_failed",
            "level": "warning",
            "logger": "x",
            "error": "gone",
            "exception": "Trace\nback",
        }
    )
    assert Reader().read(line)[1] == "sweep_failed error=gone\nTrace\nback"


def test_the_terminal_shows_what_is_grave_behind_its_name() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream=stream)
    terminal.relay("web", 0, "fine")
    terminal.relay("worker", ERROR, "bad\nworse")
    assert stream.getvalue() == "  worker bad\n  worker worse\n"


def test_the_terminal_shows_all_when_asked() -> None:
    stream = io.StringIO()
    Terminal(everything=True, stream=stream).relay("web", 0, "fine")
    assert stream.getvalue() == "     web fine\n"


def test_colours_only_where_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in Terminal(stream=Screen()).coloured("x", 31)
    assert Terminal(stream=io.StringIO()).coloured("x", 31) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Terminal(stream=Screen()).coloured("x", 31) == "x"


def test_a_line_begun_by_a_phase_is_wiped_on_a_screen() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    with Phase("Web", screen) as phase:
        Terminal(stream=screen).say("a warning")
        phase.note("up")
    assert screen.getvalue().split("\n")[-3].endswith("\x1b[2Ka warning")
    assert "Web" in screen.getvalue().split("\n")[-2]


def test_blank_lines_are_not_shown() -> None:
    stream = io.StringIO()
    Terminal(everything=True, stream=stream).relay("worker", 0, " ")
    assert stream.getvalue() == ""


def test_a_terminal_that_went_away_stops_nothing() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream=stream)
    stream.close()
    terminal.say("still here")


def pumped(log: Path, raw: bytes, heard: list[str], secret: str = "\0") -> None:  # noqa: S107 - a marker
    def hear(line: str) -> bool:
        heard.append(line)
        return secret not in line

    pump = Pump(io.BytesIO(raw), log, hear)
    pump.start()
    pump.join()


def test_everything_said_is_kept_byte_for_byte(tmp_path: Path) -> None:
    heard: list[str] = []
    raw = "one\ntwo \ud83d\n".encode("utf-8", "surrogatepass") + b"\xff last"
    pumped(tmp_path / "web.log", raw, heard)
    assert (tmp_path / "web.log").read_bytes() == raw
    assert len(heard) == 3
    assert heard[0] == "one"


def test_secrets_are_heard_and_not_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    pumped(tmp_path / "prepare.log", b"public\n/sign-in/abc\n", heard, secret="/sign-in/")
    assert heard == ["public", "/sign-in/abc"]
    assert (tmp_path / "prepare.log").read_text() == "public\n"


def test_a_log_never_grows_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "ROTATE_AT", 100)
    pumped(tmp_path / "web.log", b"x" * 40 + b"\n" + b"y" * 80 + b"\n" + b"z\n", [])
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 40 + b"\n" + b"y" * 80 + b"\n"
    assert (tmp_path / "web.log").read_bytes() == b"z\n"


def test_the_last_runs_logs_are_kept_once(tmp_path: Path) -> None:
    for words in ("first", "second"):
        (tmp_path / "web.log").write_text(words)
        rotate(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["web.log.1"]
    assert (tmp_path / "web.log.1").read_text() == "second"
