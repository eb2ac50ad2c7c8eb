"""Who is needed: needs compared and joined, and the slots votes are cast into.

One need is at least another when whoever fills it could fill the other: the same group or one more, the same
tier or a higher one. Some needs cover others when every slot of the others finds one of its own that is at
least it. Tiers alone form a chain, where this comes to numbers: so many people at every rank or above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from inbox.policy.need import Need
from inbox.policy.seating import Slot, Voter, seat

__all__ = [
    "Need",
    "added",
    "covers",
    "largest",
    "slots",
    "strictest",
    "unfillable",
]

Who = tuple[str, str]
# Below every tier: where a need for "anybody of this group" stands. Ranks of tiers are positive.
ANY_RANK: Final = -1


def strictest(pinned: Sequence[Need], current: Sequence[Need], ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """Needs whose every satisfier satisfies both: groups first, then highest tier first.

    A pending request needs the strictest of what it was created with and what policy asks now: a loosened
    policy does not loosen it, a tightened one tightens it. `ranks` maps tier names to ranks, higher is
    higher. Of two needs where one covers the other it is that one; among tiers alone it is the fewest people
    that will do; across groups it may ask for more people than the fewest, never for fewer. A tier that
    `ranks` does not hold is kept beside the ladder: nobody can fill it, so it blocks.
    """
    gone = largest(unfillable(pinned, ranks), unfillable(current, ranks))
    before, after = _known(pinned, ranks), _known(current, ranks)
    if covers(before, after, ranks):
        joined = _joined(before, before, ranks)
    elif covers(after, before, ranks):
        joined = _joined(after, after, ranks)
    else:
        joined = _joined(before, after, ranks)
    return (*joined, *sorted(gone, key=lambda need: need.who))


def covers(needs: Sequence[Need], other: Sequence[Need], ranks: Mapping[str, int]) -> bool:
    """Whether everybody who satisfies `needs` satisfies `other` too. Tiers missing from `ranks` are left out.

    People of whom nothing more is known are taken to bring no other group than the one their slot asks for.
    """
    mine, theirs = slots(_known(needs, ranks)), slots(_known(other, ranks))
    people = [
        (
            slot.name,
            Voter(
                rank=ranks[slot.tier] if slot.tier else None,
                groups=frozenset([slot.group] if slot.group else []),
            ),
        )
        for slot in mine
    ]
    return not seat(theirs, people, ranks).open


def added(base: Sequence[Need], extra: Sequence[Need]) -> tuple[Need, ...]:
    """Both needs, one on top of the other: different people fill each."""
    counts = Counter[Who]()
    for need in (*base, *extra):
        counts[need.who] += need.count
    return _of(counts)


def largest(*several: Sequence[Need]) -> tuple[Need, ...]:
    """Per tier and group the largest count any of them asks for."""
    counts = Counter[Who]()
    for needs in several:
        counts |= _counts(needs)
    return _of(counts)


def slots(needs: Sequence[Need]) -> tuple[Slot, ...]:
    """The slots of some needs, in their order, numbered from 1 within a tier and group."""
    return tuple(
        Slot(f"{'@'.join((tier, group) if group else (tier,))}#{number}", tier or None, group or None)
        for (tier, group), count in _counts(needs).items()
        for number in range(1, count + 1)
    )


def unfillable(
    needs: Sequence[Need], ranks: Mapping[str, int], groups: Collection[str] | None = None
) -> tuple[Need, ...]:
    """The needs that name a tier the team does not have, or with `groups` a group: nobody can ever fill them."""
    return tuple(
        need
        for need in needs
        if (need.tier is not None and need.tier not in ranks)
        or (groups is not None and need.group is not None and need.group not in groups)
    )


def _known(needs: Sequence[Need], ranks: Mapping[str, int]) -> tuple[Need, ...]:
    return tuple(need for need in needs if need.tier is None or need.tier in ranks)


def _counts(needs: Iterable[Need]) -> Counter[Who]:
    counts = Counter[Who]()
    for need in needs:
        counts[need.who] += need.count
    return counts


def _of(counts: Mapping[Who, int]) -> tuple[Need, ...]:
    return tuple(
        Need(tier=tier or None, group=group or None, count=count) for (tier, group), count in counts.items()
    )


def _joined(one: Sequence[Need], other: Sequence[Need], ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """Group by group the larger demand of the two at every rank; mere tiers last."""
    groups = sorted({need.group or "" for need in (*one, *other)}, key=lambda group: (group == "", group))
    return tuple(
        need
        for group in groups
        for need in _chain(
            group,
            [need for need in one if (need.group or "") == group],
            [need for need in other if (need.group or "") == group],
            ranks,
        )
    )


def _chain(group: str, one: Sequence[Need], other: Sequence[Need], ranks: Mapping[str, int]) -> list[Need]:
    """The fewest people of one group ("" for mere tiers) who satisfy both."""
    names = {rank: name for name, rank in sorted(ranks.items(), reverse=True)}
    rungs = {**names, ANY_RANK: ""} if group else names
    before, after = _demand(one, ranks, rungs), _demand(other, ranks, rungs)
    joined = []
    above = 0
    for rank in sorted(rungs, reverse=True):
        wanted = max(before[rank], after[rank])
        if wanted > above:
            joined.append(Need(tier=rungs[rank] or None, group=group or None, count=wanted - above))
            above = wanted
    return joined


def _demand(needs: Iterable[Need], ranks: Mapping[str, int], rungs: Collection[int]) -> dict[int, int]:
    """How many people of each rank or above the needs ask for."""
    counts = Counter[int]()
    for need in needs:
        counts[ranks[need.tier] if need.tier else ANY_RANK] += need.count
    return {rank: sum(n for r, n in counts.items() if r >= rank) for rank in rungs}
