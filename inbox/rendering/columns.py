"""The arguments of many calls side by side: which values they share, and what varies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from statistics import median
from typing import Any, Final

from inbox.rendering.inline import shown
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.values import CONTAINERS, scalar_text, type_word

ABSENT: Final = object()
_FEW: Final = 3
_MOST_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one call in full; a list or empty object as its canonical JSON."""

    shown: Revealed
    type: str


class Values:
    """The values under one path, one for each call (ABSENT where a call has none)."""

    def __init__(self, path: tuple[str, ...], values: Sequence[Any]) -> None:
        self.path = path
        self.values = values
        self.keys = [None if value is ABSENT else _key(value) for value in values]

    @property
    def pointer(self) -> str:
        """The RFC 6901 pointer: data, not for display."""
        return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in self.path)

    @cached_property
    def name(self) -> str:
        """The path for sentences and headings, without anything hidden."""
        return shown(".".join(self.path)).text

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value occurs, by its canonical JSON (so true and "true" are two)."""
        return Counter(key for key in self.keys if key is not None)

    @cached_property
    def missing(self) -> int:
        """How many calls have no value here."""
        return self.keys.count(None)

    @cached_property
    def is_constant(self) -> bool:
        """Whether every call has the same value here."""
        return not self.missing and len(self.counts) == 1

    @cached_property
    def numbers(self) -> dict[int, int | float]:
        """The values that are numbers, by the position of their call."""
        return {at: value for at, value in enumerate(self.values) if _is_number(value)}

    @cached_property
    def is_number(self) -> bool:
        """Whether most values present are numbers."""
        return 2 * len(self.numbers) > len(self.values) - self.missing

    @cached_property
    def cells(self) -> list[Cell | None]:
        """The values as the sheet shows them; equal values share one cell."""
        made: dict[str, Cell] = {}
        for key, value in zip(self.keys, self.values, strict=True):
            if key is not None and key not in made:
                made[key] = Cell(reveal(_text(value)), type_word(value))
        return [None if key is None else made[key] for key in self.keys]

    def summary(self) -> str:
        """What varies, in a few words: "4.10 – 49.99 (median 36.50)", "50 distinct", "USD ×48, EUR ×2"."""
        text = _range(list(self.numbers.values())) if self.is_number else self._variety()
        return f"{text}, {self.missing:,} without" if self.missing else text

    def _variety(self) -> str:
        lists = any(isinstance(value, CONTAINERS) for value in self.values)
        if lists or len(self.counts) > _FEW or len(self.counts) == len(self.values):
            return f"{len(self.counts):,} distinct"
        sample = dict(zip(self.keys, self.values, strict=True))
        return ", ".join(f"{shown(sample[key]).text} ×{count:,}" for key, count in self.counts.most_common())


def side_by_side(calls: Sequence[Mapping[str, Any]]) -> list[Values]:
    """The values of all calls by path, in the order the paths first occur. Objects are entered, lists are not."""
    flat = [_flat(call) for call in calls]
    paths = dict.fromkeys(path for values in flat for path in values)
    return [Values(path, [values.get(path, ABSENT) for values in flat]) for path in paths]


def _flat(call: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    result: dict[tuple[str, ...], Any] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [
        ((key,), value) for key, value in reversed(list(call.items()))
    ]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping) and value:
            waiting += [((*path, key), below) for key, below in reversed(list(value.items()))]
        else:
            result[path] = value
    return result


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _text(value: Any) -> str:
    if isinstance(value, CONTAINERS):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return scalar_text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _range(values: Sequence[int | float]) -> str:
    """Low and high with the decimals of the finest value; the median, which may be half of that, exactly."""
    exact = [Decimal(scalar_text(value)) for value in values]
    decimals = max(map(_decimals, exact))
    middle = median(exact)
    low, high = (f"{number:,.{decimals}f}" for number in (min(exact), max(exact)))
    return f"{low} – {high} (median {middle:,.{max(decimals, _decimals(middle))}f})"


def _decimals(number: Decimal) -> int:
    return min(max(-int(number.normalize().as_tuple().exponent), 0), _MOST_DECIMALS)
