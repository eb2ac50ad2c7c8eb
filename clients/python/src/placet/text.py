"""Text from outside, made harmless for a terminal: nothing is sent that moves, hides, reorders or colours.

The server reveals what it renders; names, notes and errors come as people and agents wrote them. Everything that is
printed goes through here, once more if need be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

# Printable by their category and yet drawn as nothing, or over their neighbours.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))
# A letter takes a few marks; more cover other lines.
_MARKS: Final = 3


def safe(text: str) -> str:
    """On one line: line breaks as ⏎, tabs as ⇥, whatever else does not show itself as ‹U+202E›."""
    return "".join(_shown(text))


def lines(text: str, width: int) -> list[str]:
    """The same on several lines: broken where the text breaks and at `width` columns, so that none starts a line."""
    found: list[str] = []
    for line in text.split("\n"):
        found += _wrapped(safe(line), max(width, 8))
    return found


def columns(text: str) -> int:
    """How many columns a harmless text takes."""
    return sum(_width(char) for char in text)


def cut(text: str, width: int) -> str:
    """A harmless text in at most `width` columns; … at the end says that it goes on."""
    if columns(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        if used + _width(char) > width - 1:
            break
        kept.append(char)
        used += _width(char)
    return "".join(kept) + "…"


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if char == "\n":
            yield "⏎"
        elif char == "\t":
            yield "⇥"
        elif hidden(char) or marks > _MARKS:
            yield f"‹U+{ord(char):04X}›"
        else:
            yield char


def hidden(char: str) -> bool:
    """Whether a character does not show itself as what it is."""
    if " " <= char <= "~":
        return False
    return not char.isprintable() or char in _BLANK or any(ord(char) in one for one in _SELECTORS)


def _wrapped(text: str, width: int) -> list[str]:
    """At blanks where one is near the end, else anywhere; every character stays."""
    found, line, used, blank = [], "", 0, 0
    for char in text:
        if used + _width(char) > width:
            at = blank if blank * 3 > len(line) * 2 else len(line)
            found.append(line[:at])
            line = line[at:]
            used, blank = columns(line), 0
        line += char
        used += _width(char)
        if char == " ":
            blank = len(line)
    return [*found, line]


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
