"""A revealed text as lines of the payload panel, so that a page can be cut without losing a character."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Final

from inbox.rendering.reveal import Revealed
from inbox.rendering.segments import Segment

# Columns of the payload panel; a longer line wraps and counts as what it takes.
COLUMNS: Final = 100


def line_count(shown: Revealed) -> int:
    """Lines the text takes in a panel of 100 columns, at least 1."""
    return max(sum(1 for _ in _lines(shown)), 1)


def slices(shown: Revealed, max_lines: int) -> Iterator[Revealed]:
    """The text in pieces of at most `max_lines` lines (at least 1); joined they are the text.

    The first piece carries the findings. A badge is never cut.
    """
    lines = _lines(shown)
    findings = shown.findings
    while piece := list(islice(lines, max_lines)):
        yield Revealed(tuple(_merged([segment for line in piece for segment in line])), findings)
        findings = ()


def _lines(shown: Revealed) -> Iterator[list[Segment]]:
    line: list[Segment] = []
    column = 0
    for segment in shown.segments:
        pieces = _wrapped(segment.text, column) if segment.kind == "text" else [segment]
        for piece in pieces:
            width = len(piece.text) + len(piece.label)
            if piece.kind != "text" and column and column + width > COLUMNS:
                yield line
                line, column = [], 0
            line.append(piece)
            column += width
            if column >= COLUMNS or piece.text.endswith("\n"):
                yield line
                line, column = [], 0
    if line:
        yield line


def _wrapped(text: str, column: int) -> Iterator[Segment]:
    at = 0
    while at < len(text):
        room = at + COLUMNS - column
        newline = text.find("\n", at, room)
        end = newline + 1 if newline >= 0 else min(room, len(text))
        yield Segment("text", text[at:end])
        at, column = end, 0


def _merged(segments: list[Segment]) -> Iterator[Segment]:
    for is_text, same in groupby(segments, key=lambda segment: segment.kind == "text"):
        if is_text:
            yield Segment("text", "".join(segment.text for segment in same))
        else:
            yield from same
