"""No error in policy ever leads to allow: whatever raises, wherever, people are asked, and as many as can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy import evaluate as module
from inbox.policy.document import Need, PolicyDocument
from inbox.policy.evaluate import NOBODY, Verdict, evaluate, safe_evaluate
from inbox.policy.facts import ActionFacts, Claims, Facts
from inbox.policy.reasons import ReasonCode
from inbox.policy.requirement import covers, unfillable
from inbox.policy.words import Outcome, Risk
from tests.unit.policy.building import (
    DEFAULT,
    HARMLESS,
    NOW,
    RANKS,
    REVERSIBLE,
    action,
    document,
    documents,
    facts,
    several_facts,
)

ALLOWING = document({"id": "all", "then": "allow"})


def safely(made: Any, asked: Any) -> Verdict:
    return safe_evaluate(made, asked, policy="default", version=3)


def assert_asks_for_the_most(verdict: Verdict, made: PolicyDocument = DEFAULT) -> None:
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.risk is Risk.CRITICAL
    assert [reason.code for reason in verdict.reasons] == [ReasonCode.POLICY_ERROR]
    assert covers(verdict.needs, made.ladder[Risk.CRITICAL], RANKS)
    assert not verdict.batchable
    assert not verdict.reversible
    assert (verdict.policy, verdict.version, verdict.rule) == ("default", 3, None)


class Hostile(Mapping[str, Any]):
    """Arguments that raise at the n-th touch, whatever the touch is."""

    def __init__(self, after: int, error: Callable[[], Exception]) -> None:
        self.left = after
        self.error = error

    def touch(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error()

    def __getitem__(self, key: str) -> Any:
        self.touch()
        return self if key == "again" else "x"

    def __iter__(self) -> Iterator[str]:
        self.touch()
        return iter(["path", "again"])

    def __len__(self) -> int:
        self.touch()
        return 2


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even a message")

    __repr__ = __str__


class BadNumber(float):
    def __float__(self) -> NoReturn:
        raise ZeroDivisionError


class BadText(str):
    __slots__ = ()

    def __contains__(self, part: object) -> NoReturn:
        raise KeyError(part)


errors = st.sampled_from(
    [ValueError, KeyError, RecursionError, MemoryError, Unprintable, StopIteration, TypeError]
)


@given(documents(), several_facts)
def test_where_nothing_goes_wrong_both_say_the_same(made: PolicyDocument, asked: Facts) -> None:
    assert safely(made, asked) == evaluate(made, asked, policy="default", version=3)


@given(documents(then=("allow",)), st.integers(0, 40), errors)
def test_hostile_arguments_are_never_allowed(
    made: PolicyDocument, after: int, error: Callable[[], Exception]
) -> None:
    # `Hostile` contains itself, so either it raises or the walk's budget ends: nothing about it can be judged.
    verdict = safely(made, facts(action(REVERSIBLE, Hostile(after, error))))
    assert_asks_for_the_most(verdict, made)


@pytest.mark.parametrize(
    "args",
    [
        {"amount": BadNumber(5)},
        {"amount": float("nan")},
        {"amount": float("inf")},
        {"amount": 10**400},
        {"path": BadText("x")},
        {1: "not a name"},
        {"rows": [0.5] * 60_000},
        {"path": object()},
        {"path": b"bytes"},
        {"path": {1, 2}},
        None,
        7,
        [("path", "x")],
    ],
)
def test_arguments_that_make_no_sense_ask_for_the_most(args: Any) -> None:
    asked = ActionFacts("k", "look_up", "tool_call", args, "", HARMLESS, True, ())
    assert_asks_for_the_most(safely(ALLOWING, facts(asked)))


@pytest.mark.parametrize(
    "claimed",
    [None, Claims(confidence="sure"), Claims(risk="low-ish"), Claims(risk=object())],  # type: ignore[arg-type]
)
def test_claims_that_make_no_sense_ask_for_the_most(claimed: Any) -> None:
    asked = Facts("clerk", "acme", "t", "pre_execution", (action(HARMLESS),), claimed, NOW)
    assert_asks_for_the_most(safely(ALLOWING, asked))


def test_a_confidence_that_is_no_number_is_no_confidence() -> None:
    asked = facts(action(HARMLESS), claims=Claims(confidence=float("nan")))
    assert safely(ALLOWING, asked).risk is Risk.MEDIUM


def test_no_actions_ask_for_the_most() -> None:
    assert_asks_for_the_most(safely(ALLOWING, facts()))


@pytest.mark.parametrize("asked", [None, {}, "facts"])
def test_facts_that_are_none_ask_for_the_most(asked: Any) -> None:
    assert_asks_for_the_most(safely(DEFAULT, asked))


@pytest.mark.parametrize("step", ["assess", "listen", "waiting", "worst", "_held", "Verdict"])
def test_an_error_at_any_step_asks_for_the_most(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    working = getattr(module, step)
    failed = False

    def fail_once(*args: Any, **named: Any) -> Any:
        nonlocal failed
        if failed:
            return working(*args, **named)
        failed = True
        raise RuntimeError("broken")

    monkeypatch.setattr(module, step, fail_once)
    verdict = safely(ALLOWING, facts(action(HARMLESS)))
    assert failed
    assert_asks_for_the_most(verdict)


def test_the_most_includes_the_people_any_rule_could_add() -> None:
    made = document({"tool": "payroll", "then": "review", "needs": (Need(tier="senior", count=2),)})
    verdict = safely(made, facts())
    assert set(verdict.needs) == {Need(tier="lead", count=2), Need(tier="senior", count=2)}


@pytest.mark.parametrize("made", [None, {}, PolicyDocument.model_construct(ladder={})])
def test_with_an_unreadable_document_nobody_at_all_can_approve(made: Any) -> None:
    verdict = safely(made, facts(action(HARMLESS)))
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.needs == (NOBODY,)
    assert unfillable(verdict.needs, RANKS) == (NOBODY,)
    assert verdict.expires_in > 0


def test_the_log_names_the_error_and_the_place_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def quote() -> Exception:
        return ValueError("hunter2")

    with caplog.at_level(logging.ERROR, logger="inbox.policy.evaluate"):
        safely(DEFAULT, facts(action(REVERSIBLE, Hostile(0, quote))))
    (record,) = caplog.records
    assert "policy default@3 failed: ValueError at " in record.getMessage()
    assert "hunter2" not in caplog.text


def test_a_wish_to_stop_is_not_swallowed() -> None:
    def stop() -> Any:
        return KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        safely(DEFAULT, facts(action(REVERSIBLE, Hostile(0, stop))))
