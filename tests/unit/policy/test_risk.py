from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.facts import ActionFacts, Claims, Facts, History, ToolFacts
from inbox.policy.reasons import LONGEST_TEXT, ReasonCode
from inbox.policy.risk import assess
from inbox.policy.words import Effect, Risk, worst
from tests.unit.policy.building import (
    FINAL,
    HARMLESS,
    NOW,
    READ,
    REVERSIBLE,
    WRITE,
    action,
    actions,
    claims,
    facts,
    several_facts,
)


def level_of(tool: ToolFacts | None, args: dict[str, Any] | None = None, **more: Any) -> Risk:
    return assess(facts(action(tool, args, **more))).level


def texts_of(*asked: ActionFacts, claims: Claims | None = None) -> tuple[str, ...]:
    return tuple(reason.text for reason in assess(facts(*asked, claims=claims)).reasons)


@pytest.mark.parametrize(
    ("tool", "expected", "sentence"),
    [
        (HARMLESS, Risk.LOW, "Reads only, and the catalogue says it is harmless"),
        (READ, Risk.LOW, "Reads only; what it shows may not be for everyone"),
        (REVERSIBLE, Risk.LOW, "Changes something that can be put back"),
        (WRITE, Risk.MEDIUM, "Changes something, and the catalogue does not say that it can be put back"),
        (FINAL, Risk.HIGH, "Cannot be undone"),
        (None, Risk.MEDIUM, "Tool is not in the catalogue"),
    ],
)
def test_what_the_catalogue_says_of_the_tool_sets_the_base(
    tool: ToolFacts | None, expected: Risk, sentence: str
) -> None:
    assessment = assess(facts(action(tool)))
    assert assessment.level is expected
    assert [reason.text for reason in assessment.reasons] == [sentence]


def test_an_irreversible_effect_wins_over_a_reversible_tick() -> None:
    confused = ToolFacts("x", Effect.IRREVERSIBLE, reversible=True, harmless=True, risk_floor=None)
    assessment = assess(facts(action(confused)))
    assert assessment.level is Risk.HIGH
    assert not assessment.reversible


def test_the_catalogue_can_set_a_floor() -> None:
    floored = ToolFacts("x", Effect.READ, reversible=False, harmless=True, risk_floor=Risk.HIGH)
    assert level_of(floored) is Risk.HIGH
    assert "The catalogue never judges this tool below high" in texts_of(action(floored))


def test_a_floor_never_lowers() -> None:
    floored = ToolFacts("x", Effect.IRREVERSIBLE, reversible=False, harmless=False, risk_floor=Risk.LOW)
    assert level_of(floored) is Risk.HIGH


@pytest.mark.parametrize(
    ("tool", "people", "expected"),
    [
        (REVERSIBLE, 100, Risk.LOW),
        (REVERSIBLE, 101, Risk.MEDIUM),
        (REVERSIBLE, 1_001, Risk.MEDIUM),
        (READ, 101, Risk.MEDIUM),
        (HARMLESS, 1_001, Risk.LOW),
        (WRITE, 100, Risk.MEDIUM),
        (WRITE, 101, Risk.HIGH),
        (WRITE, 1_000, Risk.HIGH),
        (WRITE, 1_001, Risk.CRITICAL),
        (FINAL, 101, Risk.HIGH),
        (FINAL, 1_000, Risk.HIGH),
        (FINAL, 1_001, Risk.CRITICAL),
        (None, 101, Risk.HIGH),
        (None, 1_001, Risk.CRITICAL),
    ],
)
def test_reach_raises_one_step_and_to_critical_only_what_cannot_be_undone(
    tool: ToolFacts | None, people: int, expected: Risk
) -> None:
    assert level_of(tool, {"recipients": [f"p{i}" for i in range(people)]}) is expected
    assert level_of(tool, {"recipient_count": people}) is expected


def test_reach_is_told_in_numbers() -> None:
    assert "Reaches 2,451 recipients: more than 1,000" in texts_of(action(FINAL, {"recipient_count": 2451}))
    assert "Reaches 150 entries in numbers: more than 100" in texts_of(
        action(FINAL, {"numbers": list(range(150))})
    )


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (99.99, Risk.LOW),
        (100, Risk.MEDIUM),
        (999.99, Risk.MEDIUM),
        (1_000, Risk.HIGH),
        ("$9,999.99", Risk.HIGH),
        (10_000, Risk.CRITICAL),
        (-10_000, Risk.CRITICAL),
    ],
)
def test_money_raises_by_amount(amount: object, expected: Risk) -> None:
    assert level_of(REVERSIBLE, {"amount": amount}) is expected


def test_money_is_told_with_the_argument_it_stands_in() -> None:
    assert "An amount of 1,200.00 (refund_amount): 1,000 or more" in texts_of(
        action(REVERSIBLE, {"refund_amount": 1200})
    )


def test_reading_moves_no_money_but_an_unknown_tool_may() -> None:
    assert level_of(READ, {"max_price": 50_000}) is Risk.LOW
    assert level_of(None, {"max_price": 50_000}) is Risk.CRITICAL


def test_a_secret_among_the_arguments_is_high_and_not_quoted() -> None:
    asked = action(REVERSIBLE, {"api_key": "hunter2-hunter2"})
    assert assess(facts(asked)).level is Risk.HIGH
    assert "Carries what looks like a password, key or token in api_key" in texts_of(asked)
    assert not any("hunter2" in text for text in texts_of(asked))


def test_a_payload_that_cannot_be_shown_is_unverifiable_and_says_why() -> None:
    asked = action(REVERSIBLE, verifiable=False, findings=("Holds U+202E, which reverses text.",))
    assert assess(facts(asked)).level is Risk.UNVERIFIABLE
    assert texts_of(asked)[0] == "The payload cannot be verified: Holds U+202E, which reverses text"


def test_unverifiable_is_at_least_high_and_below_critical() -> None:
    assert worst(Risk.UNVERIFIABLE, Risk.HIGH) is Risk.UNVERIFIABLE
    assert worst(Risk.HIGH, Risk.UNVERIFIABLE) is Risk.UNVERIFIABLE
    assert worst(Risk.UNVERIFIABLE, Risk.CRITICAL) is Risk.CRITICAL
    assert level_of(FINAL, {"recipient_count": 2451}, verifiable=False) is Risk.CRITICAL


def test_a_finding_that_hides_nothing_still_asks_for_a_look() -> None:
    asked = action(HARMLESS, findings=("Holds an odd space.",))
    assert assess(facts(asked)).level is Risk.MEDIUM
    assert "Look at the payload: Holds an odd space" in texts_of(asked)


def test_text_from_the_payload_is_made_printable_and_cut() -> None:
    asked = action(HARMLESS, verifiable=False, findings=("key ‮\n" + "x" * 1_000,))
    text = texts_of(asked)[0]
    assert text.isprintable()
    assert "‮" not in text
    assert len(text) == LONGEST_TEXT + 1


def test_the_agents_own_estimate_is_named_only_when_it_raises() -> None:
    assert "The agent itself claims high risk" in texts_of(action(REVERSIBLE), claims=Claims(risk=Risk.HIGH))
    assert assess(facts(action(REVERSIBLE), claims=Claims(risk=Risk.HIGH))).level is Risk.HIGH
    assert not any("claims" in text for text in texts_of(action(FINAL), claims=Claims(risk=Risk.LOW)))
    assert assess(facts(action(FINAL), claims=Claims(risk=Risk.LOW))).level is Risk.HIGH


@pytest.mark.parametrize(("confidence", "expected"), [(0.69, Risk.MEDIUM), (0.7, Risk.LOW), (0.99, Risk.LOW)])
def test_an_unsure_agent_gets_a_second_look(confidence: float, expected: Risk) -> None:
    asked = facts(action(REVERSIBLE), claims=Claims(confidence=confidence))
    assert assess(asked).level is expected
    low = any(reason.code is ReasonCode.LOW_CONFIDENCE for reason in assess(asked).reasons)
    assert low is (expected is Risk.MEDIUM)


@pytest.mark.parametrize(
    ("tool", "confidence", "hinted"),
    [(REVERSIBLE, 0.8, True), (REVERSIBLE, 0.95, True), (REVERSIBLE, 0.96, False), (HARMLESS, 0.99, False), (FINAL, 0.99, True), (WRITE, 0.99, True)],
)  # fmt: skip
def test_more_than_95_percent_helps_only_what_can_be_put_back(
    tool: ToolFacts, confidence: float, hinted: bool
) -> None:
    silent, told = (
        assess(facts(action(tool))),
        assess(facts(action(tool), claims=Claims(confidence=confidence))),
    )
    assert any(reason.code is ReasonCode.NOT_SURE for reason in told.reasons) is hinted
    assert told.level is silent.level
    assert (told.score > silent.score) is hinted


def test_confidence_lowers_nothing() -> None:
    assert assess(facts(action(FINAL), claims=Claims(confidence=1.0))).level is Risk.HIGH


def test_several_actions_are_as_risky_as_the_worst_and_reasons_name_the_tool() -> None:
    both = assess(facts(action(REVERSIBLE), action(FINAL)))
    assert both.level is Risk.HIGH
    assert not both.reversible
    assert [reason.text for reason in both.reasons] == [
        "delete_rows: Cannot be undone",
        "write_file: Changes something that can be put back",
    ]


def test_fifty_alike_actions_say_the_same_thing_once() -> None:
    assert len(assess(facts(*[action(REVERSIBLE)] * 50)).reasons) == 1


def test_a_request_without_actions_is_an_error_and_not_harmless() -> None:
    with pytest.raises(ValueError, match="at least one action"):
        assess(facts())


@given(several_facts)
def test_every_level_is_explained_by_a_line_of_that_level(asked: Facts) -> None:
    assessment = assess(asked)
    assert assessment.reasons
    assert all(reason.text and reason.text.isprintable() for reason in assessment.reasons)


@given(several_facts, claims)
def test_no_claim_lowers_the_risk(asked: Facts, claimed: Claims) -> None:
    silent = Facts(asked.agent, asked.team, asked.thread, asked.checkpoint, asked.actions, Claims(), NOW)
    loud = Facts(asked.agent, asked.team, asked.thread, asked.checkpoint, asked.actions, claimed, NOW)
    assert assess(loud).level.rank >= assess(silent).level.rank


@given(several_facts, actions, st.booleans())
def test_no_further_action_lowers_the_risk(asked: Facts, further: ActionFacts, first: bool) -> None:
    together = (further, *asked.actions) if first else (*asked.actions, further)
    more = Facts(asked.agent, asked.team, asked.thread, asked.checkpoint, together, asked.claims, NOW)
    assert assess(more).level.rank >= assess(asked).level.rank
    assert assess(asked).reversible or not assess(more).reversible


@given(actions)
def test_an_unknown_tool_is_never_below_medium(asked: ActionFacts) -> None:
    unknown = ActionFacts(
        asked.key,
        asked.name,
        asked.kind,
        asked.args,
        asked.description,
        None,
        asked.verifiable,
        asked.findings,
    )
    assert assess(facts(unknown)).level.rank >= Risk.MEDIUM.rank
    assert not assess(facts(unknown)).reversible


@pytest.mark.parametrize(
    ("approved", "rejected", "told"), [(9, 3, True), (10, 3, False), (0, 2, False), (0, 3, True)]
)
def test_an_agent_people_often_refused_is_told(approved: int, rejected: int, told: bool) -> None:
    before = History(approved=approved, rejected=rejected)
    known, fresh = action(REVERSIBLE), replace(action(REVERSIBLE), history=before)
    judged = assess(facts(fresh))
    assert any(reason.code is ReasonCode.REJECTED_BEFORE for reason in judged.reasons) is told
    assert (judged.score > assess(facts(known)).score) is told
    assert judged.level is Risk.LOW
