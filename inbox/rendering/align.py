"""Which elements of two lists belong together, so that an insertion at the front is not a change of everything."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from inbox.canonical import dumps
from inbox.rendering.values import CONTAINERS

_EQUAL: Final = 100
_MOST_CELLS: Final = 100_000


@dataclass(slots=True)
class Aligner:
    """Pairs elements of lists; `cells` is how many comparisons are left for all lists of one diff.

    When they are used up, what stands once in both lists parts them, and between these elements are paired by their
    positions.
    """

    cells: int = _MOST_CELLS

    def pairs(self, before: Sequence[Any], after: Sequence[Any]) -> list[tuple[int, int]]:
        """The positions that belong together, ascending in both lists."""
        ones = [_Element(value) for value in before]
        others = [_Element(value) for value in after]
        start, end = _shared_ends(ones, others)
        middle = ones[start : len(ones) - end], others[start : len(others) - end]
        found = [(at, at) for at in range(start)]
        if len(middle[0]) * len(middle[1]) <= self.cells:
            found += _moved(self._alike(*middle), start, start)
        else:
            found += _moved(self._parted(*middle), start, start)
        return [*found, *((len(ones) - at, len(others) - at) for at in range(end, 0, -1))]

    def _parted(self, first: Sequence[_Element], second: Sequence[_Element]) -> Iterator[tuple[int, int]]:
        at = other = 0
        for anchor, partner in [*_anchors(first, second), (len(first), len(second))]:
            yield from _moved(self._alike(first[at:anchor], second[other:partner]), at, other)
            if anchor < len(first):
                yield anchor, partner
            at, other = anchor + 1, partner + 1

    def _alike(self, first: Sequence[_Element], second: Sequence[_Element]) -> Iterator[tuple[int, int]]:
        cells = len(first) * len(second)
        if cells > self.cells:
            yield from ((at, at) for at in range(min(len(first), len(second))))
        elif cells:
            self.cells -= cells
            yield from _best(first, second)


class _Element:
    """An element with what it is compared by."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = dumps(value)
        self.type = json_type(value)

    @cached_property
    def members(self) -> set[tuple[str, bytes]]:
        if not isinstance(self.value, Mapping):
            return set()
        return {(name, dumps(below)) for name, below in self.value.items()}

    def likeness(self, other: _Element) -> int:
        if self.key == other.key:
            return _EQUAL
        if self.type is not other.type:
            return 5
        size = max(len(self.members), len(other.members))
        return 10 + (80 * len(self.members & other.members) // size if size else 0)


def _best(first: Sequence[_Element], second: Sequence[_Element]) -> Iterator[tuple[int, int]]:
    """The alignment of the greatest likeness; of equals the one that pairs earliest."""
    width = len(second) + 1
    score = [[0] * width for _ in range(len(first) + 1)]
    like = [[one.likeness(other) for other in second] for one in first]
    for at in range(len(first) - 1, -1, -1):
        for other in range(len(second) - 1, -1, -1):
            paired = score[at + 1][other + 1] + like[at][other]
            score[at][other] = max(paired, score[at + 1][other], score[at][other + 1])
    at = other = 0
    while at < len(first) and other < len(second):
        if score[at][other] == score[at + 1][other + 1] + like[at][other]:
            yield at, other
            at, other = at + 1, other + 1
        elif score[at][other] == score[at + 1][other]:
            at += 1
        else:
            other += 1


def _anchors(first: Sequence[_Element], second: Sequence[_Element]) -> list[tuple[int, int]]:
    """The most elements that stand once in each list and in the same order in both."""
    counts, partners = Counter(one.key for one in first), Counter(other.key for other in second)
    places = {other.key: at for at, other in enumerate(second)}
    common = [
        (at, places[one.key])
        for at, one in enumerate(first)
        if counts[one.key] == 1 and partners[one.key] == 1
    ]
    # The longest ascending run: `ends` holds the least place each length can end on, `before` what leads to each.
    ends: list[int] = []
    tails: list[int] = []
    before: list[int | None] = []
    for number, (_, place) in enumerate(common):
        length = bisect_left(ends, place)
        before.append(tails[length - 1] if length else None)
        ends[length : length + 1], tails[length : length + 1] = [place], [number]
    found = []
    last = tails[-1] if tails else None
    while last is not None:
        found.append(common[last])
        last = before[last]
    return found[::-1]


def _shared_ends(first: Sequence[_Element], second: Sequence[_Element]) -> tuple[int, int]:
    ones, others = [one.key for one in first], [other.key for other in second]
    start = shared_head(ones, others)
    return start, shared_head(ones[start:][::-1], others[start:][::-1])


def _moved(pairs: Iterable[tuple[int, int]], at: int, other: int) -> Iterator[tuple[int, int]]:
    return ((at + one, other + partner) for one, partner in pairs)


def shared_head(first: Sequence[object], second: Sequence[object]) -> int:
    """How many elements two sequences begin with in common."""
    for at, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return at
    return min(len(first), len(second))


def json_type(value: Any) -> type:
    """The type of a JSON value: all numbers are of one, true and false of none of theirs."""
    if isinstance(value, Mapping):
        return dict
    if isinstance(value, CONTAINERS):
        return list
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)
