"""Standing in: chains are bounded, cycles are refused at save and harmless if they come about all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.delegation import LONGEST_CHAIN, Absence, away_at, chain_of, problem_with, stands_in

START = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def away(who: str, delegate: str | None = None, first: int = 0, days: int = 5) -> Absence[str]:
    return Absence(who, START + first * DAY, START + (first + days) * DAY, delegate)


absences = st.lists(
    st.builds(
        away,
        who=st.sampled_from("abcdefghij"),
        delegate=st.none() | st.sampled_from("abcdefghij"),
        first=st.integers(0, 8),
        days=st.integers(1, 6),
    ),
    max_size=12,
)


@given(absences, st.integers(0, 15), st.sampled_from("abcdefghij"))
def test_who_stands_in_is_there_and_somebody_else(known: list[Absence[str]], day: int, who: str) -> None:
    """Whatever was saved, cycles and endless chains included."""
    now = away_at(known, START + day * DAY)
    chain = chain_of(who, now)
    assert len(set(chain)) == len(chain) <= LONGEST_CHAIN + 1
    found = stands_in(who, now)
    assert found is None or (found != who and found not in now and found in chain)


@given(absences)
def test_what_is_saved_one_by_one_never_holds_a_cycle(asked: list[Absence[str]]) -> None:
    saved: list[Absence[str]] = []
    for absence in asked:
        taken = any(a.who == absence.who and a.start < absence.end and absence.start < a.end for a in saved)
        if absence.delegate == absence.who or taken:
            continue
        if problem_with(absence, saved) is None:
            saved.append(absence)
    for day in range(16):
        now = away_at(saved, START + day * DAY)
        for who in now:
            chain = [who]
            while chain[-1] in now and now[chain[-1]].delegate is not None:
                chain.append(now[chain[-1]].delegate or "")
                assert len(chain) <= LONGEST_CHAIN + 1
                assert len(set(chain)) == len(chain)


def test_a_cycle_is_named() -> None:
    problem = problem_with(away("a", "b"), [away("b", "a")])
    assert problem is not None
    assert problem.cycle
    assert problem.chain[0] == problem.chain[-1]
    assert set(problem.chain) == {"a", "b"}


def test_a_cycle_counts_only_where_the_dates_meet() -> None:
    assert problem_with(away("a", "b"), [away("b", "a", first=5)]) is None
    late = problem_with(away("a", "b", days=6), [away("b", "a", first=5)])
    assert late is not None
    assert late.at == START + 5 * DAY


def test_the_longest_chain() -> None:
    people = "abcdefg"
    links = [away(one, following) for one, following in pairwise(people)]
    assert problem_with(links[4], links[:4]) is None
    problem = problem_with(links[5], links[:5])
    assert problem is not None
    assert not problem.cycle
    # Neither end may make it too long: nor a link put before the others.
    assert problem_with(links[0], links[1:]) is not None


def test_a_delegate_who_is_away_hands_on() -> None:
    now = away_at([away("a", "b"), away("b", "c")], START)
    assert stands_in("a", now) == "c"
    assert stands_in("a", away_at([away("a", "b"), away("b")], START)) is None
    assert stands_in("a", away_at([away("a")], START)) is None
