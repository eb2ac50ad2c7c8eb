"""Grants: one person's word that calls like this one may pass for a while. The pure half: patterns and ceilings.

A grant is narrower than a rule: one agent, one tool by its schema, an argument pattern, an end. It lets a request
pass that policy would ask one person about, never one that a rule denies or blocks.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import unquote

from inbox import canonical
from inbox.canonical import JsonValue
from inbox.policy.document import PolicyDocument
from inbox.policy.evaluate import ALLOW_CEILING, Verdict, evaluate
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.reasons import Reason, ReasonCode
from inbox.policy.words import Outcome, Risk

__all__ = [
    "GRANT",
    "ArgumentTest",
    "Op",
    "Pattern",
    "above_ceiling",
    "matches",
    "mistakes",
    "narrowest",
    "offered",
    "schema_digest",
    "with_grants",
]

Op = Literal["equal", "starts_with", "under", "at_most", "any"]
OPS: Final[tuple[Op, ...]] = ("equal", "starts_with", "under", "at_most", "any")
# What a request that passed by a grant names as its rule, before the grant's id.
GRANT: Final = "grant:"
MOST_ARGUMENTS: Final = 50
SHORTEST_PREFIX: Final = 3
# Arguments that are programs: "git log" begins "git log; rm -rf /" too.
_PROGRAMS: Final = frozenset({
    "bash", "cmd", "code", "command", "commands", "expression", "filter", "program", "query", "script", "shell", "sql",
    "statement", "statements",
})  # fmt: skip
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# What may follow a granted beginning: words, not the signs that programs and addresses are steered by.
_FOLLOWS: Final = re.compile(r"[\w .,:+@=/-]*")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_URL_WITH_HOST: Final = re.compile(r"https?://[^/?#@\\\s]+/.*", re.IGNORECASE)
# A bare host name, which goes on to mean another.
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_UNRESOLVED: Final = re.compile(r"[~$*?\[\]{}\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ArgumentTest:
    """One argument and what it must be: equal to `value`, begin with it, be under that directory, be at most it."""

    argument: str
    op: Op
    value: JsonValue = None

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return {"argument": self.argument, "op": self.op, "value": self.value}


Pattern = tuple[ArgumentTest, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the test of one argument ("" for the pattern as a whole), as a sentence."""

    argument: str
    text: str


def narrowest(args: Mapping[str, JsonValue]) -> Pattern:
    """The pattern that only these very arguments match."""
    return tuple(ArgumentTest(name, "equal", value) for name, value in args.items())


def pattern_of(stored: Sequence[Mapping[str, Any]]) -> Pattern:
    """A pattern from what `written` made of it."""
    return tuple(ArgumentTest(one["argument"], one["op"], one["value"]) for one in stored)


def schema_digest(schema: Mapping[str, JsonValue] | None) -> str:
    """What stands for a tool's schema; "" for a call that says none, which no grant matches."""
    return canonical.digest(schema) if schema else ""


def offered(name: str, value: JsonValue) -> tuple[Op, ...]:
    """How far the test of an argument with this value may be widened."""
    if {word.lower() for word in _WORD.findall(name)} & _PROGRAMS:
        return ("equal",)
    if isinstance(value, str):
        directory = ("under",) if _resolved(value) not in (None, ".", "/") and "/" in value else ()
        return ("equal", "starts_with", *directory, "any")
    if _is_number(value):
        return ("equal", "at_most", "any")
    return ("equal", "any")


def mistakes(pattern: Pattern, args: Mapping[str, JsonValue]) -> tuple[Mistake, ...]:
    """What is wrong with a pattern made from a call with these arguments; every argument has exactly one test."""
    if len(args) > MOST_ARGUMENTS:
        return (Mistake("", f"A call with more than {MOST_ARGUMENTS} arguments is decided each time."),)
    if sorted(test.argument for test in pattern) != sorted(args):
        return (Mistake("", "Say of every argument once what it may be."),)
    found = [
        Mistake(test.argument, text)
        for test in pattern
        if (text := _wrong(test, args[test.argument])) is not None
    ]
    if not found and pattern and all(test.op == "any" for test in pattern):
        found.append(
            Mistake("", "Something must be held to. What may pass with any argument is a rule's affair.")
        )
    return tuple(found)


def matches(pattern: Pattern, args: Mapping[str, JsonValue]) -> bool:
    """Whether a call is granted. An argument the pattern does not name, or one that is missing, is no match."""
    return sorted(test.argument for test in pattern) == sorted(args) and all(
        _holds(test, args[test.argument]) for test in pattern
    )


def above_ceiling(
    risk: Risk, actions: Sequence[ActionFacts], schemas: Sequence[Mapping[str, JsonValue] | None]
) -> str | None:
    """Why no grant covers such a request, as a clause; None when one may. The limits are those of an allow rule."""
    for action, schema in zip(actions, schemas, strict=True):
        if action.kind != "tool_call":
            return "it is a question to people"
        if action.tool is None:
            return "the tool is not in the catalogue"
        if not action.verifiable or risk is Risk.UNVERIFIABLE:
            return "the payload cannot be verified"
        if not action.can_be_undone:
            return "the catalogue does not say that it can be put back"
        if not schema:
            return "the agent does not say which schema the tool has"
    if risk.rank > ALLOW_CEILING.rank:
        return f"its risk is {risk.value}"
    return None


def with_grants(
    verdict: Verdict, document: PolicyDocument, facts: Facts, granted: Mapping[str, str], because: str
) -> Verdict | None:
    """The allow a review becomes when each action is granted (`granted`: key → grant id) or would pass by itself.

    None when it stays a review. `because` is the sentence that says so. Raises what `evaluate` raises.
    """
    stays = {ReasonCode.POLICY_ERROR, ReasonCode.RULE_FAILED, ReasonCode.CONTEXT_MISSING}
    if (
        verdict.outcome is not Outcome.REVIEW
        or verdict.risk.rank > ALLOW_CEILING.rank
        or verdict.risk is Risk.UNVERIFIABLE
        or verdict.context_flagged
        or not granted
        or any(reason.code in stays for reason in verdict.reasons)
    ):
        return None
    rest = tuple(action for action in facts.actions if action.key not in granted)
    if rest:
        alone = evaluate(
            document, replace(facts, actions=rest), policy=verdict.policy, version=verdict.version
        )
        # What would have to be counted is not counted twice: such a mixture is asked.
        if alone.outcome is not Outcome.ALLOW or alone.limits:
            return None
    first = next(granted[action.key] for action in facts.actions if action.key in granted)
    kept = tuple(reason for reason in verdict.reasons if reason.code is not ReasonCode.NO_RULE)
    return replace(
        verdict,
        outcome=Outcome.ALLOW,
        reasons=(*kept, Reason(ReasonCode.GRANTED, because)),
        needs=(),
        rule=f"{GRANT}{first}",
        notes=(),
        batchable=False,
        escalation=(),
        limits=(),
    )


def _wrong(test: ArgumentTest, source: JsonValue) -> str | None:
    if test.op not in offered(test.argument, source):
        if offered(test.argument, source) == ("equal",):
            return "A command or query is granted as it stands: one beginning has many ends."
        return "This kind of value cannot be widened so."
    if test.op == "starts_with":
        if not isinstance(test.value, str) or len(test.value) < SHORTEST_PREFIX:
            return f"Give the beginning, at least {SHORTEST_PREFIX} characters."
        if _URL.match(test.value) and not _URL_WITH_HOST.fullmatch(test.value):
            return "The beginning of an address names its whole host and the / after it."
    if test.op == "under" and (not isinstance(test.value, str) or _resolved(test.value) in (None, "/", ".")):
        return "Name a directory without ~, variables or patterns; the top one is too wide."
    if test.op == "at_most" and not _is_number(test.value):
        return "Give a number."
    return None if _holds(test, source) else "The call it is made from must match too."


def _holds(test: ArgumentTest, value: JsonValue) -> bool:
    if test.op == "any":
        return True
    if test.op == "equal":
        # By bytes: 1, 1.0 and true are three values here.
        return canonical.dumps(test.value) == canonical.dumps(value)
    if test.op == "at_most":
        return _is_number(value) and 0 <= value <= test.value  # type: ignore[operator]
    if not isinstance(value, str) or not isinstance(test.value, str):
        return False
    if test.op == "starts_with" and ("@" in value or _HOST.fullmatch(test.value)):
        # `ann@acme.example` begins `ann@acme.example.evil.example` and `ann@acme.example, eve@evil.example` too.
        return value == test.value
    if test.op == "starts_with":
        return value.startswith(test.value) and _goes_on_plainly(value[len(test.value) :], value)
    below, top = _resolved(value), _resolved(test.value)
    return below is not None and top is not None and below.startswith(top.rstrip("/") + "/")


def _goes_on_plainly(rest: str, whole: str) -> bool:
    """No step up, no second meaning: `docs/../secrets` and `docs/%2e%2e/secrets` begin with docs/ in letters only."""
    plain = unquote(whole)
    return _FOLLOWS.fullmatch(rest) is not None and ".." not in plain.replace("\\", "/").split("/")


def _resolved(path: str) -> str | None:
    """A path without detours; None for one that only the place it runs in could resolve, or that climbs."""
    if not path or _UNRESOLVED.search(path) or _URL.match(path):
        return None
    resolved = posixpath.normpath(path)
    if resolved.startswith("//"):
        resolved = resolved[1:]
    return None if resolved == ".." or resolved.startswith("../") else resolved


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
