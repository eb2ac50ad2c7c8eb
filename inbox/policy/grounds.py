"""What a rule rests on. A claim may only raise what is asked, so nothing may pass for a claim alone."""

from __future__ import annotations

from inbox.policy.expression_text import Refused
from inbox.policy.expressions import compiled
from inbox.policy.fact_catalogue import FACTS, Kind, find
from inbox.policy.rule import Rule

_CLAIMED = frozenset(fact.name for fact in FACTS if fact.kind is Kind.CLAIMED)
_GROUNDS = frozenset(fact.name for fact in FACTS if fact.kind is not Kind.CLAIMED and fact.grounds)


def reads(rule: Rule) -> frozenset[str]:
    """The facts a rule's conditions and expression read, by their names in the catalogue."""
    names = {fact.name for one in rule.when or () if (fact := find(one.fact)) is not None}
    try:
        return frozenset(names) | (compiled(rule.expression).shape.facts if rule.expression else frozenset())
    except Refused:
        return frozenset(names)


def claimed(rule: Rule) -> frozenset[str]:
    """Those facts a rule goes by that only the agent vouches for: its `checkpoint` is one."""
    return (reads(rule) | ({"checkpoint"} if rule.checkpoint is not None else set())) & _CLAIMED


def at_checkpoint(rule: Rule) -> bool:
    """Whether a rule speaks only where the agent says that it is."""
    return "checkpoint" in claimed(rule)


def is_claimed(name: str) -> bool:
    """Whether only the agent vouches for a fact."""
    return name in _CLAIMED


def rests_on_claims(rule: Rule) -> bool:
    """Whether a rule goes by claims, and without them would say nothing about what is done, by whom, or where.

    An agent can make any claim come true, so an allow rule passes at least what it passes without its claims.
    Patterns of `*` and `?` alone, hours, and how often something happens do not count.
    """
    named = any(set(pattern) - {"*", "?"} for pattern in (rule.tool, rule.agent))
    grounded = named or rule.effects or rule.environments or reads(rule) & _GROUNDS
    return bool(claimed(rule)) and not grounded
