"""Where the command writes: aligned and coloured on a terminal, tab-separated when piped, one JSON document with --json."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TextIO

from placet.text import columns, cut, lines, safe

try:
    import termios
except ImportError:  # not on Windows
    termios = None  # type: ignore[assignment]

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "low": "32",
    "medium": "33",
    "high": "31",
    "critical": "1;31",
    "unverifiable": "1;35",
    "ok": "32",
    "bad": "31",
    "warn": "33",
}
# A stretching column is never squeezed below this.
_NARROWEST: Final = 20
_GAP: Final = "  "


class Cell(NamedTuple):
    """A text and how it is coloured. `stretches`: it is cut where the line is too short for all."""

    text: str
    style: str = ""
    stretches: bool = False


class Screen:
    """One stream. Everything written is made harmless first."""

    def __init__(self, stream: TextIO, *, terminal: bool | None = None) -> None:
        self._stream = stream
        self.terminal = stream.isatty() if terminal is None else terminal
        self._coloured = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return max(shutil.get_terminal_size((100, 24)).columns, 40)

    def json(self, document: Any) -> None:
        """One document on one line, in ASCII: nothing in it can reach the terminal as itself."""
        # DEL is ASCII, and JSON leaves it as it is.
        self._write(json.dumps(document, ensure_ascii=True).replace("\x7f", "\\u007f"))

    def line(self, text: str = "", style: str = "") -> None:
        """One line, however long: wrapped on a terminal."""
        for part in lines(safe(text), self.width) if self.terminal else [safe(text)]:
            self._write(self._styled(part, style))

    def heading(self, text: str) -> None:
        """What the next lines are about; nothing when piped."""
        if self.terminal:
            self._write("")
            self._write(self._styled(safe(text), "bold"))

    def pair(self, label: str, value: str, style: str = "", depth: int = 0) -> None:
        """A named value. Its further lines begin under its first: none can pass for a line of ours."""
        if not self.terminal:
            self._write(f"{safe(label)}\t{safe(value)}")
            return
        name = "  " * min(depth, 8) + safe(label)
        margin = max(columns(name) + 2, 14)
        if margin > self.width // 2:
            self._write(self._styled(name, "dim"))
            name, margin = "", 6
        for number, part in enumerate(lines(value, self.width - margin - 2)):
            head = name + " " * (margin - columns(name)) if number == 0 else " " * margin
            mark = "  " if number == 0 else "│ "
            self._write(self._styled(head, "dim") + mark + self._styled(part, style))

    def table(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Rows of equal length, aligned."""
        plain = [[safe(cell.text) for cell in row] for row in rows]
        if not self.terminal:
            for texts in plain:
                self._write("\t".join(texts))
            return
        if not rows:
            return
        widths = [max(columns(texts[place]) for texts in plain) for place in range(len(rows[0]))]
        stretching = [place for place, cell in enumerate(rows[0]) if cell.stretches]
        over = sum(widths) + len(_GAP) * (len(widths) - 1) - self.width
        # The first is what the line is about: it is cut last.
        for place in reversed(stretching):
            fewer = min(max(over, 0), max(widths[place] - _NARROWEST, 0))
            widths[place] -= fewer
            over -= fewer
        for row, texts in zip(rows, plain, strict=True):
            self._write(
                _GAP.join(self._padded(*found) for found in zip(row, texts, widths, strict=True)).rstrip()
            )

    def flush(self) -> None:
        """What was written is seen now."""
        self._stream.flush()

    def ask(self, question: str) -> str | None:
        """A line a person types, without its end; None when they end the input.

        What was typed before the question stood there is thrown away: it cannot have been the answer to it.
        """
        _forget_typed()
        self._stream.write(f"{safe(question)} ")
        self.flush()
        typed = sys.stdin.readline()
        return typed.rstrip("\r\n") if typed else None

    def _padded(self, cell: Cell, text: str, width: int) -> str:
        shown = cut(text, width)
        return self._styled(shown, cell.style) + " " * (width - columns(shown))

    def _styled(self, text: str, style: str) -> str:
        code = _CODES.get(style, "")
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self._coloured else text

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")


def _forget_typed() -> None:
    if termios is not None and sys.stdin.isatty():
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
