from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.document import Need
from inbox.policy.lanes import NOW_WINDOW_SECONDS, lane, why_here
from inbox.policy.words import Lane, Risk

HOUR = 3600


def why(**changes: Any) -> tuple[str, ...]:
    same: dict[str, Any] = {
        "risk": Risk.HIGH,
        "batchable": False,
        "seconds_left": 5 * HOUR,
        "rule": None,
        "needs": (Need(tier="lead", count=1),),
    }
    return why_here(**{**same, **changes})


@pytest.mark.parametrize(
    ("risk", "batchable", "seconds_left", "expected"),
    [
        (Risk.CRITICAL, False, 72 * HOUR, Lane.NOW),
        (Risk.LOW, True, NOW_WINDOW_SECONDS, Lane.NOW),
        (Risk.LOW, True, NOW_WINDOW_SECONDS + 1, Lane.BATCH),
        (Risk.MEDIUM, False, -5, Lane.NOW),
        (Risk.LOW, False, HOUR, Lane.LOOK),
        (Risk.MEDIUM, False, HOUR, Lane.LOOK),
        (Risk.HIGH, False, HOUR, Lane.LOOK),
        (Risk.UNVERIFIABLE, False, HOUR, Lane.LOOK),
    ],
)
def test_lanes(risk: Risk, batchable: bool, seconds_left: float, expected: Lane) -> None:
    assert lane(risk, batchable, seconds_left) is expected


@given(st.sampled_from(Risk), st.booleans(), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_time_running_out_never_takes_a_request_out_of_now(
    risk: Risk, batchable: bool, left: float, passed: float
) -> None:
    if lane(risk, batchable, left) is Lane.NOW:
        assert lane(risk, batchable, left - passed) is Lane.NOW


def test_why_here_tells_lane_rule_vote_and_deadline_in_sentences() -> None:
    assert why(rule="external-email", seconds_left=12 * 60 + 40, needs=(Need(tier="lead", count=2),)) == (
        "Now: its deadline is at most 15 minutes away.",
        "Rule external-email asks for a person.",
        "Needs the votes of 2 different people, each lead or above.",
        "Rejected in 12 min if nobody decides, and the agent is told.",
    )


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"risk": Risk.CRITICAL}, "Now: the risk is critical."),
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


@given(st.sampled_from(Risk), st.booleans(), st.floats(-1e6, 1e6))
def test_the_sentence_and_the_lane_never_disagree(risk: Risk, batchable: bool, left: float) -> None:
    words = {Lane.NOW: "Now: ", Lane.LOOK: "Needs a look: ", Lane.BATCH: "Batches: "}
    assert why(risk=risk, batchable=batchable, seconds_left=left)[0].startswith(
        words[lane(risk, batchable, left)]
    )


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
    assert why(seconds_left=0)[-1] == "Its deadline has passed: it is being rejected, and the agent is told."


def test_without_a_rule_it_says_that_no_rule_spoke() -> None:
    assert "No rule lets it pass, so a person decides." in why()
    assert "Needs the vote of one lead or above." in why()


def test_the_group_is_told_only_where_it_can_be_decided_together() -> None:
    together = {"risk": Risk.LOW, "batchable": True}
    assert why(**together, alike=17)[-1] == "17 more like it wait: they can be reviewed together."
    assert why(**together, alike=1)[-1] == "1 more like it waits: they can be reviewed together."
    assert not any("like it" in sentence for sentence in (*why(**together), *why(alike=17)))
