"""Which rules speak for an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import translate
from typing import Final

from inbox.policy import conditions, expressions, windows
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.grounds import at_checkpoint, claimed
from inbox.policy.meter import Meter, Unanswerable
from inbox.policy.rule import Rule

_STRICTEST_FIRST: Final = {"deny": 0, "break_glass": 1, "review": 2, "allow": 3}


@dataclass(frozen=True, slots=True)
class Matcher:
    """A rule with its patterns and conditions compiled.

    `raises`: it rests on claims and can only add to others. `yields`: it allows at a checkpoint, which the agent names,
    so it speaks only where no other rule does.
    """

    rule: Rule
    raises: bool
    yields: bool
    applies: Callable[[ActionFacts, Facts], bool]
    tests: tuple[conditions.Test, ...]

    def matches(self, action: ActionFacts, facts: Facts, meter: Meter) -> bool:
        """Whether everything the rule asks holds. Raises Unanswerable when that cannot be said."""
        return self.applies(action, facts) and all(test(action, facts, meter) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the rules say of one action.

    `winner` is the first rule that matches, one that yields only when it is alone; `raising` are rules that match
    before it and rest on claims, which may ask for more and hide nothing; `failed` are rules nobody can say of whether
    they match, with the reason.
    """

    winner: Rule | None = None
    raising: tuple[Rule, ...] = ()
    failed: tuple[tuple[Rule, str], ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule that speaks."""
        return self.raising if self.winner is None else (*self.raising, self.winner)


def compiled(rules: Iterable[Rule]) -> tuple[Matcher, ...]:
    """The rules ready to be asked, in the order they are asked in."""
    return tuple(_matcher(rule) for rule in sorted(rules, key=precedence))


def listen(matchers: Iterable[Matcher], action: ActionFacts, facts: Facts, meter: Meter) -> Heard:
    """Ask the rules, in order, until one speaks that decides.

    A rule that cannot be answered might have matched, so what comes after it may make the answer stricter and
    no milder: the search goes on.
    """
    raising: list[Rule] = []
    failed: list[tuple[Rule, str]] = []
    yielding: Rule | None = None
    for matcher in matchers:
        try:
            if not matcher.matches(action, facts, meter):
                continue
        except Unanswerable as error:
            failed.append((matcher.rule, str(error)))
            continue
        if matcher.raises:
            raising.append(matcher.rule)
        elif matcher.yields:
            yielding = yielding or matcher.rule
        else:
            return Heard(matcher.rule, tuple(raising), tuple(failed))
    return Heard(yielding, tuple(raising), tuple(failed))


def precedence(rule: Rule) -> tuple[int, int, str]:
    """Sorts rules into the order they are asked in: smaller comes first."""
    return -rule.priority, _STRICTEST_FIRST[rule.then], rule.id


def matches(rule: Rule, action: ActionFacts, facts: Facts) -> bool:
    """Whether one rule matches. Raises Unanswerable when that cannot be said."""
    return _matcher(rule).matches(action, facts, Meter())


def is_over(rule: Rule, now: datetime) -> bool:
    """Whether the rule's last moment has passed."""
    return rule.until is not None and now >= rule.until


def _matcher(rule: Rule) -> Matcher:
    tests: list[conditions.Test] = [
        conditions.compiled(one, every=rule.then == "allow") for one in rule.when or ()
    ]
    if rule.expression is not None:
        tests.append(expressions.compiled(rule.expression))
    allows = rule.then == "allow"
    return Matcher(
        rule,
        raises=not allows and bool(claimed(rule)),
        yields=allows and at_checkpoint(rule),
        applies=_applies(rule),
        tests=tuple(tests),
    )


def _applies(rule: Rule) -> Callable[[ActionFacts, Facts], bool]:
    # Compiled here: fnmatch keeps 256 patterns and compiles all others anew each time.
    tool, agent = (
        None if pattern == "*" else re.compile(translate(pattern)).match
        for pattern in (rule.tool, rule.agent)
    )

    def applies(action: ActionFacts, facts: Facts) -> bool:
        return (
            (tool is None or tool(action.name) is not None)
            and (agent is None or agent(facts.agent) is not None)
            and rule.checkpoint in (None, facts.checkpoint)
            and (rule.effects is None or (action.tool is not None and action.tool.effect in rule.effects))
            and (rule.environments is None or facts.environment in rule.environments)
            and not is_over(rule, facts.now)
            and (rule.window is None or windows.contains(rule.window, facts.now))
        )

    return applies
