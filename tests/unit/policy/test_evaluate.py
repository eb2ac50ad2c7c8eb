from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inbox.policy.document import HARMLESS_READ, Need, PolicyDocument, default_document
from inbox.policy.evaluate import Verdict, evaluate
from inbox.policy.facts import ActionFacts, Claims, Facts, ToolFacts
from inbox.policy.reasons import ReasonCode
from inbox.policy.requirement import covers
from inbox.policy.words import Effect, Outcome, Risk
from tests.unit.policy.building import (
    DEFAULT,
    FINAL,
    HARMLESS,
    NOW,
    RANKS,
    READ,
    REVERSIBLE,
    STRICTNESS,
    WRITE,
    action,
    actions,
    claims,
    document,
    documents,
    facts,
    several_facts,
)


def judge(made: PolicyDocument, *asked: ActionFacts, **more: Any) -> Verdict:
    return evaluate(made, facts(*asked, **more), policy="default", version=3)


def codes(verdict: Verdict) -> set[str]:
    return {reason.code.value for reason in verdict.reasons}


def test_a_harmless_read_passes_and_the_answer_says_by_what() -> None:
    verdict = judge(DEFAULT, action(HARMLESS))
    assert verdict.outcome is Outcome.ALLOW
    assert (verdict.policy, verdict.version, verdict.rule) == ("default", 3, HARMLESS_READ)
    assert verdict.needs == ()
    assert "Harmless reads pass without a person" in [reason.text for reason in verdict.reasons]


@pytest.mark.parametrize(
    ("asked", "risk", "tier", "count"),
    [
        (action(REVERSIBLE), Risk.LOW, "junior", 1),
        (action(READ), Risk.LOW, "junior", 1),
        (action(WRITE), Risk.MEDIUM, "senior", 1),
        (action(None), Risk.MEDIUM, "senior", 1),
        (action(FINAL), Risk.HIGH, "lead", 1),
        (action(REVERSIBLE, verifiable=False), Risk.UNVERIFIABLE, "lead", 1),
        (action(FINAL, {"recipient_count": 2451}), Risk.CRITICAL, "lead", 2),
    ],
)
def test_the_default_policy_asks_the_tier_of_the_risk(
    asked: ActionFacts, risk: Risk, tier: str, count: int
) -> None:
    verdict = judge(DEFAULT, asked)
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.risk is risk
    assert verdict.needs == (Need(tier=tier, count=count),)
    assert verdict.expires_in == DEFAULT.expires_in[risk]
    assert verdict.rule is None
    assert "no-rule" in codes(verdict)


@pytest.mark.parametrize("tiers", [("only",), ("a", "b", "c", "d", "e", "f")])
def test_ladders_of_one_and_of_six_tiers_work(tiers: tuple[str, ...]) -> None:
    made = default_document(tiers)
    assert judge(made, action(REVERSIBLE)).needs == (Need(tier=tiers[0], count=1),)
    assert judge(made, action(FINAL)).needs == (Need(tier=tiers[min(2, len(tiers) - 1)], count=1),)
    critical = judge(made, action(FINAL, {"recipient_count": 2451}))
    assert critical.needs == (Need(tier=tiers[min(2, len(tiers) - 1)], count=2),)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (action(REVERSIBLE), True),
        (action(READ), True),
        (action(WRITE), False),
        (action(FINAL), False),
        (action(None), False),
        (action(REVERSIBLE, verifiable=False), False),
        (action(REVERSIBLE, {"amount": 500}), False),
    ],
)
def test_only_low_reversible_verifiable_known_requests_may_be_batched(
    asked: ActionFacts, expected: bool
) -> None:
    assert judge(DEFAULT, asked).batchable is expected


def test_an_allow_rule_lets_a_known_reversible_verifiable_action_pass_by_name() -> None:
    made = document({"id": "docs", "tool": "write_*", "then": "allow"})
    verdict = judge(made, action(REVERSIBLE))
    assert (verdict.outcome, verdict.rule) == (Outcome.ALLOW, "docs")
    assert "Rule docs lets it pass" in [reason.text for reason in verdict.reasons]


def test_an_allow_rule_lets_a_read_pass_that_is_not_marked_harmless() -> None:
    made = document({"id": "mail", "tool": "read_mail", "then": "allow"})
    assert judge(made, action(READ)).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        (action(None), "the tool is not in the catalogue"),
        (action(REVERSIBLE, verifiable=False), "the payload cannot be verified"),
        (action(WRITE), "the catalogue does not say that it can be put back"),
        (action(FINAL), "the catalogue does not say that it can be put back"),
        (action(REVERSIBLE, {"amount": 5_000}), "its risk is high"),
        (action(REVERSIBLE, kind="review"), "it is a question to people"),
    ],
)
def test_an_allow_rule_is_not_obeyed_where_nothing_may_pass(asked: ActionFacts, because: str) -> None:
    verdict = judge(document({"id": "all", "then": "allow"}), asked)
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.needs
    assert verdict.rule is None
    assert f"Rule all would let it pass, but {because}" in [reason.text for reason in verdict.reasons]


def test_an_allow_rule_passes_medium_risk_and_no_more() -> None:
    made = document({"then": "allow"})
    assert judge(made, action(REVERSIBLE, {"amount": 500})).outcome is Outcome.ALLOW
    assert judge(made, action(REVERSIBLE, {"amount": 1_000})).outcome is Outcome.REVIEW


def test_a_claim_of_more_risk_stops_an_automatic_answer() -> None:
    made = document({"then": "allow"})
    assert judge(made, action(REVERSIBLE), claims=Claims(risk=Risk.HIGH)).outcome is Outcome.REVIEW
    assert judge(DEFAULT, action(HARMLESS), claims=Claims(confidence=0.2)).outcome is Outcome.REVIEW


def test_a_question_to_people_is_never_answered_by_policy() -> None:
    assert judge(DEFAULT, action(HARMLESS, kind="review")).outcome is Outcome.REVIEW


def test_one_action_that_needs_a_person_holds_the_others() -> None:
    verdict = judge(DEFAULT, action(HARMLESS), action(REVERSIBLE))
    assert verdict.outcome is Outcome.REVIEW


def test_harmless_reads_and_allowed_writes_pass_together() -> None:
    made = document({"id": "docs", "tool": "write_*", "then": "allow"})
    verdict = judge(made, action(HARMLESS), action(REVERSIBLE))
    assert (verdict.outcome, verdict.rule) == (Outcome.ALLOW, "docs")
    assert {"rule-allow", "passed-harmless"} <= codes(verdict)


def test_a_deny_rule_refuses_the_whole_request_and_tells_why() -> None:
    made = document(
        {"id": "no-rm", "tool": "delete_*", "then": "deny", "note": "Nothing is deleted in November."}
    )
    verdict = judge(made, action(HARMLESS), action(FINAL))
    assert (verdict.outcome, verdict.rule, verdict.needs) == (Outcome.DENY, "no-rm", ())
    assert verdict.notes == ("Nothing is deleted in November.",)
    assert "Rule no-rm refuses it" in [reason.text for reason in verdict.reasons]


@pytest.mark.parametrize("other", ["allow", "review"])
def test_a_denied_action_denies_whatever_rules_speak_for_the_others(other: str) -> None:
    made = document(
        {"id": "no-rm", "tool": "delete_*", "then": "deny"},
        {"id": "docs", "tool": "write_*", "then": other, "priority": 9, "note": "For the writer."},
    )
    for asked in [(action(REVERSIBLE), action(FINAL)), (action(FINAL), action(REVERSIBLE))]:
        verdict = judge(made, *asked)
        assert (verdict.outcome, verdict.rule, verdict.notes) == (Outcome.DENY, "no-rm", ())


def test_a_deny_rule_refuses_unknown_tools_too() -> None:
    assert judge(document({"tool": "mystery", "then": "deny"}), action(None)).outcome is Outcome.DENY


def test_deny_wins_a_tie_and_priority_wins_over_deny() -> None:
    tie = document({"then": "allow"}, {"then": "deny"})
    assert judge(tie, action(REVERSIBLE)).outcome is Outcome.DENY
    exception = document({"then": "allow", "priority": 1}, {"then": "deny"})
    assert judge(exception, action(REVERSIBLE)).outcome is Outcome.ALLOW


def test_a_review_rule_holds_even_a_harmless_read() -> None:
    made = document({"id": "look", "tool": "look_up", "then": "review", "note": "Customer data."})
    verdict = judge(made, action(HARMLESS))
    assert (verdict.outcome, verdict.rule, verdict.notes) == (Outcome.REVIEW, "look", ("Customer data.",))
    assert "Rule look asks for a person" in [reason.text for reason in verdict.reasons]


def test_a_review_rule_can_raise_the_risk_and_with_it_the_tier() -> None:
    verdict = judge(document({"id": "ext", "then": "review", "risk_at_least": Risk.HIGH}), action(REVERSIBLE))
    assert verdict.risk is Risk.HIGH
    assert verdict.needs == DEFAULT.ladder[Risk.HIGH]
    assert verdict.expires_in == DEFAULT.expires_in[Risk.HIGH]
    assert not verdict.batchable
    assert "Rule ext judges it high at least" in [reason.text for reason in verdict.reasons]


def test_a_review_rule_cannot_lower_the_risk() -> None:
    verdict = judge(document({"then": "review", "risk_at_least": Risk.LOW}), action(FINAL))
    assert verdict.risk is Risk.HIGH
    assert ReasonCode.RULE_RISK.value not in codes(verdict)


def test_a_rules_people_come_on_top_of_the_ladders() -> None:
    made = document({"then": "review", "needs": (Need(tier="senior", count=1), Need(tier="junior", count=1))})
    verdict = judge(made, action(REVERSIBLE))
    assert set(verdict.needs) == {Need(tier="junior", count=2), Need(tier="senior", count=1)}


def test_two_rules_that_want_the_same_person_ask_once() -> None:
    lead = (Need(tier="lead", count=1),)
    made = document(
        {"tool": "write_file", "then": "review", "needs": lead},
        {"tool": "read_mail", "then": "review", "needs": lead},
    )
    verdict = judge(made, action(REVERSIBLE), action(READ))
    assert set(verdict.needs) == {Need(tier="junior", count=1), Need(tier="lead", count=1)}


def test_the_rule_named_is_the_one_asked_first() -> None:
    made = document(
        {"id": "late", "tool": "read_mail", "then": "review", "note": "Second."},
        {"id": "early", "tool": "write_file", "then": "review", "priority": 5, "note": "First."},
    )
    verdict = judge(made, action(READ), action(REVERSIBLE))
    assert verdict.rule == "early"
    assert verdict.notes == ("First.", "Second.")


def test_a_request_without_actions_never_passes_vacuously() -> None:
    with pytest.raises(ValueError, match="at least one action"):
        judge(document({"then": "allow"}))


@given(documents(), several_facts)
def test_only_what_is_known_verifiable_and_can_be_put_back_ever_passes(
    made: PolicyDocument, asked: Facts
) -> None:
    verdict = evaluate(made, asked, policy="p", version=1)
    if verdict.outcome is Outcome.ALLOW:
        assert all(
            one.tool is not None and one.verifiable and one.kind == "tool_call" and one.tool.can_be_undone
            for one in asked.actions
        )
        assert verdict.risk in (Risk.LOW, Risk.MEDIUM)
        assert verdict.rule == HARMLESS_READ or verdict.rule in {
            rule.id for rule in made.rules if rule.then == "allow"
        }


@given(documents(then=("review", "deny")), several_facts)
def test_without_an_allow_rule_only_harmless_reads_pass(made: PolicyDocument, asked: Facts) -> None:
    verdict = evaluate(made, asked, policy="p", version=1)
    if verdict.outcome is Outcome.ALLOW:
        assert all(
            one.tool is not None and one.tool.is_harmless_read and one.verifiable for one in asked.actions
        )
        assert verdict.rule == HARMLESS_READ
        assert verdict.risk is Risk.LOW


@given(documents(), several_facts, actions)
def test_no_document_lets_an_unknown_tool_pass(made: PolicyDocument, asked: Facts, one: ActionFacts) -> None:
    unknown = ActionFacts(one.key, one.name, one.kind, one.args, one.description, None, True, ())
    more = Facts(asked.agent, "acme", "t", asked.checkpoint, (*asked.actions, unknown), Claims(), NOW)
    verdict = evaluate(made, more, policy="p", version=1)
    assert verdict.outcome is not Outcome.ALLOW
    assert not verdict.batchable


@given(documents(), several_facts, claims)
def test_no_claim_lowers_risk_outcome_or_needs(made: PolicyDocument, asked: Facts, claimed: Claims) -> None:
    silent = Facts(asked.agent, asked.team, asked.thread, asked.checkpoint, asked.actions, Claims(), NOW)
    loud = Facts(asked.agent, asked.team, asked.thread, asked.checkpoint, asked.actions, claimed, NOW)
    before, after = (evaluate(made, one, policy="p", version=1) for one in (silent, loud))
    assert after.risk.rank >= before.risk.rank
    assert STRICTNESS[after.outcome] >= STRICTNESS[before.outcome]
    assert covers(after.needs, before.needs, RANKS)
    assert before.batchable or not after.batchable


@given(documents(), several_facts, actions)
def test_no_further_action_lowers_risk_outcome_or_needs(
    made: PolicyDocument, asked: Facts, further: ActionFacts
) -> None:
    more = Facts(
        asked.agent, asked.team, asked.thread, asked.checkpoint, (*asked.actions, further), asked.claims, NOW
    )
    before, after = (evaluate(made, one, policy="p", version=1) for one in (asked, more))
    assert after.risk.rank >= before.risk.rank
    assert STRICTNESS[after.outcome] >= STRICTNESS[before.outcome]
    if after.outcome is Outcome.REVIEW:
        assert covers(after.needs, before.needs, RANKS)


@given(documents(), several_facts)
def test_review_always_needs_at_least_what_the_ladder_asks(made: PolicyDocument, asked: Facts) -> None:
    verdict = evaluate(made, asked, policy="p", version=1)
    assert bool(verdict.needs) == (verdict.outcome is Outcome.REVIEW)
    if verdict.needs:
        assert covers(verdict.needs, made.ladder[verdict.risk], RANKS)


@given(documents(), several_facts)
def test_the_same_facts_give_the_same_verdict(made: PolicyDocument, asked: Facts) -> None:
    assert evaluate(made, asked, policy="p", version=1) == evaluate(made, asked, policy="p", version=1)


@given(documents(), several_facts, st.permutations(range(4)))
def test_the_order_of_rules_in_the_document_changes_nothing(
    made: PolicyDocument, asked: Facts, order: list[int]
) -> None:
    assume(len(made.rules) > 1)
    turned = made.model_copy(update={"rules": tuple(made.rules[i] for i in order if i < len(made.rules))})
    assert evaluate(turned, asked, policy="p", version=1) == evaluate(made, asked, policy="p", version=1)


def test_an_irreversible_tool_marked_harmless_does_not_pass() -> None:
    confused = ToolFacts("x", Effect.IRREVERSIBLE, reversible=True, harmless=True, risk_floor=None)
    assert judge(DEFAULT, action(confused)).outcome is Outcome.REVIEW
    assert judge(document({"then": "allow"}), action(confused)).outcome is Outcome.REVIEW
