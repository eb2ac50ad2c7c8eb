from __future__ import annotations

from typing import Any

import pytest

from inbox.policy.document import Rule
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.meter import Meter
from inbox.policy.rules import compiled, listen, matches
from inbox.policy.words import Effect
from tests.unit.policy.building import FINAL, READ, REVERSIBLE, action, facts


def winner(rules: tuple[Rule, ...], action: ActionFacts, facts: Facts) -> Rule | None:
    return listen(compiled(rules), action, facts, Meter()).winner


def rule(**fields: Any) -> Rule:
    return Rule(**{"id": "a-rule", "then": "review", **fields})


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "anything.at/all", True),
        ("send_*", "send_email", True),
        ("send_*", "resend_email", False),
        ("*_email", "send_email", True),
        ("send_?mail", "send_email", True),
        ("send_email", "Send_Email", False),
        ("send_email", "send_email2", False),
        ("a.b", "axb", False),
        ("a*a*a*a*a*a*a*a*b", "a" * 200, False),
    ],
)
def test_patterns_match_whole_names_with_star_and_question_mark(
    pattern: str, name: str, expected: bool
) -> None:
    assert matches(rule(tool=pattern), action(REVERSIBLE, name=name), facts()) is expected


def test_a_rule_can_be_for_some_agents() -> None:
    assert matches(rule(agent="cl*"), action(), facts(agent="clerk"))
    assert not matches(rule(agent="cl*"), action(), facts(agent="writer"))


def test_a_rule_can_be_for_one_checkpoint() -> None:
    assert matches(rule(checkpoint="pre_commit"), action(), facts(checkpoint="pre_commit"))
    assert not matches(rule(checkpoint="pre_commit"), action(), facts(checkpoint="pre_execution"))


def test_a_rule_can_be_for_some_effects_and_then_never_matches_an_unknown_tool() -> None:
    reads = rule(effects=(Effect.READ, Effect.IRREVERSIBLE))
    assert matches(reads, action(READ), facts())
    assert matches(reads, action(FINAL), facts())
    assert not matches(reads, action(REVERSIBLE), facts())
    assert not matches(reads, action(None), facts())


def test_all_conditions_must_hold() -> None:
    both = rule(tool="write_file", agent="writer")
    assert not matches(both, action(REVERSIBLE), facts(agent="clerk"))


def test_the_highest_priority_wins_whatever_it_says() -> None:
    rules = (rule(id="no", then="deny"), rule(id="yes", then="allow", priority=1))
    found = winner(rules, action(), facts())
    assert found is not None
    assert found.id == "yes"


def test_at_one_priority_deny_beats_review_beats_allow_whatever_the_order() -> None:
    allow, review, deny = (rule(id=then, then=then) for then in ("allow", "review", "deny"))
    for rules in [(allow, review, deny), (deny, review, allow)]:
        assert winner(rules, action(), facts()) is deny
    assert winner((allow, review), action(), facts()) is review


def test_equals_go_by_name() -> None:
    first, second = rule(id="a"), rule(id="b")
    assert winner((second, first), action(), facts()) is first


def test_no_match_is_no_rule() -> None:
    assert winner((rule(tool="other"),), action(), facts()) is None
