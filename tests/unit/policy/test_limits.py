from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from inbox.policy.document import CheckpointRule, Need, PolicyDocument
from inbox.policy.evaluate import Verdict, evaluate, with_limit_reached
from inbox.policy.facts import ActionFacts, Computed, SqlFacts
from inbox.policy.reasons import ReasonCode
from inbox.policy.words import Outcome, Risk
from tests.unit.policy.building import DEFAULT, NOW, REVERSIBLE, action, document, facts
from tests.unit.policy.test_document import places_of, with_rule


def limited(*limits: dict[str, Any], **more: Any) -> PolicyDocument:
    return document({"id": "small", "then": "allow", "limits": list(limits), **more})


def asked(**computed: Any) -> ActionFacts:
    return replace(action(REVERSIBLE), computed=Computed(**computed))


def judge(made: PolicyDocument, *some: ActionFacts, now: datetime = NOW, agent: str = "clerk") -> Verdict:
    return evaluate(made, facts(*some, now=now, agent=agent), policy="default", version=3)


def keys(made: PolicyDocument, *some: ActionFacts, **more: Any) -> set[str]:
    verdict = judge(made, *some, **more)
    assert verdict.outcome is Outcome.ALLOW
    return {use.key for use in verdict.limits}


def test_an_allow_says_what_it_takes_from_its_limits() -> None:
    made = limited({"count": 20, "value": 500, "currency": "EUR", "per": "day"})
    verdict = judge(made, asked(amount=12.5, currency="EUR"))
    assert {(use.unit, use.amount, use.ceiling) for use in verdict.limits} == {
        ("times", Decimal(1), Decimal(20)),
        ("EUR", Decimal("12.5"), Decimal(500)),
    }
    for use in verdict.limits:
        assert (use.rule, use.starts, use.ends) == (
            "small",
            datetime(2026, 11, 21, tzinfo=UTC),
            datetime(2026, 11, 22, tzinfo=UTC),
        )
    assert {use.says() for use in verdict.limits} == {"20 times a day", "500.0 EUR a day"}


def test_actions_of_one_request_that_take_from_one_bucket_are_added_up() -> None:
    made = limited({"count": 20, "per": "hour"})
    (use,) = judge(made, asked(), asked(), asked()).limits
    assert use.amount == 3


def test_buckets_are_apart_by_what_the_limit_says_and_by_hour() -> None:
    per_rule, per_agent, per_tool = (
        limited({"count": 5, "per": "hour", "by": by}) for by in ("rule", "agent", "tool")
    )
    other_tool = replace(asked(), name="write_more")
    assert keys(per_rule, asked()) == keys(per_rule, other_tool, agent="writer")
    assert keys(per_agent, asked()) != keys(per_agent, asked(), agent="writer")
    assert keys(per_agent, asked()) == keys(per_agent, other_tool)
    assert keys(per_tool, asked()) != keys(per_tool, other_tool)
    assert keys(per_rule, asked()) == keys(per_rule, asked(), now=NOW + timedelta(minutes=59))
    assert keys(per_rule, asked()) != keys(per_rule, asked(), now=NOW + timedelta(minutes=60))


def test_a_changed_ceiling_goes_on_with_the_same_bucket() -> None:
    assert keys(limited({"count": 5, "per": "day"}), asked()) == keys(
        limited({"count": 9, "per": "day"}), asked()
    )


def test_each_target_has_its_bucket_whoever_writes_the_list_in_which_order() -> None:
    made = limited({"count": 5, "per": "day", "by": "target"})
    both = asked(domains=("a.example", "b.example"), sql=SqlFacts(True, ("select",), ("t",)))
    turned = asked(domains=("b.example", "a.example"), sql=SqlFacts(True, ("select",), ("t",)))
    assert keys(made, both) == keys(made, turned)
    assert {use.subject for use in judge(made, both).limits} == {"a.example", "b.example", "t"}


@pytest.mark.parametrize(
    ("limit", "computed"),
    [
        ({"value": 500, "currency": "EUR", "per": "day"}, {}),
        ({"value": 500, "currency": "EUR", "per": "day"}, {"amount": 5.0, "currency": "USD"}),
        ({"value": 500, "currency": "EUR", "per": "day"}, {"amount": 5.0}),
        ({"value": 500, "currency": "EUR", "per": "day"}, {"amount": -5.0, "currency": "EUR"}),
        ({"value": 500, "currency": "EUR", "per": "day"}, {"amount": float("nan"), "currency": "EUR"}),
        ({"count": 5, "per": "day", "by": "target"}, {}),
        ({"count": 5, "per": "day", "by": "target"}, {"hosts": tuple(f"h{i}.example" for i in range(51))}),
    ],
)
def test_what_a_limit_cannot_count_asks(limit: dict[str, Any], computed: dict[str, Any]) -> None:
    verdict = judge(limited(limit), asked(**computed))
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.limits == ()
    assert ReasonCode.LIMIT_UNKNOWN in {reason.code for reason in verdict.reasons}


def test_a_limit_that_is_reached_asks_who_would_have_been_asked_anyway() -> None:
    made = limited({"count": 5, "per": "day", "by": "agent"})
    allowed = judge(made, asked())
    (use,) = allowed.limits
    verdict = with_limit_reached(allowed, made, use)
    assert (verdict.outcome, verdict.risk, verdict.needs) == (
        Outcome.REVIEW,
        Risk.LOW,
        DEFAULT.ladder[Risk.LOW],
    )
    assert verdict.limits == ()
    assert verdict.rule is None
    assert (
        verdict.reasons[-1].text
        == "Rule small would let it pass, but its limit is used up: 5 times a day for one agent, until 00:00 UTC"
    )
    assert ReasonCode.RULE_ALLOW not in {reason.code for reason in verdict.reasons}
    with pytest.raises(ValueError, match="limit"):
        with_limit_reached(verdict, made, use)


def test_a_reached_limit_asks_the_checkpoints_people_too() -> None:
    made = document(
        {"id": "small", "then": "allow", "limits": [{"count": 5, "per": "day"}]},
        checkpoints={"pre_execution": CheckpointRule(needs=(Need(tier="lead", count=1),))},
    )
    allowed = judge(made, asked())
    reached = with_limit_reached(allowed, made, allowed.limits[0])
    assert set(reached.needs) == {Need(tier="junior", count=1), Need(tier="lead", count=1)}


def test_what_does_not_pass_takes_from_no_limit() -> None:
    made = limited({"count": 5, "per": "day"})
    assert judge(made, asked(), action(None)).limits == ()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"then": "review", "limits": [{"count": 1, "per": "day"}]}, [("/rules/0/limits", "only-for-allow")]),
        ({"then": "allow", "limits": [{"per": "day"}]}, [("/rules/0/limits/0", "missing")]),
        ({"then": "allow", "limits": [{"value": 5, "per": "day"}]}, [("/rules/0/limits/0", "missing")]),
        ({"then": "allow", "limits": [{"count": 1, "currency": "EUR", "per": "day"}]}, [("/rules/0/limits/0", "missing")]),
        ({"then": "allow", "limits": [{"count": 0, "per": "day"}]}, [("/rules/0/limits/0/count", "out-of-range")]),
        ({"then": "allow", "limits": [{"value": 0, "currency": "EUR", "per": "day"}]}, [("/rules/0/limits/0/value", "out-of-range")]),
        ({"then": "allow", "limits": [{"count": 1, "per": "week"}]}, [("/rules/0/limits/0/per", "not-a-choice")]),
    ],
)  # fmt: skip
def test_a_limit_that_makes_no_sense_is_refused(
    rule: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert places_of(with_rule(**rule)) == expected
