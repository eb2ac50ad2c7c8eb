"""Which elements of two lists belong together, so that an insertion at the front is not a change of everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inbox.canonical import dumps
from inbox.rendering.values import CONTAINERS

_EQUAL: Final = 100
_MOST_CELLS: Final = 100_000


@dataclass(slots=True)
class Aligner:
    """Pairs elements of lists; `cells` is how many comparisons are left for all lists of one diff.

    When they are used up, elements are paired by their positions.
    """

    cells: int = _MOST_CELLS

    def pairs(self, before: Sequence[Any], after: Sequence[Any]) -> list[tuple[int, int]]:
        """The positions that belong together, ascending in both lists."""
        first, second = [dumps(value) for value in before], [dumps(value) for value in after]
        start = shared_head(first, second)
        end = shared_head(first[start:][::-1], second[start:][::-1])
        rows, columns = len(first) - start - end, len(second) - start - end
        found = [(at, at) for at in range(start)]
        if rows * columns > self.cells:
            found += [(start + at, start + at) for at in range(min(rows, columns))]
        elif rows and columns:
            self.cells -= rows * columns
            ones = [_Element(before[at], first[at]) for at in range(start, start + rows)]
            others = [_Element(after[at], second[at]) for at in range(start, start + columns)]
            middle = _best(ones, others)
            found += [(start + at, start + other) for at, other in middle]
        found += [(len(first) - at, len(second) - at) for at in range(end, 0, -1)]
        return found


class _Element:
    """An element with what it is compared by."""

    def __init__(self, value: Any, key: bytes) -> None:
        self.key = key
        self.type = json_type(value)
        self.members = (
            {(name, dumps(below)) for name, below in value.items()} if isinstance(value, Mapping) else set()
        )

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
