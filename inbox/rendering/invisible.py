"""Characters that do not show themselves, and marks drawn over their neighbours, as badges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from inbox.rendering.characters import Hidden, hidden, is_mark, label, selector_number
from inbox.rendering.findings import Notes, Severity
from inbox.rendering.orthography import emoji_positions, severity, stays_in_text
from inbox.rendering.segments import Part, glyph, readable

# The tallest honest stack met: biblical Hebrew and Tibetan put up to five marks on a letter.
_TALLEST_STACK: Final = 5
_COVERING: Final = re.compile(
    "[\u0334-\u0338\u0488\u0489\u20d2\u20d3\u20d8-\u20da\u20dd-\u20e0\u20e2-\u20eb]"
)
_LONGEST_MESSAGE: Final = 80


def invisible(text: str, scripts: frozenset[str], notes: Notes) -> Iterator[Part]:
    """A badge for each run of one hidden character, except where honest writing needs it unseen.

    `scripts` are the scripts of the whole text; what the characters mean goes into `notes`.
    """
    kinds = {char: kind for char in set(text) if (kind := hidden(char))}
    if not kinds:
        return
    emoji = emoji_positions(text)
    end = 0
    for start, char in enumerate(text):
        if start < end or char not in kinds or start in emoji:
            continue
        end = start + 1
        while end < len(text) and text[end] == char and end not in emoji:
            end += 1
        kind = kinds[char]
        grade = severity(kind, text, start, end, scripts)
        if stays_in_text(kind, grade):
            continue
        if grade:
            notes.add(_code(kind, char, grade), grade, start, _detail(kind, text, start), end - start)
        yield Part(start, end, glyph(char, end - start))


def _code(kind: Hidden, char: str, grade: Severity) -> str:
    if char == "\r" and grade == "info":
        return "crlf"
    return "joiner" if kind == "zero-width" and grade == "info" else kind


def _detail(kind: Hidden, text: str, start: int) -> str:
    """The character's badge, or for the first of a run of smuggling characters what they spell."""
    if kind not in ("tag-characters", "variation-selector"):
        return label(text[start])
    if start and hidden(text[start - 1]) == kind:
        return ""
    message = _spelled(kind, text[start : start + _LONGEST_MESSAGE])
    return f"they spell “{message}”" if message else label(text[start])


def _spelled(kind: Hidden, run: str) -> str:
    """The ASCII text that tags, or bytes in variation selectors, stand for; "" when they spell none."""
    message = ""
    for char in run:
        if hidden(char) != kind:
            break
        code = ord(char) - 0xE0000 if kind == "tag-characters" else selector_number(ord(char)) - 1
        if not 0x20 <= code < 0x7F:
            break
        message += chr(code)
    return message if len(message) > 1 else ""


def loose_marks(text: str, badges: Iterable[Part], notes: Notes) -> Iterator[Part]:
    """A badge for each mark that has nothing to stand on, is part of a tower, or covers its character.

    A mark right after one of the `badges` would be drawn over that badge.
    """
    marks = {char for char in set(text) if is_mark(char)}
    if not marks:
        return
    emoji = emoji_positions(text)
    badged = {badge.end for badge in badges}
    end = 0
    for start, char in enumerate(text):
        if start < end or char not in marks or start in emoji:
            continue
        end = start + 1
        while end < len(text) and text[end] in marks and end not in emoji:
            end += 1
        base = text[start - 1] if start else ""
        if end - start > _TALLEST_STACK:
            notes.add("stacked-marks", "block", start, f"{end - start:,} on one character", end - start)
        elif start in badged or not base or base.isspace():
            notes.add("stacked-marks", "warn", start, f"{label(char)} on nothing", end - start)
        elif _COVERING.search(text, start, end) and unicodedata.category(base) != "Sm":
            notes.add("stacked-marks", "warn", start, f"{label(char)} over {readable(base)}", end - start)
        else:
            continue
        at = start
        for mark, same in groupby(text[start:end]):
            count = len(list(same))
            yield Part(at, at + count, glyph(mark, count))
            at += count
