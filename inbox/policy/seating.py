"""Who votes in which slot: a largest matching of people and slots, so that nobody blocks a quorum by where they sit.

A person who is senior and in security may fill either slot. Were their vote nailed to the first, a team whose only
other voter is the wrong one could never finish (docs/adr/0007-votes-are-matched.md). So a new vote is accepted
exactly when it enlarges the matching: earlier voters move over where they can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from inbox.policy.need import who_words

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Slot:
    """One vote that must be cast. `name` stays the same as long as the need does: `senior#1`, `senior@security#1`."""

    name: str
    tier: str | None
    group: str | None = None

    @property
    def who(self) -> str:
        """Whom it waits for, in few words: "senior", "security", "senior in security"."""
        return " in ".join(part for part in (self.tier, self.group) if part)

    @property
    def words(self) -> str:
        """The same in full: "senior or above", "in security", "senior or above in security"."""
        return who_words(self.tier, self.group)


@dataclass(frozen=True, slots=True)
class Voter:
    """What one person brings: their rank in the ladder, None without a tier, and their groups."""

    rank: int | None
    groups: frozenset[str] = frozenset()


def who_of(slot_name: str) -> str:
    """The `who` of a slot by its name, as votes keep it: "senior@security#1/2" is "senior in security"."""
    tier, _, group = slot_name.partition("#")[0].partition("@")
    return Slot(slot_name, tier or None, group or None).who


def eligible(slot: Slot, voter: Voter, ranks: Mapping[str, int]) -> bool:
    """Whether this person may fill the slot. `ranks` maps tier names to ranks; a tier it lacks is filled by nobody."""
    if slot.group is not None and slot.group not in voter.groups:
        return False
    if slot.tier is None:
        return slot.group is not None
    rank = ranks.get(slot.tier)
    return rank is not None and voter.rank is not None and voter.rank >= rank


@dataclass(frozen=True, slots=True)
class Seating(Generic[K]):
    """A largest matching: which person sits in which slot, by slot name. Build one with `seat`."""

    slots: tuple[Slot, ...]
    ranks: Mapping[str, int]
    seats: Mapping[str, K]
    voters: Mapping[K, Voter]

    @property
    def open(self) -> tuple[Slot, ...]:
        """The slots nobody sits in."""
        return tuple(slot for slot in self.slots if slot.name not in self.seats)

    @property
    def within_reach(self) -> tuple[Slot, ...]:
        """The slots one more vote may go into: the open ones, and those whose holder can move towards one.

        A further person's vote enlarges the matching exactly when they may fill one of these.
        """
        reached = {slot.name: slot for slot in self.open}
        waiting = list(reached.values())
        while waiting:
            target = waiting.pop()
            for slot in self.slots:
                if slot.name not in reached and eligible(
                    target, self.voters[self.seats[slot.name]], self.ranks
                ):
                    reached[slot.name] = slot
                    waiting.append(slot)
        return tuple(slot for slot in self.slots if slot.name in reached)

    def takes(self, voter: Voter) -> bool:
        """Whether this further person's vote would count."""
        return any(eligible(slot, voter, self.ranks) for slot in self.within_reach)

    def adding(self, key: K, voter: Voter) -> tuple[Seating[K], Slot] | None:
        """The seating with one more voter and the slot that is newly filled; None when their vote fills nothing."""
        seats = dict(self.seats)
        voters = {**self.voters, key: voter}
        filled = _augment(key, voters, seats, _hardest_first(self.slots, self.ranks), self.ranks, set())
        return None if filled is None else (Seating(self.slots, self.ranks, seats, voters), filled)


def seat(slots: Sequence[Slot], voters: Iterable[tuple[K, Voter]], ranks: Mapping[str, int]) -> Seating[K]:
    """A largest matching of these people, seated in the order given; a slot once filled stays filled."""
    seating: Seating[K] = Seating(tuple(slots), ranks, {}, {})
    for key, voter in voters:
        if len(seating.seats) == len(seating.slots):
            break
        more = seating.adding(key, voter)
        if more is not None:
            seating, _ = more
    return seating


def _augment(
    key: K,
    voters: Mapping[K, Voter],
    seats: dict[str, K],
    order: Sequence[Slot],
    ranks: Mapping[str, int],
    tried: set[str],
) -> Slot | None:
    """Seat `key`, moving others along an augmenting path; the slot at its end, or None with nothing changed."""
    may = [slot for slot in order if slot.name not in tried and eligible(slot, voters[key], ranks)]
    for slot in may:
        if slot.name not in seats:
            seats[slot.name] = key
            return slot
    for slot in may:
        if slot.name in tried:
            continue
        tried.add(slot.name)
        end = _augment(seats[slot.name], voters, seats, order, ranks, tried)
        if end is not None:
            seats[slot.name] = key
            return end
    return None


def _hardest_first(slots: Iterable[Slot], ranks: Mapping[str, int]) -> list[Slot]:
    """Groups before mere tiers, high before low: a vote goes where the fewest others could."""
    return sorted(slots, key=lambda slot: (slot.group is None, -ranks.get(slot.tier or "", 0)))
