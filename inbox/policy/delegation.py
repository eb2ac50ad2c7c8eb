"""Who stands in for whom, and until when: chains of delegations, bounded and safe against cycles. Pure.

A delegation moves what somebody is asked first. It gives nobody a right: the delegate decides with their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

K = TypeVar("K")
LONGEST_CHAIN: Final = 5


@dataclass(frozen=True, slots=True)
class Absence(Generic[K]):
    """From `start` until just before `end` this person is away; `delegate`, if any, is asked instead."""

    who: K
    start: datetime
    end: datetime
    delegate: K | None = None

    def holds(self, at: datetime) -> bool:
        """Whether they are away at this instant."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Problem(Generic[K]):
    """Why an absence cannot be kept as asked: the chain it would close or make too long, and from when."""

    chain: tuple[K, ...]
    at: datetime
    cycle: bool


def away_at(absences: Iterable[Absence[K]], at: datetime) -> dict[K, Absence[K]]:
    """Who is away at an instant, by person; of several absences the one that ends last."""
    found: dict[K, Absence[K]] = {}
    for absence in absences:
        if absence.holds(at) and (absence.who not in found or found[absence.who].end < absence.end):
            found[absence.who] = absence
    return found


def chain_of(who: K, away: Mapping[K, Absence[K]]) -> tuple[K, ...]:
    """`who` and everyone after them, each the delegate of the one before; stops where it would repeat or be too long."""
    chain = [who]
    while len(chain) <= LONGEST_CHAIN:
        absence = away.get(chain[-1])
        if absence is None or absence.delegate is None or absence.delegate in chain:
            break
        chain.append(absence.delegate)
    return tuple(chain)


def stands_in(who: K, away: Mapping[K, Absence[K]]) -> K | None:
    """Who is asked instead of somebody: the end of their chain if that person is there, else None; never themselves."""
    last = chain_of(who, away)[-1]
    return None if last == who or last in away else last


def problem_with(new: Absence[K], others: Sequence[Absence[K]]) -> Problem[K] | None:
    """What is wrong with a new absence beside those that stand: a cycle of delegates, or a chain over five."""
    together = [*others, new]
    edges = {a.start for a in others} | {a.end for a in others}
    instants = [new.start, *sorted(edge for edge in edges if new.start < edge < new.end)]
    for at in instants:
        away = away_at(together, at)
        for first in away:
            seen = [first]
            while (absence := away.get(seen[-1])) is not None and absence.delegate is not None:
                if absence.delegate in seen:
                    return Problem((*seen[seen.index(absence.delegate) :], absence.delegate), at, True)
                seen.append(absence.delegate)
            if len(seen) > LONGEST_CHAIN + 1:
                return Problem(tuple(seen), at, False)
    return None
