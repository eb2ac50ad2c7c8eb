from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.factors import LEVELS, Weight, level_of, score, weight_of
from inbox.policy.words import Risk

weights = st.lists(st.sampled_from([int(weight) for weight in Weight]), max_size=8)


def test_the_heaviest_counts_whole_and_the_rest_a_quarter() -> None:
    assert score([]) == 0
    assert score([25]) == 25
    assert score([5, 20]) == 21.25
    assert score([50, 25, 25, 10]) == 65
    assert score([75] * 9) == 100


@pytest.mark.parametrize(
    ("points", "level"),
    [(0, "low"), (24.9, "low"), (25, "medium"), (50, "high"), (75, "critical"), (100, "critical")],
)
def test_levels_begin_where_they_say(points: float, level: str) -> None:
    assert level_of(points) == level


@given(weights, st.sampled_from([int(weight) for weight in Weight]))
def test_a_further_factor_never_lowers(before: list[int], more: int) -> None:
    assert score([*before, more]) >= score(before)


@pytest.mark.parametrize("risk", Risk)
def test_a_factor_of_a_level_is_of_that_level(risk: Risk) -> None:
    assert level_of(float(weight_of(risk))).rank == risk.rank


def test_levels_are_listed_from_the_worst() -> None:
    assert [int(least) for least, _ in LEVELS] == sorted((int(least) for least, _ in LEVELS), reverse=True)
