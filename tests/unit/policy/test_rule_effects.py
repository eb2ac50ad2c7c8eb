"""What rules beyond names do to a verdict: claims, context, break-glass, hours, waiting, and rules that fail."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from inbox.policy.document import (
    CheckpointRule,
    Escalation,
    Need,
    PolicyDocument,
    check_dates,
    digest,
    dumps,
    parse_document,
    with_default_expiry,
)
from inbox.policy.evaluate import Verdict, evaluate
from inbox.policy.facts import ActionFacts, Claims, Computed, Facts
from inbox.policy.reasons import ReasonCode
from inbox.policy.requirement import covers
from inbox.policy.rule import Rule
from inbox.policy.waiting import escalated
from inbox.policy.words import Outcome, Risk
from tests.unit.policy.building import (
    DEFAULT,
    HARMLESS,
    NOW,
    RANKS,
    REVERSIBLE,
    STRICTNESS,
    action,
    claims,
    document,
    documents,
    facts,
    rules,
    several_facts,
)
from tests.unit.policy.test_document import places_of, plain, with_rule

LOW_CLAIM = [{"fact": "claims.risk", "op": "eq", "value": "low"}]
SURE = [{"fact": "claims.confidence", "op": "ge", "value": 0.95}]
LEAD = [{"tier": "lead", "count": 1}]


def judge(made: PolicyDocument, *some: ActionFacts, **more: Any) -> Verdict:
    return evaluate(made, facts(*(some or (action(),)), **more), policy="default", version=3)


def codes(verdict: Verdict) -> list[ReasonCode]:
    return [reason.code for reason in verdict.reasons]


# Claims


@pytest.mark.parametrize(
    "rule",
    [
        {"when": LOW_CLAIM},
        {"when": SURE, "tool": "*", "agent": "**"},
        {"when": [{"fact": "foreign", "op": "exists", "value": False}]},
        {"when": [*LOW_CLAIM, {"fact": "now.hour", "op": "ge", "value": 8}]},
        {"when": [*LOW_CLAIM, {"fact": "run.requests", "op": "lt", "value": 9}]},
        {"when": [{"fact": "context.rationale", "op": "exists"}], "window": {"days": ["mon"]}},
        {"when": [{"fact": "checkpoint", "op": "eq", "value": "pre_commit"}]},
        {"when": SURE, "expression": "now.hour > 8"},
        {"when": [{"fact": "now.hour", "op": "ge", "value": 8}], "checkpoint": "pre_commit"},
    ],
)
def test_an_allow_rule_that_rests_on_claims_alone_is_refused(rule: dict[str, Any]) -> None:
    assert ("/rules/0/when", "claims-alone") in places_of(with_rule(then="allow", **rule))


@pytest.mark.parametrize(
    "rule",
    [
        {"when": LOW_CLAIM, "tool": "write_*"},
        {"when": LOW_CLAIM, "environments": ["staging"]},
        {"when": [*SURE, {"fact": "amount", "op": "lt", "value": 50}]},
        {"when": SURE, "expression": "amount < 50.0"},
    ],
)
def test_a_claim_may_narrow_what_an_allow_rule_passes(rule: dict[str, Any]) -> None:
    parse_document(with_rule(then="allow", **rule))


def test_a_claim_in_a_review_rule_cannot_hide_a_denial_below_it() -> None:
    made = document(
        {"id": "claimed", "priority": 9, "when": LOW_CLAIM, "then": "review", "risk_at_least": "high"},
        {"id": "never", "then": "deny"},
    )
    assert judge(made, claims=Claims(risk=Risk.LOW)).outcome is Outcome.DENY


def test_a_claim_in_a_review_rule_asks_although_a_rule_below_it_allows() -> None:
    made = document(
        {"id": "unsure", "priority": 9, "when": [{"fact": "claims.confidence", "op": "lt", "value": 0.9}], "then": "review"},
        {"id": "fine", "then": "allow"},
    )  # fmt: skip
    assert judge(made, claims=Claims(confidence=0.95)).outcome is Outcome.ALLOW
    verdict = judge(made, claims=Claims(confidence=0.8))
    assert (verdict.outcome, verdict.rule) == (Outcome.REVIEW, "unsure")


@st.composite
def claiming_rules(draw: st.DrawFn) -> dict[str, Any]:
    then = draw(st.sampled_from(["allow", "review", "deny"]))
    claimed = draw(st.sampled_from([None, LOW_CLAIM, SURE, [{"fact": "context.goal", "op": "exists"}]]))
    rule: dict[str, Any] = {"then": then, "tool": "write_*", "priority": draw(st.integers(0, 2))}
    return rule if claimed is None else {**rule, "when": claimed}


@given(st.lists(claiming_rules(), max_size=4), claims)
def test_no_claim_gets_past_the_rules_without_their_claims(
    rules: list[dict[str, Any]], claimed: Claims
) -> None:
    """Whatever is claimed, the answer is no milder than that of the rules an agent cannot reach by claiming."""
    told = replace(
        claimed, risk=claimed.risk or Risk.LOW, confidence=claimed.confidence or 0.5, context=("goal",)
    )
    bare = [
        {key: value for key, value in rule.items() if key != "when"}
        for rule in rules
        if rule["then"] == "allow" or "when" not in rule
    ]
    before, after = judge(document(*bare)), judge(document(*rules), claims=told)
    assert STRICTNESS[after.outcome] >= STRICTNESS[before.outcome]


# Checkpoints: the agent says at which one it is


def test_nothing_passes_for_its_checkpoint_alone() -> None:
    assert ("/rules/0/checkpoint", "claims-alone") in places_of(
        with_rule(then="allow", checkpoint="pre_commit")
    )
    parse_document(with_rule(then="allow", checkpoint="pre_commit", tool="write_*"))


@pytest.mark.parametrize("then", ["review", "allow", "break_glass"])
@pytest.mark.parametrize("below", ["deny", "break_glass"])
def test_a_rule_at_a_checkpoint_hides_no_denial_and_no_block_below_it(then: str, below: str) -> None:
    needs = {"needs": LEAD} if then == "break_glass" else {}
    made = document(
        {
            "id": "here",
            "priority": 9,
            "tool": "write_*",
            "checkpoint": "pre_execution",
            "then": then,
            **needs,
        },
        {"id": "never", "then": below, **({"needs": LEAD} if below == "break_glass" else {})},
    )
    expected = Outcome.DENY if below == "deny" else Outcome.BLOCKED
    assert judge(made).outcome is expected
    assert judge(made, checkpoint="pre_commit").outcome is expected


def test_a_rule_that_allows_at_a_checkpoint_lets_pass_what_no_other_rule_speaks_of() -> None:
    here = {"id": "here", "tool": "write_*", "checkpoint": "pre_commit", "then": "allow", "priority": 9}
    assert judge(document(here), checkpoint="pre_commit").rule == "here"
    assert judge(document(here)).outcome is Outcome.REVIEW
    both = document(here, {"id": "look", "then": "review"})
    assert judge(both, checkpoint="pre_commit").outcome is Outcome.REVIEW


def with_rules(made: PolicyDocument, *some: Rule) -> PolicyDocument:
    fields = {name: getattr(made, name) for name in PolicyDocument.model_fields}
    return PolicyDocument(**{**fields, "rules": some})


@given(documents(), rules("here", ("allow", "review", "deny")), several_facts)
def test_a_rule_at_a_checkpoint_only_adds(made: PolicyDocument, rule: Rule, asked: Facts) -> None:
    """Whichever checkpoint an agent names, no answer is milder than without the rule that goes by it.

    An allow rule may pass what people were asked about for want of any rule, and nothing else.
    """
    here = rule.model_copy(update={"checkpoint": asked.checkpoint, "agent": asked.agent})
    without, with_it = (
        evaluate(one, asked, policy="p", version=1) for one in (made, with_rules(made, *made.rules, here))
    )
    event(f"{here.then}: {without.outcome.value} becomes {with_it.outcome.value}")
    if here.then == "allow" and with_it.outcome is Outcome.ALLOW:
        assert without.outcome is not Outcome.DENY
        assert not {ReasonCode.RULE_REVIEW, ReasonCode.RULE_FAILED} & {*codes(without)}
        return
    assert STRICTNESS[with_it.outcome] >= STRICTNESS[without.outcome]
    if with_it.outcome is without.outcome and with_it.needs:
        assert covers(with_it.needs, without.needs, RANKS)


# Rules that fail


def test_a_rule_that_cannot_be_judged_asks_for_the_most_even_above_an_allow() -> None:
    made = document(
        {
            "id": "shaky",
            "priority": 9,
            "when": [{"fact": "args.amount", "op": "gt", "value": 5}],
            "then": "review",
        },
        {"id": "fine", "then": "allow"},
        {"id": "elsewhere", "tool": "other", "then": "review", "needs": [{"tier": "senior", "count": 2}]},
    )
    assert judge(made, action(REVERSIBLE, {"amount": 1})).outcome is Outcome.ALLOW
    verdict = judge(made)
    assert (verdict.outcome, verdict.risk) == (Outcome.REVIEW, Risk.CRITICAL)
    assert set(verdict.needs) == {Need(tier="lead", count=2), Need(tier="senior", count=2)}
    assert (
        "Rule shaky cannot be judged (args.amount is missing), so the most that can be asked for is asked for"
        in {reason.text for reason in verdict.reasons}
    )


def test_a_rule_that_cannot_be_judged_hides_no_denial_below_it() -> None:
    made = document(
        {"priority": 9, "when": [{"fact": "args.amount", "op": "gt", "value": 5}], "then": "allow"},
        {"then": "deny"},
    )
    assert judge(made).outcome is Outcome.DENY


def test_a_rule_for_another_tool_is_not_asked_and_cannot_fail() -> None:
    made = document(
        {"tool": "pay", "when": [{"fact": "args.amount", "op": "gt", "value": 5}], "then": "review"}
    )
    assert ReasonCode.RULE_FAILED not in codes(judge(made))


def test_a_condition_that_does_not_hold_spares_those_after_it() -> None:
    guarded = [{"fact": "args.amount", "op": "exists"}, {"fact": "args.amount", "op": "gt", "value": 5}]
    assert ReasonCode.RULE_FAILED not in codes(judge(document({"when": guarded, "then": "review"})))


# Break-glass


def test_a_blocked_request_needs_the_ladders_people_and_the_rules() -> None:
    made = document(
        {
            "id": "payroll",
            "then": "break_glass",
            "needs": [{"tier": "lead", "count": 2}],
            "note": "Call first.",
        }
    )
    verdict = judge(made)
    assert (verdict.outcome, verdict.rule, verdict.notes) == (Outcome.BLOCKED, "payroll", ("Call first.",))
    assert set(verdict.needs) == {Need(tier="junior", count=1), Need(tier="lead", count=2)}
    assert ReasonCode.RULE_BLOCK in codes(verdict)
    assert not verdict.batchable


def test_deny_beats_break_glass_beats_review() -> None:
    blocking: dict[str, Any] = {"id": "b", "then": "break_glass", "needs": LEAD}
    assert judge(document(blocking, {"id": "d", "then": "deny"})).outcome is Outcome.DENY
    assert judge(document(blocking, {"id": "a", "then": "review"})).outcome is Outcome.BLOCKED
    # Across the actions of one request too.
    mixed = document({**blocking, "tool": "write_file"}, {"tool": "look_up", "then": "allow"})
    assert judge(mixed, action(REVERSIBLE), action(HARMLESS)).outcome is Outcome.BLOCKED


def test_who_may_break_the_glass_must_be_said() -> None:
    assert places_of(with_rule(then="break_glass")) == [("/rules/0/needs", "missing")]


# Environments and ends


def test_a_rule_for_an_environment_matches_no_other_and_not_none() -> None:
    made = document({"environments": ["staging"], "then": "allow"})
    assert judge(made, environment="staging").outcome is Outcome.ALLOW
    assert judge(made, environment="production").outcome is Outcome.REVIEW
    assert judge(made).outcome is Outcome.REVIEW


def test_an_allow_rule_ends() -> None:
    made = document({"then": "allow", "until": "2026-11-21T12:00:01Z"})
    assert judge(made).outcome is Outcome.ALLOW
    assert judge(made, now=NOW + timedelta(seconds=1)).outcome is Outcome.REVIEW


def test_saving_gives_allow_rules_an_end_and_others_none() -> None:
    made = document({"then": "allow"}, {"then": "deny"}, {"then": "allow", "until": "2027-05-01T00:00:00Z"})
    judge(made)  # what was compiled before must not stay in force afterwards
    saved = with_default_expiry(made, NOW)
    assert [rule.until for rule in saved.rules] == [
        NOW + timedelta(days=30),
        None,
        datetime(2027, 5, 1, tzinfo=UTC),
    ]
    assert parse_document(dumps(saved)) == saved
    assert judge(saved, now=NOW + timedelta(days=31), claims=None).outcome is Outcome.DENY
    only = with_default_expiry(document({"then": "allow"}), NOW, days=1)
    assert judge(only, now=NOW + timedelta(days=2)).outcome is Outcome.REVIEW


def test_an_end_in_the_past_is_refused_for_a_new_rule_and_borne_in_an_old_one() -> None:
    over = document({"then": "allow", "until": "2026-11-21T11:00:00Z"})
    assert [(one.pointer, one.code.value) for one in check_dates(over, NOW)] == [
        ("/rules/0/until", "in-the-past")
    ]
    assert check_dates(over, NOW, before=over) == ()


@pytest.mark.parametrize("until", ["2026-11-21", "2026-11-21T10:00:00", "tomorrow", 5])
def test_an_end_without_a_zone_is_refused(until: Any) -> None:
    ((where, _),) = places_of(with_rule(then="allow", until=until))
    assert where == "/rules/0/until"


def test_one_instant_has_one_digest() -> None:
    zulu, berlin = (
        parse_document(with_rule(then="allow", until=until))
        for until in ("2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00")
    )
    assert digest(zulu) == digest(berlin)


# Context


def with_context(missing: str | None, **more: Any) -> PolicyDocument:
    checkpoint = CheckpointRule(require=("rationale", "impact"), missing=missing, **more)  # type: ignore[arg-type]
    return document(checkpoints={"pre_commit": checkpoint})


def test_required_context_that_is_missing_refuses_and_tells_the_agent() -> None:
    verdict = judge(
        with_context(None), action(HARMLESS), checkpoint="pre_commit", claims=Claims(context=("impact",))
    )
    assert verdict.outcome is Outcome.DENY
    assert verdict.context_refused == ("rationale",)
    assert verdict.notes == ("Fill in the context: rationale.",)
    assert ReasonCode.CONTEXT_MISSING in codes(verdict)


def test_required_context_may_be_flagged_instead_and_then_a_person_looks() -> None:
    verdict = judge(with_context("flag"), action(HARMLESS), checkpoint="pre_commit")
    assert (verdict.outcome, verdict.context_flagged) == (Outcome.REVIEW, ("impact", "rationale"))
    assert not verdict.batchable


def test_context_is_asked_at_its_checkpoint_and_only_when_missing() -> None:
    made = with_context(None)
    assert judge(made, action(HARMLESS)).outcome is Outcome.ALLOW
    full = Claims(context=("impact", "rationale"))
    assert judge(made, action(HARMLESS), checkpoint="pre_commit", claims=full).outcome is Outcome.ALLOW


def test_a_rule_may_require_context_of_what_it_speaks_for() -> None:
    made = document({"tool": "write_file", "then": "allow", "require": ["evidence"]})
    assert judge(made).context_refused == ("evidence",)
    assert judge(made, claims=Claims(context=("evidence",))).outcome is Outcome.ALLOW
    assert judge(made, action(HARMLESS)).outcome is Outcome.ALLOW


def test_a_checkpoint_adds_people() -> None:
    made = document(checkpoints={"pre_commit": CheckpointRule(needs=(Need(tier="lead", count=1),))})
    verdict = judge(made, checkpoint="pre_commit")
    assert set(verdict.needs) == {Need(tier="junior", count=1), Need(tier="lead", count=1)}
    assert judge(made).needs == (Need(tier="junior", count=1),)


# Waiting


def test_what_silence_means_is_said_by_the_rule_else_the_checkpoint_else_the_risk() -> None:
    made = document(
        {"tool": "write_file", "then": "review", "expires_in": 60, "on_timeout": "halt"},
        {"tool": "read_mail", "then": "review"},
        on_timeout={Risk.LOW: "wait"},
        checkpoints={"pre_commit": CheckpointRule(expires_in=600, on_timeout="reject")},
    )
    by_rule = judge(made, checkpoint="pre_commit")
    assert (by_rule.expires_in, by_rule.on_timeout) == (60, "halt")
    by_checkpoint = judge(made, action(HARMLESS), action(None), checkpoint="pre_commit")
    assert (by_checkpoint.expires_in, by_checkpoint.on_timeout) == (600, "reject")
    plain_risk = judge(made, action(HARMLESS))
    assert (plain_risk.expires_in, plain_risk.on_timeout) == (DEFAULT.expires_in[Risk.LOW], "wait")
    assert judge(made, action(None)).on_timeout == "reject"


def test_of_several_rules_the_shortest_deadline_and_the_strictest_action_hold() -> None:
    made = document(
        {"tool": "write_file", "then": "review", "expires_in": 60, "on_timeout": "wait"},
        {"tool": "look_up", "then": "review", "expires_in": 90, "on_timeout": "reject"},
    )
    verdict = judge(made, action(REVERSIBLE), action(HARMLESS))
    assert (verdict.expires_in, verdict.on_timeout) == (60, "reject")


def test_escalation_is_that_of_the_risk_and_only_ever_asks_for_more() -> None:
    steps = (
        Escalation(after_seconds=60, needs=(Need(tier="senior", count=1),)),
        Escalation(after_seconds=120, needs=(Need(tier="lead", count=1),)),
    )
    made = document(escalation={Risk.LOW: steps})
    verdict = judge(made)
    assert verdict.escalation == steps
    needed = [escalated(verdict.needs, verdict.escalation, waited, RANKS) for waited in (0, 60, 500)]
    assert needed == [(Need(tier=tier, count=1),) for tier in ("junior", "senior", "lead")]
    assert all(covers(later, earlier, RANKS) for earlier, later in itertools.pairwise(needed))


@pytest.mark.parametrize("answer", ["approve", "allow", "accept"])
def test_silence_can_never_mean_yes(answer: str) -> None:
    assert places_of(plain(on_timeout={"low": answer})) == [("/on_timeout/low", "not-a-choice")]
    assert places_of(with_rule(on_timeout=answer)) == [("/rules/0/on_timeout", "not-a-choice")]


# Saying it wrongly


def step(after: int) -> dict[str, Any]:
    return {"after_seconds": after, "needs": LEAD}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (plain(escalation={"low": [step(60), step(60)]}), [("/escalation/low/1/after_seconds", "escalation-order")]),
        (plain(escalation={"low": []}), [("/escalation/low", "out-of-range")]),
        (plain(on_timeout={"low": "escalate"}), [("/on_timeout/low", "no-escalation")]),
        (with_rule(on_timeout="escalate"), [("/rules/0/on_timeout", "no-escalation")]),
        (plain(checkpoints={"pre_commit": {"on_timeout": "escalate"}}), [("/checkpoints/pre_commit/on_timeout", "no-escalation")]),
        (plain(checkpoints={"later": {}}), [("/checkpoints/later", "not-a-choice")]),
        (plain(checkpoints={"pre_commit": {"require": ["mood"]}}), [("/checkpoints/pre_commit/require/0", "unknown-context")]),
        (plain(checkpoints={"pre_commit": {"missing": "flag"}}), [("/checkpoints/pre_commit/missing", "nothing-required")]),
        (plain(routing={"strategy": "rota"}), [("/routing/rota", "rota")]),
        (plain(routing={"strategy": "none", "rota": "day"}), [("/routing/rota", "rota")]),
        (plain(unknown_tools="allow"), [("/unknown_tools", "not-a-choice")]),
        (with_rule(require=["mood"]), [("/rules/0/require/0", "unknown-context")]),
        (with_rule(then="deny", require=["goal"]), [("/rules/0/require", "not-for-deny")]),
        (with_rule(until="2027-01-01T00:00:00Z"), [("/rules/0/until", "only-for-allow")]),
        (with_rule(then="allow", tool="x", on_timeout="wait"), [("/rules/0/on_timeout", "only-for-review")]),
        (with_rule(then="deny", expires_in=60), [("/rules/0/expires_in", "only-for-review")]),
        (with_rule(when=[]), [("/rules/0/when", "out-of-range")]),
        (with_rule(title="two\nlines"), [("/rules/0/title", "invalid-text")]),
        (plain(checkpoints={"pre_commit": {"needs": LEAD * 2}}), [("/checkpoints/pre_commit/needs", "tier-twice")]),
    ],
)  # fmt: skip
def test_a_document_that_makes_no_sense_is_refused_with_the_place(
    source: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert places_of(source) == expected


def test_a_tier_that_escalation_or_a_checkpoint_names_must_exist() -> None:
    legal = [{"tier": "legal", "count": 1}]
    source = plain(
        escalation={"low": [{"after_seconds": 60, "needs": legal}]},
        checkpoints={"pre_commit": {"needs": legal}},
    )
    assert places_of(source, RANKS) == [
        ("/escalation/low/0/needs", "unknown-tier"),
        ("/checkpoints/pre_commit/needs", "unknown-tier"),
    ]


def test_the_facts_a_rule_reads_can_be_of_a_second_action() -> None:
    made = document({"when": [{"fact": "recipients", "op": "gt", "value": 5}], "then": "deny"})
    many = replace(action(REVERSIBLE), computed=Computed(recipients=6))
    asked: Facts = facts(action(REVERSIBLE), many)
    assert evaluate(made, asked, policy="p", version=1).outcome is Outcome.DENY
