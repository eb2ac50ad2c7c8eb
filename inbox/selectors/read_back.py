"""The value a reviewer reads back before a grave approval: chosen from the payload, never shown beside the field.

It differs from request to request, so it cannot become a reflex, and it can only be answered by who looked at the
payload. Asked on pages; a client of the API reads the payload in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from inbox.policy.words import Risk

# From here on words alone do not do.
ASKED_FROM: Final = Risk.HIGH
_DEEPEST: Final = 4
_MOST: Final = 200
# What can be typed without doubt: short, plain, in one piece.
_TYPABLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._:/#+-]{2,39}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
_GROUPING: Final = re.compile(r"[\s,_'’]|^[$€£]")


@dataclass(frozen=True, slots=True)
class ReadBack:
    """`question` names the value, `answer` is it. The question holds a path into the payload, never a value."""

    question: str
    answer: str

    def accepts(self, typed: str) -> bool:
        """Whether it is the value: 2,451 is 2451, and case does not matter."""
        given, wanted = _number(typed), _number(self.answer)
        if wanted is not None:
            return given == wanted
        return typed.strip().casefold() == self.answer.casefold()


def read_back(risk: Risk, actions: Sequence[Mapping[str, Any]], digest: str) -> ReadBack | None:
    """What to ask before this is approved; None below high risk and where nothing in it can be typed.

    Counts and numbers first, for they carry the size of the harm. The digest picks among equals, so that the same
    request always asks the same.
    """
    if risk.rank < ASKED_FROM.rank:
        return None
    counts: list[ReadBack] = []
    words: list[ReadBack] = []
    for action in actions:
        where = f" of {action['key']}" if len(actions) > 1 else ""
        for path, value in _values(action["args"]):
            if isinstance(value, bool) or not _NAME.fullmatch(path) or len(counts) + len(words) >= _MOST:
                continue
            if isinstance(value, list):
                if len(value) > 1:
                    counts.append(ReadBack(f"How many entries has {path}{where}?", str(len(value))))
            elif isinstance(value, int | float):
                if abs(value) >= 10:
                    counts.append(ReadBack(f"Which number stands in {path}{where}?", str(value)))
            elif isinstance(value, str) and _TYPABLE.fullmatch(value):
                words.append(ReadBack(f"What stands in {path}{where}?", value))
    found = counts or words
    return found[int(digest[-8:], 16) % len(found)] if found else None


def _values(args: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of named fields, down to the fourth level; a list counts as one value."""
    waiting: list[tuple[str, Any, int]] = [(name, value, 1) for name, value in args.items()]
    while waiting:
        path, value, depth = waiting.pop(0)
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                waiting += [(f"{path}.{name}", below, depth + 1) for name, below in value.items()]
        else:
            yield path, value


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(_GROUPING.sub("", text.strip()))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
