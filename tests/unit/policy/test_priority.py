"""The order as a pure function: its classes, its bands, and that it is one order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.priority import (
    BY_RISK,
    HOUR,
    MINUTE,
    RUNGS,
    WEIGHTS,
    Band,
    Urgency,
    key,
    place,
    schedule,
)
from inbox.policy.words import Risk

ASKED = 1_000_000.0
moments = st.floats(0, 1e7)
urgencies = st.sampled_from(Urgency)


def band(urgency: Urgency, *, waited: float, left: float) -> Band:
    return key(ASKED + waited, ASKED, urgency, ASKED + waited + left).band


def test_classes_stand_in_the_order_of_cost_per_second_of_review() -> None:
    assert [urgency.rank for urgency in Urgency] == [0, 1, 2, 3]
    by_index = sorted(Urgency, key=lambda urgency: -WEIGHTS[urgency].index)
    assert by_index == list(Urgency)
    calm = [RUNGS[urgency].calm for urgency in by_index]
    assert calm == sorted(calm)


def test_every_risk_has_a_class_and_more_harm_never_stands_later() -> None:
    assert set(BY_RISK) == set(Risk)
    for one in Risk:
        for other in Risk:
            if one.rank > other.rank:
                assert BY_RISK[one].rank <= BY_RISK[other].rank


@pytest.mark.parametrize(
    ("urgency", "waited", "left", "expected"),
    [
        (Urgency.URGENT, 0, 9 * HOUR, Band.URGENT),
        (Urgency.URGENT, 9 * HOUR, -5, Band.URGENT),
        (Urgency.HIGH, HOUR, 10 * MINUTE + 1, Band.HIGH),
        (Urgency.HIGH, HOUR, 10 * MINUTE, Band.HIGH_RISEN),
        (Urgency.HIGH, 160 * MINUTE - 1, 9 * HOUR, Band.HIGH),
        (Urgency.HIGH, 160 * MINUTE, 9 * HOUR, Band.HIGH_RISEN),
        (Urgency.HIGH, HOUR, 90, Band.HIGH_RISEN),
        (Urgency.HIGH, HOUR, 89, Band.HIGH_LATE),
        (Urgency.NORMAL, 9 * HOUR, 5 * MINUTE + 1, Band.NORMAL),
        (Urgency.NORMAL, 9 * HOUR, 5 * MINUTE, Band.NORMAL_RISEN),
        (Urgency.NORMAL, 0, 39, Band.NORMAL_LATE),
        (Urgency.LOW, 55 * MINUTE, 5 * MINUTE, Band.LOW_RISEN),
        (Urgency.LOW, 55 * MINUTE - 1, 5 * MINUTE, Band.LOW),
        (Urgency.LOW, 2 * HOUR, 14, Band.LOW_LATE),
    ],
)
def test_bands(urgency: Urgency, waited: float, left: float, expected: Band) -> None:
    assert band(urgency, waited=waited, left=left) is expected


def test_inside_a_class_patience_counts_like_a_deadline() -> None:
    waits_long = key(ASKED, ASKED - 3 * HOUR, "normal", ASKED + 20 * HOUR)
    ends_later = key(ASKED, ASKED, "normal", ASKED + 2 * HOUR)
    assert waits_long.band is ends_later.band
    assert waits_long < ends_later


def test_a_short_deadline_does_not_buy_a_low_one_a_place_above_others() -> None:
    bought = key(ASKED, ASKED, "low", ASKED + 4 * MINUTE)
    assert bought > key(ASKED, ASKED, "normal", ASKED + 20 * HOUR)
    assert bought < key(ASKED, ASKED, "low", ASKED + 20 * HOUR)


def test_what_can_be_saved_comes_before_what_cannot_and_that_before_the_next_class() -> None:
    late = key(ASKED, ASKED - HOUR, "high", ASKED + 30)
    assert key(ASKED, ASKED, "high", ASKED + 20 * HOUR) < late < key(ASKED, ASKED, "normal", ASKED + HOUR)


@given(urgencies, moments, st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5))
def test_in_time_a_request_rises_once_and_falls_once(
    urgency: Urgency, asked: float, life: float, first: float, then: float
) -> None:
    found = schedule(urgency, asked, asked + life)
    rungs = RUNGS[urgency]
    steps = [rungs.calm, rungs.risen, rungs.late]
    before, after = (place(found, asked + passed).band for passed in sorted((first, then)))
    assert steps.index(before) <= steps.index(after) or rungs.calm is rungs.risen


@given(urgencies, moments, st.floats(0, 1e5), st.floats(0, 1e5))
def test_a_deadline_moved_nearer_never_moves_it_back_while_it_can_be_saved(
    urgency: Urgency, asked: float, life: float, cut: float
) -> None:
    now, least = asked, max(WEIGHTS[urgency].least_life, WEIGHTS[urgency].review_seconds) + 1
    further, nearer = least + max(life, cut), least + min(life, cut)
    assert key(now, asked, urgency, asked + nearer) <= key(now, asked, urgency, asked + further)


@given(urgencies, moments, st.floats(1, 1e5))
def test_the_moments_it_is_ordered_by_are_never_after_its_deadline(
    urgency: Urgency, asked: float, life: float
) -> None:
    found = schedule(urgency, asked, asked + life)
    assert found.serve_by <= found.deadline
    assert found.rises_at is None or found.rises_at <= found.deadline


def test_no_other_class_has_a_key() -> None:
    with pytest.raises(ValueError, match="vip"):
        key(0, 0, "vip", 1)
