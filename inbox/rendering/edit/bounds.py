"""What a schema asks of one value, in words. Nothing here is enforced: `problems` checks, the tool decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from inbox.rendering.edit.nodes import Kind
from inbox.rendering.edit.patterns import readable_pattern
from inbox.rendering.edit.shape import MOST_CHOICES, Shape
from inbox.rendering.inline import shown

_LONGEST: Final = 200
_NUMBERS: Final = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("exclusiveMinimum", "more than {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
)
_COUNTS: Final[dict[Kind, tuple[tuple[str, str], ...]]] = {
    Kind.STRING: (("minLength", "at least {} characters"), ("maxLength", "at most {} characters")),
    Kind.ARRAY: (("minItems", "at least {} items"), ("maxItems", "at most {} items")),
    Kind.OBJECT: (("minProperties", "at least {} fields"), ("maxProperties", "at most {} fields")),
}


def bounds(shape: Shape, kind: Kind) -> tuple[str, ...]:
    """The phrases for a control of this kind, each free of hidden characters."""
    return tuple(dict.fromkeys(_phrases(shape, kind)))


def _phrases(shape: Shape, kind: Kind) -> Iterator[str]:
    if kind in (Kind.NUMBER, Kind.INTEGER):
        for word, phrase in _NUMBERS:
            if is_number(value := shape.says(word)):
                yield phrase.format(brief(value))
    for word, phrase in _COUNTS.get(kind, ()):
        if is_number(value := shape.says(word)):
            words = phrase.removesuffix("s") if value == 1 else phrase
            yield words.format(brief(value))
    if kind is Kind.ARRAY and shape.says("uniqueItems") is True:
        yield "no item twice"
    if kind is Kind.STRING:
        if isinstance(form := shape.says("format"), str):
            yield f"in the format {brief(form)}, which is not checked here"
        if isinstance(pattern := shape.says("pattern"), str):
            checked = "" if readable_pattern(pattern) else ", which is not checked here"
            yield f"fits the pattern {brief(pattern)}{checked}"
    values = shape.says("enum")
    if kind is not Kind.CHOICE and isinstance(values, list) and len(values) > MOST_CHOICES:
        yield f"one of {len(values):,} values"


def brief(value: Any) -> str:
    """A value of a schema in a sentence. Cut before it is shown: a pattern of 120,000 characters took minutes."""
    long = isinstance(value, str) and len(value) > _LONGEST
    return shown(f"{value[:_LONGEST]}…" if long else value).text


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
