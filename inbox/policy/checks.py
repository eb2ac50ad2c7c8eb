"""What a policy document may not say, beyond its shape. Each problem comes with its place and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

from inbox.policy import conditions, expressions, windows
from inbox.policy.expression_text import Refused
from inbox.policy.fact_catalogue import CONTEXT_FIELDS, find
from inbox.policy.grounds import is_claimed, rests_on_claims
from inbox.policy.need import Need
from inbox.policy.problems import Problem, ProblemCode, pointer
from inbox.policy.words import Risk

if TYPE_CHECKING:
    from inbox.policy.document import PolicyDocument
    from inbox.policy.rule import Rule
    from inbox.policy.shapes import OnTimeout

# The name automatic answers carry when no rule was needed: every action is a harmless read by the catalogue.
HARMLESS_READ: Final = "harmless-read"
# The same where a tool is not in the catalogue, and inference found that it only reads.
INFERRED_READ: Final = "inferred-read"
MOST_PEOPLE: Final = 10
MOST_EXPRESSIONS: Final = 100

_ASKS: Final = frozenset({"review", "break_glass"})


def problems_of(document: PolicyDocument) -> list[Problem]:
    """Everything a document contradicts itself in."""
    return [
        *_levels(document),
        *_needs_are_sane(document),
        *_waiting(document),
        *_routing(document),
        *_checkpoints(document),
        *_names(document),
        *_expressions(document),
        *(problem for place, rule in enumerate(document.rules) for problem in _rule(rule, place)),
    ]


def every_needs(document: PolicyDocument) -> Iterator[tuple[str, tuple[Need, ...]]]:
    """Every list of needs a document holds, with its place."""
    for risk, needs in document.ladder.items():
        yield pointer(["ladder", risk.value]), needs
    for risk, steps in (document.escalation or {}).items():
        for number, step in enumerate(steps):
            yield pointer(["escalation", risk.value, number, "needs"]), step.needs
    for kind, checkpoint in (document.checkpoints or {}).items():
        if checkpoint.needs:
            yield pointer(["checkpoints", kind, "needs"]), checkpoint.needs
    for place, rule in enumerate(document.rules):
        if rule.needs:
            yield pointer(["rules", place, "needs"]), rule.needs


def _levels(document: PolicyDocument) -> list[Problem]:
    return [
        Problem(
            pointer([name, risk.value]), ProblemCode.LEVEL_MISSING, f"{name} says nothing about {risk.value}."
        )
        for name, table in (("ladder", document.ladder), ("expires_in", document.expires_in))
        for risk in Risk
        if risk not in cast("Mapping[Risk, object]", table)
    ]


def _needs_are_sane(document: PolicyDocument) -> Iterator[Problem]:
    for where, needs in every_needs(document):
        if len({need.who for need in needs}) != len(needs):
            yield Problem(where, ProblemCode.TIER_TWICE, "A tier stands twice: add the counts up.")
        if sum(need.count for need in needs) > MOST_PEOPLE:
            yield Problem(where, ProblemCode.OUT_OF_RANGE, f"More than {MOST_PEOPLE} people are asked for.")


def _waiting(document: PolicyDocument) -> Iterator[Problem]:
    escalation = document.escalation or {}
    for risk, steps in escalation.items():
        for number, (earlier, later) in enumerate(pairwise(steps), start=1):
            if later.after_seconds <= earlier.after_seconds:
                where = pointer(["escalation", risk.value, number, "after_seconds"])
                yield Problem(
                    where, ProblemCode.ESCALATION_ORDER, "Each step must come later than the one before it."
                )
    for risk, says in (document.on_timeout or {}).items():
        if says == "escalate" and risk not in escalation:
            where, message = (
                pointer(["on_timeout", risk.value]),
                f"escalation has no step for {risk.value} risk.",
            )
            yield Problem(where, ProblemCode.NO_ESCALATION, message)
    placed: list[tuple[list[str | int], OnTimeout | None]] = []
    placed += [(["checkpoints", kind], one.on_timeout) for kind, one in (document.checkpoints or {}).items()]
    placed += [(["rules", place], rule.on_timeout) for place, rule in enumerate(document.rules)]
    for parts, action in placed:
        if action == "escalate" and not escalation:
            where = pointer([*parts, "on_timeout"])
            yield Problem(where, ProblemCode.NO_ESCALATION, "The document has no escalation.")


def _routing(document: PolicyDocument) -> Iterator[Problem]:
    routing = document.routing
    if routing is not None and (routing.strategy == "rota") != (routing.rota is not None):
        message = "Name the rota, and only when the strategy is rota."
        yield Problem("/routing/rota", ProblemCode.ROTA, message)


def _checkpoints(document: PolicyDocument) -> Iterator[Problem]:
    for kind, checkpoint in (document.checkpoints or {}).items():
        yield from _required(checkpoint.require, checkpoint.missing, ["checkpoints", kind])


def _required(
    require: tuple[str, ...] | None, missing: str | None, parts: list[str | int]
) -> Iterator[Problem]:
    for number, name in enumerate(require or ()):
        if name not in CONTEXT_FIELDS:
            where = pointer([*parts, "require", number])
            yield Problem(where, ProblemCode.UNKNOWN_CONTEXT, f"There is no context field {name}.")
    if missing is not None and require is None:
        where = pointer([*parts, "missing"])
        yield Problem(where, ProblemCode.NOTHING_REQUIRED, "Nothing is required that could be missing.")


def _names(document: PolicyDocument) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, rule in enumerate(document.rules):
        where = pointer(["rules", place, "id"])
        if rule.id in (HARMLESS_READ, INFERRED_READ):
            yield Problem(where, ProblemCode.RULE_RESERVED, f"{rule.id} is the name of a built-in answer.")
        if rule.id in seen:
            yield Problem(where, ProblemCode.RULE_TWICE, f"Two rules are called {rule.id}.")
        seen.add(rule.id)


def _expressions(document: PolicyDocument) -> Iterator[Problem]:
    # Each costs up to 10 ms to compile, and a document is parsed while somebody waits.
    places = [place for place, rule in enumerate(document.rules) if rule.expression is not None]
    if len(places) > MOST_EXPRESSIONS:
        where = pointer(["rules", places[MOST_EXPRESSIONS], "expression"])
        message = f"At most {MOST_EXPRESSIONS} rules may have an expression: use conditions."
        yield Problem(where, ProblemCode.OUT_OF_RANGE, message)


def _rule(rule: Rule, place: int) -> Iterator[Problem]:
    def at(*parts: str | int) -> str:
        return pointer(["rules", place, *parts])

    yield from _effects_of(rule, place)
    yield from _required(rule.require, rule.missing, ["rules", place])
    for number, condition in enumerate(rule.when or ()):
        code = ProblemCode.UNKNOWN_FACT if find(condition.fact) is None else ProblemCode.CONDITION
        for message in conditions.mistakes(condition):
            yield Problem(at("when", number), code, message)
    yield from _expression(rule, at("expression"))
    if rule.then == "allow" and rests_on_claims(rule):
        message = (
            "Only what the agent itself claims would let this pass. "
            "Add a tool, an agent, an environment, effects, or a condition the server can vouch for."
        )
        yield Problem(at("when" if rule.when else "checkpoint"), ProblemCode.CLAIMS_ALONE, message)
    if rule.window is not None:
        try:
            windows.zone(rule.window.timezone)
        except ValueError:
            yield Problem(
                at("window", "timezone"),
                ProblemCode.TIME_ZONE,
                f"There is no time zone {rule.window.timezone}.",
            )
        if rule.window.start in (rule.window.end, "24:00"):
            yield Problem(
                at("window"), ProblemCode.OUT_OF_RANGE, "The window is empty: from must not be to, or 24:00."
            )
    for number, limit in enumerate(rule.limits or ()):
        if limit.count is None and limit.value is None:
            yield Problem(at("limits", number), ProblemCode.MISSING, "A limit has a count, a value, or both.")
        if (limit.value is None) != (limit.currency is None):
            yield Problem(at("limits", number), ProblemCode.MISSING, "A value goes with its currency.")


def _expression(rule: Rule, where: str) -> Iterator[Problem]:
    if rule.expression is None:
        return
    try:
        shape = expressions.compiled(rule.expression).shape
    except Refused as error:
        yield Problem(where, ProblemCode.EXPRESSION, str(error))
        return
    claims = sorted(name for name in shape.facts if is_claimed(name))
    if rule.then == "allow" and claims:
        message = (
            f"An expression that allows may not read what the agent claims ({', '.join(claims)}): "
            "put it into when, where it can only narrow."
        )
        yield Problem(where, ProblemCode.CLAIMS_ALONE, message)


def _effects_of(rule: Rule, place: int) -> Iterator[Problem]:
    def say(field: str, code: ProblemCode, message: str) -> Problem:
        return Problem(pointer(["rules", place, field]), code, message)

    for field in ("needs", "risk_at_least", "expires_in", "on_timeout"):
        if getattr(rule, field) is not None and rule.then not in _ASKS:
            message = f"A rule that says {rule.then} asks nobody: leave {field} out."
            yield say(field, ProblemCode.NOT_FOR_REVIEW, message)
    for field in ("limits", "until"):
        if getattr(rule, field) is not None and rule.then != "allow":
            yield say(field, ProblemCode.NOT_FOR_ALLOW, f"Only a rule that allows may have {field}.")
    if rule.require is not None and rule.then == "deny":
        yield say(
            "require", ProblemCode.NOT_FOR_DENY, "A rule that denies reads no context: leave require out."
        )
    if rule.then == "break_glass" and rule.needs is None:
        yield say("needs", ProblemCode.MISSING, "Say who may break the glass.")
    if rule.risk_at_least is Risk.UNVERIFIABLE:
        yield say(
            "risk_at_least", ProblemCode.FLOOR_UNVERIFIABLE, "Unverifiable is found, not set: use high."
        )
