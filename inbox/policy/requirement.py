"""Who is needed: needs compared and joined, and the slots votes are cast into.

A higher tier may fill every lower slot, so a set of people meets some needs exactly when, at every rank, it
holds at least as many people of that rank or above as the needs ask for there. That list of numbers, the
demand, is what strictness means here: the stricter of two needs is the larger number at every rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from inbox.policy.need import Need

__all__ = [
    "Need",
    "Slot",
    "added",
    "best_slot",
    "covers",
    "eligible",
    "largest",
    "open_slots",
    "slots",
    "strictest",
    "unfillable",
]


@dataclass(frozen=True, slots=True)
class Slot:
    """One vote that must be cast. `name` stays the same as long as the need does: `senior#1`, `senior#2`."""

    name: str
    tier: str


def strictest(pinned: Sequence[Need], current: Sequence[Need], ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """The fewest people who satisfy both, highest tier first.

    A pending request needs the strictest of what it was created with and what policy asks now: a loosened
    policy does not loosen it, a tightened one tightens it. `ranks` maps tier names to ranks, higher is
    higher. A tier that `ranks` does not hold is kept beside the ladder: nobody can fill it, so it blocks.
    """
    names = _names(ranks)
    before, after = _demand(pinned, ranks), _demand(current, ranks)
    joined = []
    above = 0
    for rank in sorted(names, reverse=True):
        wanted = max(before[rank], after[rank])
        if wanted > above:
            joined.append(Need(tier=names[rank], count=wanted - above))
            above = wanted
    gone = largest(unfillable(pinned, ranks), unfillable(current, ranks))
    return (*joined, *sorted(gone, key=lambda need: need.tier))


def covers(needs: Sequence[Need], other: Sequence[Need], ranks: Mapping[str, int]) -> bool:
    """Whether everybody who satisfies `needs` satisfies `other` too. Tiers missing from `ranks` are left out."""
    mine, theirs = _demand(needs, ranks), _demand(other, ranks)
    return all(mine[rank] >= theirs[rank] for rank in theirs)


def added(base: Sequence[Need], extra: Sequence[Need]) -> tuple[Need, ...]:
    """Both needs, one on top of the other: different people fill each."""
    counts = Counter[str]()
    for need in (*base, *extra):
        counts[need.tier] += need.count
    return _of(counts)


def largest(*several: Sequence[Need]) -> tuple[Need, ...]:
    """Per tier the largest count any of them asks for."""
    counts = Counter[str]()
    for needs in several:
        counts |= _counts(needs)
    return _of(counts)


def slots(needs: Sequence[Need]) -> tuple[Slot, ...]:
    """The slots of some needs, in their order, numbered from 1 within a tier."""
    return tuple(
        Slot(f"{tier}#{number}", tier)
        for tier, count in _counts(needs).items()
        for number in range(1, count + 1)
    )


def open_slots(every: Iterable[Slot], taken: Collection[str]) -> tuple[Slot, ...]:
    """The slots whose names are not among those taken."""
    return tuple(slot for slot in every if slot.name not in taken)


def eligible(slot: Slot, rank_of_member: int | None, ranks: Mapping[str, int]) -> bool:
    """Whether a person of this rank may fill the slot. Without a rank, or with the slot's tier gone: no."""
    rank = ranks.get(slot.tier)
    return rank is not None and rank_of_member is not None and rank_of_member >= rank


def best_slot(open_now: Iterable[Slot], rank_of_member: int | None, ranks: Mapping[str, int]) -> Slot | None:
    """The slot a person's vote should fill: the highest they may, the first of equals; None when they may none.

    Highest first never wastes a vote: a lower slot left open can be filled by everybody who could have filled
    the higher one, and by more people besides.
    """
    may = [slot for slot in open_now if eligible(slot, rank_of_member, ranks)]
    return max(may, key=lambda slot: ranks[slot.tier], default=None)


def unfillable(needs: Sequence[Need], ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """The needs that name a tier the team does not have: nobody can ever fill them."""
    return tuple(need for need in needs if need.tier not in ranks)


def _counts(needs: Iterable[Need]) -> Counter[str]:
    counts = Counter[str]()
    for need in needs:
        counts[need.tier] += need.count
    return counts


def _of(counts: Mapping[str, int]) -> tuple[Need, ...]:
    return tuple(Need(tier=tier, count=count) for tier, count in counts.items())


def _names(ranks: Mapping[str, int]) -> dict[int, str]:
    return {rank: name for name, rank in sorted(ranks.items(), reverse=True)}


def _demand(needs: Iterable[Need], ranks: Mapping[str, int]) -> dict[int, int]:
    """How many people of each rank or above the needs ask for."""
    counts = Counter[int]()
    for need in needs:
        if need.tier in ranks:
            counts[ranks[need.tier]] += need.count
    return {rank: sum(n for r, n in counts.items() if r >= rank) for rank in set(ranks.values())}
