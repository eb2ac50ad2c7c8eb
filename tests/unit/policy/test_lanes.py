from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.lifecycle import OnTimeout
from inbox.policy.document import Need
from inbox.policy.lanes import LANES, Following, lane, why_here
from inbox.policy.priority import BY_RISK, Band, key, schedule
from inbox.policy.words import Lane, Risk

MINUTE, HOUR = 60, 3600
NOW = 1_000_000.0


def why(**changes: Any) -> tuple[str, ...]:
    same: dict[str, Any] = {
        "risk": Risk.HIGH,
        "batchable": False,
        "seconds_left": 5 * HOUR,
        "waited": 0.0,
        "rule": None,
        "needs": (Need(tier="lead", count=1),),
    }
    given = {**same, **changes}
    left, waited = given.pop("seconds_left"), given.pop("waited")
    found = schedule(BY_RISK[given["risk"]], NOW - waited, NOW + left)
    return why_here(schedule=found, now=NOW, **given)


def stands(risk: Risk, batchable: bool, seconds_left: float, waited: float = 0) -> Lane:
    return lane(key(NOW, NOW - waited, BY_RISK[risk], NOW + seconds_left).band, batchable)


@pytest.mark.parametrize(
    ("risk", "batchable", "seconds_left", "waited", "expected"),
    [
        (Risk.CRITICAL, False, 72 * HOUR, 0, Lane.NOW),
        (Risk.HIGH, False, 10 * MINUTE, 0, Lane.NOW),
        (Risk.HIGH, False, 10 * MINUTE + 1, 0, Lane.LOOK),
        (Risk.UNVERIFIABLE, False, 9 * HOUR, 161 * MINUTE, Lane.NOW),
        (Risk.MEDIUM, False, 5 * MINUTE, 0, Lane.NOW),
        (Risk.MEDIUM, False, -5, 0, Lane.LOOK),
        (Risk.MEDIUM, False, HOUR, 9 * HOUR, Lane.LOOK),
        (Risk.LOW, True, 5 * MINUTE, HOUR, Lane.NOW),
        (Risk.LOW, True, 5 * MINUTE, 0, Lane.BATCH),
        (Risk.LOW, True, 5 * MINUTE + 1, HOUR, Lane.BATCH),
        (Risk.LOW, False, HOUR, 0, Lane.LOOK),
    ],
)
def test_lanes(risk: Risk, batchable: bool, seconds_left: float, waited: float, expected: Lane) -> None:
    assert stands(risk, batchable, seconds_left, waited) is expected


def test_the_lanes_one_after_the_other_are_the_whole_order() -> None:
    batched = set(LANES[Lane.BATCH])
    assert [band for name in (Lane.NOW, Lane.LOOK) for band in LANES[name]] == list(Band)
    assert batched == {Band.LOW, Band.LOW_LATE}


def test_why_here_tells_lane_rule_vote_deadline_and_place_in_sentences() -> None:
    after = Following("Publish post “Q4 results”", Lane.LOOK, Band.HIGH, NOW + HOUR)
    needs = (Need(tier="lead", count=2),)
    assert why(rule="external-email", seconds_left=9 * MINUTE + 40, needs=needs, following=after) == (
        "Now: its deadline is at most 10 minutes away.",
        "Rule external-email asks for a person.",
        "Needs the votes of 2 different people, each lead or above.",
        "Rejected in 9 min if nobody decides, and the agent is told.",
        "Comes before “Publish post “Q4 results”” because its time runs out.",
    )


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"risk": Risk.CRITICAL}, "Now: the risk is critical."),
        ({"waited": 3 * HOUR}, "Now: it has waited more than 2 h 40 min."),
        (
            {"risk": Risk.MEDIUM, "seconds_left": 4 * MINUTE},
            "Now: its deadline is at most 5 minutes away.",
        ),
        ({"risk": Risk.LOW, "batchable": True}, "Batches: the risk is low and it can be put back."),
        ({"risk": Risk.UNVERIFIABLE}, "Needs a look: its payload cannot be verified."),
        ({"risk": Risk.MEDIUM}, "Needs a look: the risk is medium."),
        (
            {"risk": Risk.LOW},
            "Needs a look: the risk is low, but it is not one to decide together with others.",
        ),
    ],
)
def test_the_first_sentence_names_the_lane(changes: dict[str, Any], first: str) -> None:
    assert why(**changes)[0] == first


@given(st.sampled_from(Risk), st.booleans(), st.floats(-1e5, 1e5), st.floats(0, 1e5))
def test_the_sentence_and_the_lane_never_disagree(
    risk: Risk, batchable: bool, left: float, waited: float
) -> None:
    words = {Lane.NOW: "Now: ", Lane.LOOK: "Needs a look: ", Lane.BATCH: "Batches: "}
    said = why(risk=risk, batchable=batchable, seconds_left=left, waited=waited)
    assert said[0].startswith(words[stands(risk, batchable, left, waited)])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "It moves to Now in 2 h."),
        ({"risk": Risk.MEDIUM, "seconds_left": 65 * MINUTE}, "It moves to Now in 1 h."),
        (
            {"seconds_left": 60},
            "A look takes about 90 seconds, and less is left:"
            " those that can still be decided in time come first.",
        ),
        (
            {"risk": Risk.LOW, "seconds_left": 600},
            "It was asked for with less than an hour to decide:"
            " at low risk a short deadline alone moves nothing to Now.",
        ),
    ],
)
def test_what_becomes_of_its_place_is_told(changes: dict[str, Any], expected: str) -> None:
    assert expected in why(**changes)


@pytest.mark.parametrize(
    ("changes", "other", "reason"),
    [
        ({"risk": Risk.CRITICAL}, (Lane.NOW, Band.HIGH_RISEN), "its risk is critical"),
        ({"seconds_left": 300}, (Lane.LOOK, Band.HIGH), "its time runs out"),
        ({"waited": 4 * HOUR}, (Lane.LOOK, Band.HIGH), "its time is up"),
        ({"seconds_left": 300}, (Lane.NOW, Band.LOW_RISEN), "its risk is higher"),
        (
            {"risk": Risk.LOW, "seconds_left": 300, "waited": HOUR},
            (Lane.NOW, Band.NORMAL_RISEN),
            "a look at it takes less time",
        ),
        ({}, (Lane.LOOK, Band.HIGH), "its time is up sooner"),
        ({}, (Lane.LOOK, Band.HIGH_LATE), "it can still be decided in time"),
        ({"seconds_left": 60}, (Lane.LOOK, Band.NORMAL), "its risk is higher"),
        ({"risk": Risk.MEDIUM}, (Lane.BATCH, Band.LOW), "its risk is higher"),
        ({"risk": Risk.LOW}, (Lane.BATCH, Band.LOW), "that one may be decided together with others"),
    ],
)
def test_what_it_comes_before_and_why(changes: dict[str, Any], other: tuple[Lane, Band], reason: str) -> None:
    said = why(**changes, following=Following("Do x", *other, NOW + 24 * HOUR))
    assert f"Comes before “Do x” because {reason}." in said


def test_two_of_the_same_moment_were_asked_one_after_the_other() -> None:
    twin = Following("x" * 500, Lane.LOOK, Band.HIGH, NOW + 170 * MINUTE)
    assert f"Comes before “{'x' * 120}…” because it was asked first." in why(following=twin)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (59, "less than a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * HOUR + 3599, "47 h"),
        (48 * HOUR, "2 d"),
    ],
)
def test_deadlines_are_rounded_down(seconds: float, shown: str) -> None:
    assert f"Rejected in {shown} if nobody decides, and the agent is told." in why(seconds_left=seconds)


def test_a_passed_deadline_says_so() -> None:
    assert (
        why(risk=Risk.MEDIUM, seconds_left=0)[-1]
        == "Its deadline has passed: it is being rejected, and the agent is told."
    )


def test_without_a_rule_it_says_that_no_rule_spoke() -> None:
    assert "No rule lets it pass, so a person decides." in why()
    assert "Needs the vote of one lead or above." in why()


def test_the_group_is_told_only_where_it_can_be_decided_together() -> None:
    together = {"risk": Risk.LOW, "batchable": True}
    assert why(**together, alike=17)[-1] == "17 more like it wait: they can be reviewed together."
    assert why(**together, alike=1)[-1] == "1 more like it waits: they can be reviewed together."
    assert not any("like it" in sentence for sentence in (*why(**together), *why(alike=17)))


@pytest.mark.parametrize("on_timeout", list(OnTimeout))
def test_what_silence_does_is_told_before_and_after(on_timeout: OnTimeout) -> None:
    told = {" ".join(why(on_timeout=on_timeout, seconds_left=left)) for left in (3 * HOUR, -1)}
    assert len(told) == 2
    for said in told:
        assert ("rejected" in said.lower()) == (
            on_timeout is not OnTimeout.WAIT and "next people" not in said
        )
