from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.need import Need
from inbox.policy.requirement import added, covers, largest, slots, strictest, unfillable
from inbox.policy.seating import Slot, Voter, eligible
from tests.unit.policy.building import RANKS, TIERS, grouped_needs, needs, voters

SIX = {"trainee": 1, "junior": 2, "senior": 3, "lead": 4, "director": 5, "board": 6}
JUNIOR, SENIOR, LEAD = (Need(tier=tier, count=1) for tier in TIERS)
TWO_LEADS = Need(tier="lead", count=2)

six_needs = needs(tuple(SIX))
with_gone_tiers = needs((*TIERS, "retired", "dissolved"))


def meets(people: tuple[Voter, ...], asked: tuple[Need, ...], ranks: dict[str, int]) -> bool:
    """By brute force: can these people be put into the slots one each?"""
    wanted = slots(asked)
    return any(
        all(eligible(slot, person, ranks) for slot, person in zip(wanted, seating, strict=True))
        for seating in itertools.permutations(people, len(wanted))
    )


people_by_rank = st.lists(st.integers(0, 3).map(Voter), max_size=6).map(tuple)


def test_the_stricter_of_two_tiers_is_the_higher_one() -> None:
    assert strictest((JUNIOR,), (LEAD,), RANKS) == (LEAD,)
    assert strictest((LEAD,), (JUNIOR,), RANKS) == (LEAD,)


def test_more_people_of_a_lower_tier_and_one_of_a_higher_come_together_in_the_fewest_people() -> None:
    assert strictest((Need(tier="junior", count=2),), (LEAD,), RANKS) == (LEAD, JUNIOR)


def test_a_loosened_policy_does_not_loosen_a_pending_request() -> None:
    assert strictest((TWO_LEADS,), (JUNIOR,), RANKS) == (TWO_LEADS,)


def test_a_tightened_policy_tightens_a_pending_request() -> None:
    assert strictest((LEAD,), (TWO_LEADS,), RANKS) == (TWO_LEADS,)


def test_a_tier_that_no_longer_exists_blocks_instead_of_vanishing() -> None:
    gone = Need(tier="retired", count=1)
    joined = strictest((gone,), (JUNIOR,), RANKS)
    assert set(joined) == {gone, JUNIOR}
    assert unfillable(joined, RANKS) == (gone,)
    assert not any(eligible(slot, Voter(99), RANKS) for slot in slots((gone,)))


@given(six_needs, six_needs)
def test_strictest_takes_both_sides_alike(one: tuple[Need, ...], other: tuple[Need, ...]) -> None:
    assert strictest(one, other, SIX) == strictest(other, one, SIX)


@given(with_gone_tiers, with_gone_tiers, with_gone_tiers)
def test_strictest_does_not_mind_the_order_of_many(
    a: tuple[Need, ...], b: tuple[Need, ...], c: tuple[Need, ...]
) -> None:
    assert strictest(strictest(a, b, RANKS), c, RANKS) == strictest(a, strictest(b, c, RANKS), RANKS)


@given(with_gone_tiers, with_gone_tiers)
def test_strictest_twice_is_strictest_once(one: tuple[Need, ...], other: tuple[Need, ...]) -> None:
    once = strictest(one, other, RANKS)
    assert strictest(once, other, RANKS) == once
    assert strictest(once, once, RANKS) == once


@given(six_needs)
def test_strictest_with_itself_asks_the_same_people(one: tuple[Need, ...]) -> None:
    same = strictest(one, one, SIX)
    assert sorted((need.who, need.count) for need in same) == sorted((need.who, need.count) for need in one)


@given(six_needs, six_needs, six_needs)
def test_a_stricter_side_never_makes_it_looser(
    one: tuple[Need, ...], harder: tuple[Need, ...], other: tuple[Need, ...]
) -> None:
    stricter = strictest(one, harder, SIX)
    assert covers(strictest(stricter, other, SIX), strictest(one, other, SIX), SIX)


@given(needs(), needs(), people_by_rank)
def test_whoever_satisfies_the_strictest_satisfies_both_and_the_other_way_round(
    one: tuple[Need, ...], other: tuple[Need, ...], people: tuple[Voter, ...]
) -> None:
    joined = strictest(one, other, RANKS)
    assert meets(people, joined, RANKS) == (meets(people, one, RANKS) and meets(people, other, RANKS))


@given(needs(), needs(), people_by_rank)
def test_covering_needs_are_met_only_by_people_who_meet_the_covered(
    one: tuple[Need, ...], other: tuple[Need, ...], people: tuple[Voter, ...]
) -> None:
    if covers(one, other, RANKS) and meets(people, one, RANKS):
        assert meets(people, other, RANKS)


@given(needs(), needs())
def test_added_needs_cover_each_part(one: tuple[Need, ...], other: tuple[Need, ...]) -> None:
    both = added(one, other)
    assert covers(both, one, RANKS)
    assert covers(both, other, RANKS)
    assert len(slots(both)) == len(slots(one)) + len(slots(other))


def test_largest_takes_the_larger_count_per_tier() -> None:
    assert set(largest((JUNIOR, LEAD), (TWO_LEADS,))) == {JUNIOR, TWO_LEADS}
    assert largest() == ()


def test_slots_are_numbered_within_a_tier_and_named_the_same_every_time() -> None:
    asked = (TWO_LEADS, SENIOR)
    assert slots(asked) == (Slot("lead#1", "lead"), Slot("lead#2", "lead"), Slot("senior#1", "senior"))
    assert slots(asked) == slots(asked)


@given(with_gone_tiers)
def test_there_is_one_slot_a_person_and_no_name_twice(asked: tuple[Need, ...]) -> None:
    every = slots(asked)
    assert len({slot.name for slot in every}) == len(every) == sum(need.count for need in asked)


# With groups


SENIOR_IN_SECURITY = Need(tier="senior", group="security", count=1)
SECURITY = Need(group="security", count=1)


def test_a_need_that_became_narrower_replaces_the_wider_one_instead_of_joining_it() -> None:
    assert strictest((SENIOR,), (SENIOR_IN_SECURITY,), RANKS) == (SENIOR_IN_SECURITY,)
    assert strictest((SENIOR_IN_SECURITY,), (SECURITY,), RANKS) == (SENIOR_IN_SECURITY,)


def test_a_group_and_a_tier_come_together_as_two_people() -> None:
    assert strictest((SENIOR,), (SECURITY,), RANKS) == (SECURITY, SENIOR)


def test_slots_of_groups_are_named_after_both() -> None:
    assert [slot.name for slot in slots((SENIOR, SECURITY, SENIOR_IN_SECURITY))] == [
        "senior#1",
        "@security#1",
        "senior@security#1",
    ]


def test_a_group_the_team_does_not_have_is_called_out_when_groups_are_known() -> None:
    assert unfillable((SECURITY, SENIOR), RANKS) == ()
    assert unfillable((SECURITY, SENIOR), RANKS, {"finance"}) == (SECURITY,)


@given(grouped_needs(), grouped_needs(), st.lists(voters, max_size=5).map(tuple))
def test_with_groups_too_whoever_satisfies_the_strictest_satisfies_both(
    one: tuple[Need, ...], other: tuple[Need, ...], people: tuple[Voter, ...]
) -> None:
    joined = strictest(one, other, RANKS)
    if meets(people, joined, RANKS):
        assert meets(people, one, RANKS)
        assert meets(people, other, RANKS)


@given(grouped_needs(), grouped_needs())
def test_with_groups_too_the_strictest_takes_both_sides_alike_and_is_never_fewer_people(
    one: tuple[Need, ...], other: tuple[Need, ...]
) -> None:
    joined = strictest(one, other, RANKS)
    assert joined == strictest(other, one, RANKS)
    assert covers(joined, one, RANKS)
    assert covers(joined, other, RANKS)
    assert len(slots(joined)) >= max(len(slots(one)), len(slots(other)))
    assert strictest(joined, other, RANKS) == joined


@given(grouped_needs(), grouped_needs(), st.lists(voters, max_size=5).map(tuple))
def test_with_groups_too_covering_needs_are_met_only_by_people_who_meet_the_covered(
    one: tuple[Need, ...], other: tuple[Need, ...], people: tuple[Voter, ...]
) -> None:
    if covers(one, other, RANKS) and meets(people, one, RANKS):
        assert meets(people, other, RANKS)
