"""Two texts as one: what stays, what goes, what comes, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal

from inbox.rendering.align import shared_head
from inbox.rendering.reveal import Revealed, reveal

PartKind = Literal["same", "removed", "added"]

# Matching takes up to the square of this many steps, longer texts are compared by lines, then as a whole.
_MOST_PIECES: Final = 400
_WORDS: Final = re.compile(r"\w+|[^\S\n]+|\n|[^\w\s]")
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A stretch of two texts: without the added ones the parts are the first text, without the removed the second."""

    kind: PartKind
    shown: Revealed


def text_diff(before: str, after: str) -> tuple[TextPart, ...]:
    """The parts of two texts, none empty, no two of a kind beside each other; a removed part stands before an added."""
    first, second = _words(before), _words(after)
    start = shared_head(first, second)
    end = shared_head(first[start:][::-1], second[start:][::-1])
    head, first, second, tail = (
        first[:start],
        first[start : len(first) - end],
        second[start : len(second) - end],
        first[len(first) - end :],
    )
    parts: list[tuple[PartKind, str]] = [
        ("same", "".join(head)),
        *_middle(first, second),
        ("same", "".join(tail)),
    ]
    return tuple(
        TextPart(kind, reveal("".join(text for _, text in same)))
        for kind, same in groupby((part for part in parts if part[1]), key=lambda part: part[0])
    )


def _middle(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[PartKind, str]]:
    if max(len(first), len(second)) > _MOST_PIECES:
        first, second = (_LINES.findall("".join(pieces)) for pieces in (first, second))
    if max(len(first), len(second)) > _MOST_PIECES:
        first, second = ["".join(first)], ["".join(second)]
    for tag, at, to, other_at, other_to in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(first[at:to])
        else:
            yield "removed", "".join(first[at:to])
            yield "added", "".join(second[other_at:other_to])


def _words(text: str) -> list[str]:
    return _WORDS.findall(text)
