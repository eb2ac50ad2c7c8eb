"""Runs of blanks long enough to push what follows them out of sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from inbox.rendering.findings import Notes, Severity
from inbox.rendering.segments import Part, glyph

_LONG: Final = 24
_VERY_LONG: Final = 80
_TAB_WIDTH: Final = 8
_BLANK_LINES: Final = 8

_SPACES: Final = re.compile(
    f"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\u3164\u115f\u1160\uffa0]{{{_LONG},}}+|\t{{5,}}+"
)
_NEWLINES: Final = re.compile(rf"(?:\n[ \t\r]*+){{{_BLANK_LINES},}}+")


def padding(text: str, notes: Notes) -> Iterator[Part]:
    """Badges for the plain spaces, tabs and newlines that stand in padding; what they mean goes into `notes`.

    Indentation up to 80 columns is code and stays as it is.
    """
    found = [*_NEWLINES.finditer(text), *_SPACES.finditer(text)]
    end = 0
    for match in sorted(found, key=lambda match: (match.start(), -match.end())):
        severity = _severity(text, match)
        if match.start() < end or severity is None:
            continue
        end = match.end()
        notes.add("padding", severity, match.start(), _described(match.group()))
        yield from _badges(match)


def _severity(text: str, match: re.Match[str]) -> Severity | None:
    run = match.group()
    if run[0] == "\n":
        return "block"
    width = len(run) + run.count("\t") * (_TAB_WIDTH - 1)
    before = text[match.start() - 1] if match.start() else "\n"
    after = text[match.end()] if match.end() < len(text) else "\n"
    if after in "\r\n":
        return "info"
    if before == "\n":
        return "block" if width > _VERY_LONG else None
    return "block" if width >= _VERY_LONG else "warn"


def _badges(match: re.Match[str]) -> Iterator[Part]:
    at = match.start()
    for char, same in groupby(match.group()):
        count = len(list(same))
        if char in " \t\n":
            yield Part(at, at + count, glyph(char, count))
        at += count


def _described(run: str) -> str:
    if run[0] == "\n":
        return f"{run.count(chr(10)):,} line breaks"
    return f"{len(run):,} blanks"
