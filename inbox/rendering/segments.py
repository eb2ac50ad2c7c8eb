"""The stretches a revealed text is made of: plain text, badges in place of characters, labels beside others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from inbox.rendering.characters import hidden, is_mark, label, title

Kind = Literal["text", "glyph", "lookalike"]

_SYMBOLS: Final[dict[str, tuple[str, str]]] = {
    " ": ("␠", "spaces"),
    "\t": ("⇥", "tabs"),
    "\n": ("⏎", "line breaks"),
}
_CHARACTERS: Final = {symbol: char for char, (symbol, _) in _SYMBOLS.items()}
_LONGEST_CACHED: Final = 64
_LABEL: Final = re.compile(r"(?:U\+([0-9A-F]{4,6}) [^×]*|([␠⇥⏎]))(?:×(\d+))?")


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a revealed text.

    text: `text` is drawn as it is, newlines as line breaks. glyph: `label` is drawn as a badge in place of
    characters that do not show themselves ("U+202E RLO", "U+200B ZWSP×40", "␠×120"); `text` is empty.
    lookalike: `text` is drawn with `label` beside it. `title` is a sentence for a tooltip.
    """

    kind: Kind
    text: str
    label: str = ""
    title: str = ""

    @property
    def source(self) -> str:
        """The characters of the input that this segment stands for, read back from what is shown."""
        if self.kind != "glyph":
            return self.text
        match = _LABEL.fullmatch(self.label)
        if match is None:
            raise ValueError(f"not a badge of this renderer: {self.label!r}")
        code, symbol, times = match.groups()
        return (chr(int(code, 16)) if code else _CHARACTERS[symbol]) * int(times or 1)


class Part(NamedTuple):
    """The segment for text[start:end]. A hostile text holds a million of these, hence a plain tuple."""

    start: int
    end: int
    segment: Segment


@lru_cache(maxsize=65536)
def glyph(char: str, count: int = 1) -> Segment:
    """The badge of one character repeated `count` times."""
    times = f"×{count}" if count > 1 else ""
    in_a_row = f", {count:,} in a row." if count > 1 else "."
    if char in _SYMBOLS:
        symbol, name = _SYMBOLS[char]
        return Segment(
            "glyph", "", symbol + times, f"{count:,} {name}." if count > 1 else f"One of the {name}."
        )
    return Segment("glyph", "", label(char) + times, title(char) + in_a_row)


def lookalike(text: str, beside: str, explained: str) -> Segment:
    """A visible stretch with a label beside it."""
    if len(text) > _LONGEST_CACHED:
        return Segment("lookalike", text, beside, explained)
    return _short_lookalike(text, beside, explained)


# Only short ones are kept: the cache must not hold on to megabytes an agent sent.
@lru_cache(maxsize=4096)
def _short_lookalike(text: str, beside: str, explained: str) -> Segment:
    return Segment("lookalike", text, beside, explained)


def marked(
    word: str, start: int, positions: Sequence[int], name: Callable[[str], str], explained: str
) -> Iterator[Part]:
    """A look-alike for each run of adjoining positions in `word`, which stands at `start` in its text."""
    first = 0
    for index, position in enumerate(positions):
        if index + 1 < len(positions) and positions[index + 1] == position + 1:
            continue
        run = word[positions[first] : position + 1]
        beside = name(run)
        segment = lookalike(run, beside, f"{explained}{beside}.")
        yield Part(start + positions[first], start + position + 1, segment)
        first = index + 1


def codes(run: str) -> str:
    """The code points of a run, at most four by name: "U+0430 U+0440"."""
    return _codes(run[:4], len(run) - 4)


@lru_cache(maxsize=4096)
def _codes(first: str, more: int) -> str:
    named = " ".join(f"U+{ord(char):04X}" for char in first)
    return f"{named} and {more:,} more" if more > 0 else named


def readable(word: str) -> str:
    """The first 40 characters of a word for a sentence, without marks and hidden characters."""
    return "".join(char for char in word[:40] if not is_mark(char) and hidden(char) is None)
