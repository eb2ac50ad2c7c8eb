"""A value inside a sentence: one line, nothing invisible, set apart from the sentence's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inbox.rendering.characters import hidden
from inbox.rendering.reveal import reveal
from inbox.rendering.segments import Segment, glyph
from inbox.rendering.values import CONTAINERS, scalar_text, type_word

LONGEST: Final = 80

# Blanks a browser would fold, line breaks, and the quotation marks that could end a quoted value.
_FOLDED: Final = re.compile(r"\A +| +\Z| {2,}|\n+|\t+|[“”‹›]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as a sentence shows it. `complete` is false when not every character of it is visible."""

    text: str
    complete: bool


def shown(value: Any) -> Shown:
    """A value as it stands in a sentence, cut visibly at 80 characters; of a list or object only its size.

    Texts with spaces stand in “ ”, so that a value cannot pass for the sentence around it. Hidden
    characters stand as ‹U+202E RLO›.
    """
    if isinstance(value, CONTAINERS):
        return Shown(type_word(value), not value)
    if value == "":
        return Shown("“”", True)
    segments = list(_one_line(scalar_text(value)))
    text, complete = _cut(segments)
    quoted = any(" " in segment.text for segment in segments)
    return Shown(f"“{text}”" if quoted else text, complete)


def shown_list(values: Sequence[Any]) -> Shown:
    """The elements of a list, as many whole ones as fit into 80 characters and how many more there are."""
    if not values:
        return Shown("none", True)
    texts: list[str] = []
    complete = True
    for number, value in enumerate(values):
        element = shown(value)
        if texts and len(", ".join([*texts, element.text])) > LONGEST:
            return Shown(f"{', '.join(texts)}, … {len(values) - number:,} more", False)
        texts.append(element.text)
        complete = complete and element.complete
    return Shown(", ".join(texts), complete)


def _one_line(value: str) -> Iterator[Segment]:
    for segment in reveal(value).segments:
        if segment.kind != "text":
            yield segment
            continue
        at = 0
        for match in _FOLDED.finditer(segment.text):
            if at < match.start():
                yield Segment("text", segment.text[at : match.start()])
            yield glyph(match.group()[0], len(match.group()))
            at = match.end()
        if at < len(segment.text):
            yield Segment("text", segment.text[at:])


def _cut(segments: Sequence[Segment]) -> tuple[str, bool]:
    text = ""
    for segment in segments:
        label = f"‹{segment.label}›" if segment.label else ""
        room = LONGEST - len(text) - len(label)
        if len(segment.text) > room:
            return text + _visible_end(segment.text[: max(room, 0)]) + "…", False
        text += segment.text + label
    return text, True


def _visible_end(text: str) -> str:
    """Without the joiner a cut through an emoji would leave behind."""
    while text and hidden(text[-1]):
        text = text[:-1]
    return text
