"""Nothing that is approved needs something that is not, however the steps are given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.contract import Submission
from inbox.lifecycle import Verb
from inbox.policy.plan import (
    Fall,
    LateValue,
    Step,
    concrete,
    falls,
    late_values,
    riskiest_first,
    settled,
    sources_of,
    stop_line,
)
from inbox.policy.words import Risk

APPROVE, EDIT, REJECT, RESPOND, DEFER = (
    Verb(word) for word in ("approve", "edit", "reject", "respond", "defer")
)
RUNS = (APPROVE, EDIT)

# The plan of the design: 1 and 2 read, 3 creates from 2, 4 and 5 need 3, 6 needs both.
MIGRATION = (
    Step("1"),
    Step("2"),
    Step("3", ("2",), Risk.MEDIUM),
    Step("4", ("3",), Risk.MEDIUM),
    Step("5", ("3",), Risk.CRITICAL),
    Step("6", ("4", "5")),
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Step], dict[str, Verb]]:
    """A plan in any order with a verdict on some of its steps. Needs lead to smaller numbers, so never in a circle."""
    count = draw(st.integers(1, 9))
    names = draw(st.permutations([f"s{number}" for number in range(count)]))
    steps = []
    for number, name in enumerate(names):
        needs = tuple(draw(st.lists(st.sampled_from(names[:number]), max_size=3))) if number else ()
        late = bool(needs) and draw(st.integers(0, 5)) == 0
        risk = draw(st.sampled_from(Risk))
        steps.append(Step(name, needs, risk, needs[:1] if late else (), asks=draw(st.booleans())))
    verdicts = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(Verb)))
    return draw(st.permutations(steps)), verdicts


def needed(steps: list[Step], key: str) -> set[str]:
    """Everything a step needs, directly or not, by plain recursion: the plan must not be its own judge."""
    below = {step.key: step.depends_on for step in steps}[key]
    return set(below).union(*(needed(steps, one) for one in below))


@given(plans())
def test_no_step_that_runs_needs_one_that_does_not(plan: tuple[list[Step], dict[str, Verb]]) -> None:
    steps, verdicts = plan
    after = settled(steps, verdicts)
    by_key = {step.key: step for step in steps}
    for key, verdict in after.items():
        if verdict in RUNS:
            assert not by_key[key].sources
            for other in needed(steps, key):
                answered = by_key[other].asks and after.get(other) in (RESPOND, Verb.CHOOSE)
                assert after.get(other) in RUNS or answered


@given(plans())
def test_only_what_must_fall_falls(plan: tuple[list[Step], dict[str, Verb]]) -> None:
    steps, verdicts = plan
    by_key = {step.key: step for step in steps}

    def said(key: str) -> bool:
        """Whether a step was said to run, or is a question that was answered."""
        answered = by_key[key].asks and verdicts.get(key) in (RESPOND, Verb.CHOOSE)
        return verdicts.get(key) in RUNS or answered

    for key, fall in falls(steps, verdicts).items():
        assert said(key)
        held_back = [other for other in needed(steps, key) if not said(other)]
        late = [other for other in needed(steps, key) | {key} if by_key[other].sources]
        assert held_back or late
        assert set(fall.because) <= set(by_key[key].depends_on)
    for key, verdict in verdicts.items():
        if not said(key):
            assert settled(steps, verdicts)[key] is verdict


@given(plans())
def test_what_has_fallen_makes_nothing_else_fall(plan: tuple[list[Step], dict[str, Verb]]) -> None:
    steps, verdicts = plan
    after = settled(steps, verdicts)
    assert falls(steps, after) == {}
    assert settled(steps, after) == after


@given(plans(), st.randoms())
def test_the_order_of_the_steps_does_not_matter(
    plan: tuple[list[Step], dict[str, Verb]], random: Any
) -> None:
    steps, verdicts = plan
    other = list(steps)
    random.shuffle(other)
    assert falls(other, verdicts) == falls(steps, verdicts)


@given(plans(), st.data())
def test_after_the_stop_line_nothing_is_approved(
    plan: tuple[list[Step], dict[str, Verb]], data: st.DataObject
) -> None:
    steps, _ = plan
    at = data.draw(st.integers(0, len(steps)))
    verdicts = stop_line(steps, at)
    assert set(verdicts) == {step.key for step in steps}
    assert all(verdicts[step.key] is DEFER for step in steps[at:])
    assert falls(steps, verdicts) == {}


def test_rejecting_a_step_takes_along_what_needs_it_and_says_why() -> None:
    verdicts = {"1": APPROVE, "2": APPROVE, "3": APPROVE, "4": REJECT, "5": EDIT, "6": APPROVE}
    assert falls(MIGRATION, verdicts) == {"6": Fall(("4",), "needs 4, which is rejected")}
    assert falls(MIGRATION, {**verdicts, "2": DEFER}) == {
        "3": Fall(("2",), "needs 2, which is put off"),
        "5": Fall(("3",), "needs 3, which needs 2"),
        "6": Fall(("4", "5"), "needs 4, which is rejected; needs 5, which needs 3"),
    }
    assert (
        falls(MIGRATION, {"6": APPROVE})["6"].reason
        == "needs 4, which is not decided; needs 5, which is not decided"
    )


def test_run_to_here_then_ask_again() -> None:
    assert stop_line(MIGRATION, 3) == {
        "1": APPROVE,
        "2": APPROVE,
        "3": APPROVE,
        "4": DEFER,
        "5": DEFER,
        "6": DEFER,
    }
    assert set(stop_line(MIGRATION, 0).values()) == {DEFER}
    backwards = (Step("a", ("b",)), Step("b"))
    assert stop_line(backwards, 1) == {"a": DEFER, "b": DEFER}
    for at in (-1, 7):
        with pytest.raises(ValueError, match="no stop line"):
            stop_line(MIGRATION, at)


def test_the_riskiest_step_is_first_and_equals_keep_their_order() -> None:
    steps = (*MIGRATION, Step("7", risk=Risk.HIGH), Step("8", risk=Risk.UNVERIFIABLE))
    assert riskiest_first(steps) == ("5", "8", "7", "3", "4", "1", "2", "6")


def test_arguments_decided_at_run_time_are_never_approved() -> None:
    steps = (Step("find"), Step("pay", ("find",), sources=("find",)), Step("mail", ("pay",)))
    verdicts = dict.fromkeys(("find", "pay", "mail"), APPROVE)
    assert falls(steps, verdicts) == {
        "pay": Fall((), "its arguments are decided at run time, so it will ask again"),
        "mail": Fall(("pay",), "needs pay, which will ask again"),
    }


def test_an_answer_completes_a_question_but_replaces_a_call() -> None:
    refund = Step("refund", ("which",))
    verdicts = {"which": RESPOND, "refund": APPROVE}
    assert falls((Step("which", asks=True), refund), verdicts) == {}
    assert falls((Step("which"), refund), verdicts) == {
        "refund": Fall(("which",), "needs which, which is answered instead of run")
    }


def test_an_answer_to_a_question_that_needs_a_rejected_step_is_put_off_too() -> None:
    steps = (Step("look"), Step("which", ("look",), asks=True), Step("refund", ("which",)))
    verdicts = {"look": REJECT, "which": RESPOND, "refund": APPROVE}
    assert settled(steps, verdicts) == {"look": REJECT, "which": DEFER, "refund": DEFER}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"to": "x", "n": [1, {"from": "a"}], "$FROM": "a"}, []),
        ({"to": {"$from": "s1", "path": "/id"}}, [LateValue("/to", "s1", "/id")]),
        (
            {"a/b": [0, {"deep": {"$from": "s2", "path": "/x", "more": 1}}]},
            [LateValue("/a~1b/1/deep", "s2", "/x")],
        ),
        ({"$from": 7}, [LateValue("", "", "")]),
        ({"text": '{"$from": "s1"}'}, []),
    ],
)
def test_a_placeholder_is_found_wherever_it_stands(args: Any, expected: list[LateValue]) -> None:
    assert list(late_values(args)) == expected
    assert concrete(args) == (not expected)
    assert sources_of(args) == tuple(late.step for late in expected)


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"a": ["zz"]}, "a depends on zz, which is no action of this request"),
        ({"a": ["a"]}, "actions depend on each other in a circle"),
        ({"c": ["a"], "a": ["b"], "b": ["c"], "d": ["a"]}, "actions depend on each other in a circle"),
    ],
)
def test_what_is_no_plan_is_refused_when_it_is_asked(needs: dict[str, list[str]], message: str) -> None:
    actions = [{"key": key, "name": "write_file", "depends_on": after} for key, after in needs.items()]
    with pytest.raises(ValidationError, match=message):
        Submission.model_validate({"dedupe_key": "d", "thread": "t", "actions": actions})
    with pytest.raises(ValueError, match="no plan"):
        falls([Step(key, tuple(after)) for key, after in needs.items()], {})


def test_a_long_chain_is_no_recursion() -> None:
    steps = [Step("0"), *(Step(str(number), (str(number - 1),)) for number in range(1, 5_000))]
    verdicts = {**dict.fromkeys((step.key for step in steps), APPROVE), "0": REJECT}
    assert len(falls(steps, verdicts)) == 4_999
