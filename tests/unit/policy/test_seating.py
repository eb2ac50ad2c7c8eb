"""The matching of votes and slots, against brute force."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.need import Need
from inbox.policy.requirement import slots
from inbox.policy.seating import Slot, Voter, eligible, seat, who_of
from tests.unit.policy.building import RANKS, grouped_needs, voters

crowds = st.lists(voters, max_size=5)
JUNIOR, SENIOR, LEAD = (Voter(rank) for rank in (1, 2, 3))
BOTH = Voter(2, frozenset({"security"}))
SECURITY = Voter(None, frozenset({"security"}))
ONE_EACH = slots((Need(tier="senior", count=1), Need(group="security", count=1)))


def most(every: tuple[Slot, ...], people: list[Voter]) -> int:
    """By brute force: the most of these slots that can be filled, one person each."""
    for size in range(min(len(every), len(people)), 0, -1):
        for some in itertools.combinations(every, size):
            for order in itertools.permutations(people, size):
                if all(eligible(slot, person, RANKS) for slot, person in zip(some, order, strict=True)):
                    return size
    return 0


@given(grouped_needs(), crowds)
def test_the_matching_is_as_large_as_any_whatever_the_order(
    asked: tuple[Need, ...], people: list[Voter]
) -> None:
    every = slots(asked)
    seating = seat(every, enumerate(people), RANKS)
    assert len(seating.seats) == most(every, people)
    assert len(seating.open) == len(every) - len(seating.seats)


@given(grouped_needs(), crowds)
def test_everybody_sits_in_one_slot_they_may_fill(asked: tuple[Need, ...], people: list[Voter]) -> None:
    seating = seat(slots(asked), enumerate(people), RANKS)
    by_name = {slot.name: slot for slot in seating.slots}
    assert len(set(seating.seats.values())) == len(seating.seats)
    assert all(eligible(by_name[name], people[key], RANKS) for name, key in seating.seats.items())


@given(grouped_needs(), crowds, voters)
def test_a_vote_is_taken_exactly_when_it_makes_the_matching_larger(
    asked: tuple[Need, ...], people: list[Voter], late: Voter
) -> None:
    every = slots(asked)
    seating = seat(every, enumerate(people), RANKS)
    more = seating.adding(len(people), late)
    enlarges = most(every, [*people, late]) > most(every, people)
    assert (more is not None) == enlarges == seating.takes(late)
    if more is not None:
        following, filled = more
        assert following.open == tuple(slot for slot in seating.open if slot != filled)
        assert seating.open != following.open


@given(grouped_needs(), crowds)
def test_each_vote_in_turn_fills_a_slot_of_its_own(asked: tuple[Need, ...], people: list[Voter]) -> None:
    """What votes store: names that never repeat, and that together are what the matching covers."""
    seating, stored = seat(slots(asked), [], RANKS), []
    for key, person in enumerate(people):
        more = seating.adding(key, person)
        if more is not None:
            seating, filled = more
            stored.append(filled.name)
    assert len(set(stored)) == len(stored)
    assert set(stored) == set(seating.seats)


@pytest.mark.parametrize("order", list(itertools.permutations(("both", "senior", "security"), 2)))
def test_who_could_sit_in_either_slot_never_blocks_the_quorum(order: tuple[str, str]) -> None:
    cast = {"both": BOTH, "senior": SENIOR, "security": SECURITY}
    assert not seat(ONE_EACH, [(name, cast[name]) for name in order], RANKS).open


def test_the_slot_a_vote_fills_may_be_one_its_voter_does_not_sit_in() -> None:
    """Both sits in security; another of security pushes them over to senior, which is the slot newly filled."""
    seating = seat(ONE_EACH, [("both", BOTH)], RANKS)
    assert seating.seats == {"@security#1": "both"}
    assert seating.within_reach == ONE_EACH
    more = seating.adding("other", SECURITY)
    assert more is not None
    assert more[1].name == "senior#1"
    assert more[0].seats == {"@security#1": "other", "senior#1": "both"}


def test_one_person_fills_one_slot_only() -> None:
    assert [slot.name for slot in seat(ONE_EACH, [("both", BOTH)], RANKS).open] == ["senior#1"]


@pytest.mark.parametrize(
    ("voter", "may"),
    [
        (Voter(None), False),
        (Voter(0), False),
        (JUNIOR, False),
        (SENIOR, True),
        (LEAD, True),
        (SECURITY, False),
    ],
)
def test_a_slot_takes_its_tier_and_every_higher_one(voter: Voter, may: bool) -> None:
    assert eligible(Slot("senior#1", "senior"), voter, RANKS) is may


@pytest.mark.parametrize(("voter", "may"), [(LEAD, False), (SECURITY, False), (BOTH, True)])
def test_a_slot_of_both_takes_only_who_is_both(voter: Voter, may: bool) -> None:
    assert eligible(Slot("senior@security#1", "senior", "security"), voter, RANKS) is may


def test_a_slot_that_names_nobody_takes_nobody() -> None:
    assert not eligible(Slot("#1", None), Voter(9, frozenset({"security"})), RANKS)


def test_a_vote_fills_the_highest_slot_it_may_and_the_first_of_equals() -> None:
    every = slots((Need(tier="junior", count=1), Need(tier="lead", count=2)))
    seating = seat(every, [], RANKS)
    for voter, filled in ((LEAD, "lead#1"), (SENIOR, "junior#1")):
        more = seating.adding("x", voter)
        assert more is not None
        assert more[1].name == filled


@pytest.mark.parametrize(
    ("name", "who"),
    [("lead#1", "lead"), ("lead#1/2", "lead"), ("@security#2", "security"), ("lead@ops#1/3", "lead in ops")],
)
def test_a_stored_slot_says_whom_it_waited_for(name: str, who: str) -> None:
    assert who_of(name) == who
