"""The values inside arguments, each with the words of the argument it stands in. Bounded like every walk here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from inbox.canonical import JsonValue
from inbox.policy.impact import DEEPEST, MOST_VALUES, TooMuchToCheck
from inbox.policy.naming import words_of

# Longer texts are looked at up to here; what follows is prose, and prose decides nothing.
LONGEST_TEXT: Final = 20_000
# A key that is no plain name can hold an address or a path as well as a value can.
_NAME: Final = re.compile(r"[A-Za-z0-9_$-]{1,60}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that holds no others.

    `name` is the argument's own name; in a list, the list's. `top` is the outermost, `inside` all it stands in, in
    lower case.
    """

    name: str
    words: frozenset[str]
    value: str | int | float | bool | None
    top: str
    inside: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """The value as text, cut."""
        return self.value[:LONGEST_TEXT] if isinstance(self.value, str) else ""


def leaves(args: Mapping[str, JsonValue]) -> Iterator[Leaf]:
    """Every leaf, and every name inside the arguments as a leaf of its own: names are the agent's text too.

    Raises TooMuchToCheck over the caps of `inbox.policy.impact`, TypeError for what JSON cannot hold.
    """
    nowhere: frozenset[str] = frozenset()
    stack: list[tuple[str, str, frozenset[str], int, JsonValue]] = [
        (str(key), str(key), nowhere, 1, value) for key, value in reversed(list(args.items()))
    ]
    seen = 0
    while stack:
        name, top, inside, depth, value = stack.pop()
        seen += 1
        if seen > MOST_VALUES or depth > DEEPEST:
            raise TooMuchToCheck
        if isinstance(value, Mapping):
            below = inside | {name.lower()}
            for key, inner in reversed(list(value.items())):
                stack.append((str(key), top, below, depth + 1, inner))
                if not _NAME.fullmatch(str(key)):
                    yield Leaf(name, frozenset(words_of(name)), str(key), top, below)
        elif isinstance(value, list | tuple):
            stack.extend((name, top, inside, depth + 1, inner) for inner in reversed(value))
        elif value is None or isinstance(value, str | int | float):
            yield Leaf(name, frozenset(words_of(name)), value, top, inside)
        else:
            raise TypeError("not a JSON value")
