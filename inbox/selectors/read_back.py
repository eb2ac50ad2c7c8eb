"""The value a reviewer reads back before a grave approval: chosen from the payload, never shown beside the field.

It differs from request to request, so it cannot become a reflex, and it can only be answered by who looked at the
payload. A payload in which nothing can be asked does not escape: then the end of its digest is read back. Asked on
pages and in the terminal; a script that binds to the digest reads the payload in its own way.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from inbox.policy.words import Risk

# From here on words alone do not do.
ASKED_FROM: Final = Risk.HIGH
# Digits of the digest that are asked for; pages show as many of its end.
DIGEST_DIGITS: Final = 6
# What can be typed without doubt: short, plain, in one piece.
_TYPABLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._:/#+-]{2,39}")
# Longer paths are named by their end: an agent could nest until no path is short.
_NAME: Final = re.compile(r"[A-Za-z0-9_.\[\] -]+")
_NAME_LENGTH: Final = 60
_GROUPING: Final = re.compile(r"[\s,_'’]|^[$€£]")


@dataclass(frozen=True, slots=True)
class ReadBack:
    """`question` names the value, `answer` is it. The question holds a path into the payload, never a value.

    `literal` answers are characters, even where they look like a number.
    """

    question: str
    answer: str
    literal: bool = False

    def accepts(self, typed: str) -> bool:
        """Whether it is the value: 2,451 is 2451, and case does not matter."""
        given, wanted = _number(typed), _number(self.answer)
        if wanted is not None and not self.literal:
            return given == wanted
        return typed.strip().casefold() == self.answer.casefold()


def read_back(risk: Risk, actions: Sequence[Mapping[str, Any]], digest: str) -> ReadBack | None:
    """What to ask before this is approved; None below high risk, and only there.

    Counts and numbers first, for they carry the size of the harm. All of them are gathered before the digest picks
    one, so that the same request always asks the same and no order of fields hides one. Where nothing can be named
    and typed without doubt, the last six digits of `digest` are asked for: nobody but this server makes those.
    """
    if risk.rank < ASKED_FROM.rank:
        return None
    counts: list[ReadBack] = []
    words: list[ReadBack] = []
    for action in actions:
        where = f" of {action['key']}" if len(actions) > 1 else ""
        for path, value in _values(action["args"]):
            name = _name(path)
            if isinstance(value, list):
                found, question = str(len(value)), f"How many entries has {name}{where}?"
            elif isinstance(value, int | float):
                found, question = str(value), f"Which number stands in {name}{where}?"
            else:
                found, question = value, f"What stands in {name}{where}?"
            # A field named after its value would give the answer away.
            if name and found.casefold() not in question.casefold():
                (words if isinstance(value, str) else counts).append(ReadBack(question, found))
    choices = counts or words
    if choices:
        return choices[int(digest[-8:], 16) % len(choices)]
    return ReadBack(
        f"What are the last {DIGEST_DIGITS} characters of the digest?", digest[-DIGEST_DIGITS:], literal=True
    )


def _values(args: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What can be asked about, at any depth. A list counts as one value, one of a single entry as that entry."""
    waiting: deque[tuple[str, Any]] = deque(args.items())
    while waiting:
        path, value = waiting.popleft()
        if isinstance(value, Mapping):
            waiting.extend((f"{path}.{name}", below) for name, below in value.items())
        elif isinstance(value, list) and len(value) == 1:
            waiting.append((f"{path}[0]", value[0]))
        elif _askable(value):
            yield path, value


def _askable(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return abs(value) >= 10
    if isinstance(value, list):
        return len(value) > 1
    return isinstance(value, str) and _TYPABLE.fullmatch(value) is not None


def _name(path: str) -> str:
    """How a question names a field: in quotes where it has spaces, by its end where it is long, "" if not at all."""
    if not _NAME.fullmatch(path):
        return ""
    end = path if len(path) <= _NAME_LENGTH else f"...{path[-_NAME_LENGTH:]}"
    return f'"{end}"' if " " in end else end


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(_GROUPING.sub("", text.strip()))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
