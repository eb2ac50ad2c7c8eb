"""A policy document in sentences, and the difference between two as lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

import yaml

from inbox.policy.document import CLIMB, PolicyDocument, Rule
from inbox.policy.evaluate import Verdict
from inbox.policy.need import Need, who_words
from inbox.policy.rule import Condition, Op
from inbox.policy.rules import precedence
from inbox.policy.words import Effect, Outcome, Risk

_EFFECTS = {Effect.READ: "read", Effect.WRITE: "write", Effect.IRREVERSIBLE: "act for good"}
CONTEXT_LINES = 3
COMPARED: Final[dict[Op, str]] = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches the pattern",
    "under": "is under the directory",
    "exists": "is there",
}


@dataclass(frozen=True, slots=True)
class LadderStep:
    """What one risk level needs, what happens when nobody decides, and how long a decision can be undone, in words."""

    risk: Risk
    needs: str
    silence: str
    undo: str


@dataclass(frozen=True, slots=True)
class RuleSentence:
    """One rule: when it applies, what it does, what it tells the approver."""

    id: str
    priority: int
    when: str
    then: str
    note: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference: kind is same, added, removed or gap (unchanged lines left out)."""

    kind: str
    text: str


def ladder_steps(document: PolicyDocument) -> list[LadderStep]:
    """The ladder from the least to the most that may be asked."""
    return [
        LadderStep(
            risk,
            needs_words(document.ladder[risk]),
            _silence(document, risk),
            f"A decision can be undone for {document.hold_at(risk)} s.",
        )
        for risk in CLIMB
    ]


def _silence(document: PolicyDocument, risk: Risk) -> str:
    after = length(document.expires_in[risk])
    action, steps = document.timeout_of(risk), document.steps_of(risk)
    asked = [f"after {length(step.after_seconds)} {needs_words(step.needs)} too" for step in steps]
    end = {
        "wait": f"it is overdue after {after} and goes on waiting",
        "halt": f"its run is halted after {after}",
    }.get(action, f"it is rejected after {after}")
    return f"If nobody decides {', '.join([*asked, end])}."


def needs_words(needs: Sequence[Need]) -> str:
    """ "2 different people of lead or above, and 1 person in security" """
    return ", and ".join(
        f"{'1 person' if need.count == 1 else f'{need.count} different people'} {_of(need)}" for need in needs
    )


def verdict_words(verdict: Verdict) -> str:
    """What policy would do, as an ending of "it would": "pass", "ask 1 person of lead or above"."""
    if verdict.outcome is Outcome.ALLOW:
        return "pass"
    if verdict.outcome is Outcome.DENY:
        return "be refused"
    if verdict.outcome is Outcome.BLOCKED:
        return f"be blocked; breaking the glass takes {needs_words(verdict.needs)}"
    return f"ask {needs_words(verdict.needs)}"


def _of(need: Need) -> str:
    return f"of {who_words(need.tier, need.group)}" if need.tier else who_words(need.tier, need.group)


def rule_sentences(document: PolicyDocument) -> list[RuleSentence]:
    """Rules in the order they win."""
    ordered = sorted(document.rules, key=precedence)
    return [
        RuleSentence(rule.id, rule.priority, _when(rule), _then(rule), rule.note or "") for rule in ordered
    ]


def length(seconds: int) -> str:
    """A length of time in its largest unit that leaves no rest: "3 days", "90 minutes"."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("every whole number of seconds has a unit")


def diff(before: PolicyDocument, after: PolicyDocument) -> list[DiffLine]:
    """What changed between two documents, as lines of their JSON with a few unchanged ones around."""
    old, new = _lines(before), _lines(after)
    shown: list[DiffLine] = []
    for group in SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        if shown or group[0][1] > 0:
            shown.append(DiffLine("gap", ""))
        for tag, from_old, to_old, from_new, to_new in group:
            if tag == "equal":
                shown += [DiffLine("same", line) for line in old[from_old:to_old]]
                continue
            shown += [DiffLine("removed", line) for line in old[from_old:to_old]]
            shown += [DiffLine("added", line) for line in new[from_new:to_new]]
    return shown


def _lines(document: PolicyDocument) -> list[str]:
    value = document.model_dump(mode="json", exclude_none=True)
    # The editor's language, with a line for each value: its own text keeps a short rule on one.
    return yaml.safe_dump(value, allow_unicode=True, width=200).splitlines()


def _when(rule: Rule) -> str:
    tool = "any tool" if rule.tool == "*" else rule.tool
    parts = [f"An agent calls {tool}" if rule.agent == "*" else f"{rule.agent} calls {tool}"]
    if rule.effects:
        parts.append(f"the catalogue says it can {' or '.join(_EFFECTS[effect] for effect in rule.effects)}")
    if rule.checkpoint:
        parts.append(f"at {rule.checkpoint.replace('_', ' ')}")
    if rule.environments:
        parts.append(f"in {' or '.join(rule.environments)}")
    parts += [_condition(condition) for condition in rule.when or ()]
    if rule.expression:
        parts.append(f"and this is true: {rule.expression}")
    if rule.window:
        days = "any day" if rule.window.days is None else ", ".join(rule.window.days)
        parts.append(f"on {days} from {rule.window.start} to {rule.window.end} ({rule.window.timezone})")
    if rule.until:
        parts.append(f"until {rule.until:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


def _condition(condition: Condition) -> str:
    if condition.op == "exists":
        return f"{condition.fact} is {'not ' if condition.value is False else ''}there"
    several = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    values = ", ".join(json.dumps(value, ensure_ascii=False) for value in several)
    return f"{condition.fact} {COMPARED[condition.op]} {values}"


def _then(rule: Rule) -> str:
    if rule.then == "deny":
        return "refuse it"
    if rule.then == "allow":
        return "let it pass, if every tool is known and reversible"
    parts = ["block it unless people break the glass" if rule.then == "break_glass" else "ask people"]
    if rule.risk_at_least:
        parts.append(f"as {rule.risk_at_least} risk at least")
    if rule.needs:
        parts.append(f"and also {needs_words(rule.needs)}")
    return " ".join(parts)
