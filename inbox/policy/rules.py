"""Which rule speaks for an action."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from inbox.policy.document import Rule
from inbox.policy.facts import ActionFacts, Facts

_STRICTEST_FIRST: Final = {"deny": 0, "review": 1, "allow": 2}


def winner(rules: Iterable[Rule], action: ActionFacts, facts: Facts) -> Rule | None:
    """The matching rule with the highest priority; of equals the strictest, then the first by name."""
    return min((rule for rule in rules if matches(rule, action, facts)), key=precedence, default=None)


def precedence(rule: Rule) -> tuple[int, int, str]:
    """Sorts rules into the order they are asked in: smaller comes first."""
    return -rule.priority, _STRICTEST_FIRST[rule.then], rule.id


def matches(rule: Rule, action: ActionFacts, facts: Facts) -> bool:
    """Whether every condition of the rule holds. All of them are vouched for by the server."""
    return (
        fnmatchcase(action.name, rule.tool)
        and fnmatchcase(facts.agent, rule.agent)
        and rule.checkpoint in (None, facts.checkpoint)
        and (rule.effects is None or (action.tool is not None and action.tool.effect in rule.effects))
    )
