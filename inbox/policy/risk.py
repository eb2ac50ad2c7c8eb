"""How much harm a request could do, with every line explained.

A handful of rules, each a floor: the level is the worst of them, so nothing an agent adds can lower it. What
the catalogue says of the tool comes first, then what the arguments show, then what the agent claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inbox.policy.facts import ActionFacts, Claims, Facts, ToolFacts
from inbox.policy.impact import Measure, measure
from inbox.policy.reasons import Reason, ReasonCode, printable
from inbox.policy.words import Effect, Risk, worst

__all__ = ["Assessment", "Reason", "assess"]

# Things or people one action may reach before it counts as one step riskier, and as mass reach.
WIDE: Final = 100
MASS: Final = 1_000
# Amounts of money, in whatever currency is named, from which an action is at least this risky.
AMOUNTS: Final = ((10_000, Risk.CRITICAL), (1_000, Risk.HIGH), (100, Risk.MEDIUM))
# An agent less sure than this should not act without a second look (0 to 1).
SURE_ENOUGH: Final = 0.7


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level, its reasons from worst to mildest, and whether all of it can be undone."""

    level: Risk
    reasons: tuple[Reason, ...]
    reversible: bool


@dataclass(frozen=True, slots=True)
class _Line:
    risk: Risk
    reason: Reason


def assess(facts: Facts) -> Assessment:
    """Judge a request: the worst of its actions, raised by what the agent claims, never lowered.

    Raises ValueError for a request without actions, and whatever hostile arguments make the walk raise.
    """
    if not facts.actions:
        raise ValueError("a request has at least one action")
    lines = [
        _Line(line.risk, _named(action, line.reason) if len(facts.actions) > 1 else line.reason)
        for action in facts.actions
        for line in _judge(action)
    ]
    level = worst(*(line.risk for line in lines))
    raised = [line for line in _claims(facts.claims) if worst(level, line.risk) is not level]
    level = worst(level, *(line.risk for line in raised))
    lines.extend(raised)
    lines.sort(key=lambda line: -line.risk.rank)
    return Assessment(
        level=level,
        # Fifty alike actions say the same thing once.
        reasons=tuple(dict.fromkeys(line.reason for line in lines)),
        reversible=all(action.can_be_undone for action in facts.actions),
    )


def _judge(action: ActionFacts) -> list[_Line]:
    lines = [_effect(action.tool), *_catalogue_floor(action.tool), *_payload(action)]
    impact = measure(action.args)
    if impact.secret is not None:
        text = f"Carries what looks like a password, key or token in {impact.secret}"
        lines.append(_line(Risk.HIGH, ReasonCode.SECRET, text))
    # Reading moves no money, and an unknown tool may.
    if impact.amount is not None and (action.tool is None or action.tool.effect is not Effect.READ):
        lines.extend(_amount(impact.amount))
    if impact.reach is not None and not action.is_harmless_read:
        lines.extend(_reach(impact.reach, action, worst(*(line.risk for line in lines))))
    return lines


def _effect(tool: ToolFacts | None) -> _Line:
    if tool is None:
        return _line(Risk.MEDIUM, ReasonCode.UNKNOWN_TOOL, "Tool is not in the catalogue")
    if tool.is_harmless_read:
        return _line(Risk.LOW, ReasonCode.READ_HARMLESS, "Reads only, and the catalogue says it is harmless")
    if tool.effect is Effect.READ:
        return _line(Risk.LOW, ReasonCode.READ, "Reads only; what it shows may not be for everyone")
    if tool.effect is Effect.WRITE and tool.reversible:
        return _line(Risk.LOW, ReasonCode.WRITE_REVERSIBLE, "Changes something that can be put back")
    if tool.effect is Effect.WRITE:
        text = "Changes something, and the catalogue does not say that it can be put back"
        return _line(Risk.MEDIUM, ReasonCode.WRITE, text)
    return _line(Risk.HIGH, ReasonCode.IRREVERSIBLE, "Cannot be undone")


def _catalogue_floor(tool: ToolFacts | None) -> Iterator[_Line]:
    if tool is not None and tool.risk_floor is not None:
        text = f"The catalogue never judges this tool below {tool.risk_floor.value}"
        yield _line(tool.risk_floor, ReasonCode.CATALOGUE_FLOOR, text)


def _payload(action: ActionFacts) -> Iterator[_Line]:
    if not action.verifiable:
        found = action.findings[0] if action.findings else "it cannot be shown as the tool would receive it"
        text = printable(f"The payload cannot be verified: {found}".rstrip("."))
        yield _line(Risk.UNVERIFIABLE, ReasonCode.UNVERIFIABLE, text)
        return
    for finding in action.findings:
        yield _line(Risk.MEDIUM, ReasonCode.FINDING, printable(f"Look at the payload: {finding}".rstrip(".")))


def _amount(found: Measure) -> Iterator[_Line]:
    for least, risk in AMOUNTS:
        if found.number >= least:
            text = f"An amount of {found.number:,.2f} ({found.argument}): {least:,} or more"
            yield _line(risk, ReasonCode.AMOUNT, text)
            return


def _reach(found: Measure, action: ActionFacts, level: Risk) -> Iterator[_Line]:
    if found.number <= WIDE:
        return
    if found.number > MASS and not action.can_be_undone:
        risk = Risk.CRITICAL
    else:
        # One step up, and no further than high: critical is for what reaches many and cannot be undone.
        risk = {Risk.LOW: Risk.MEDIUM, Risk.MEDIUM: Risk.HIGH}.get(level, level)
    limit = MASS if found.number > MASS else WIDE
    where = f" in {found.argument}" if found.noun in {"entries", "addresses"} else ""
    yield _line(
        risk, ReasonCode.REACH, f"Reaches {found.number:,.0f} {found.noun}{where}: more than {limit:,}"
    )


def _claims(claims: Claims) -> Iterator[_Line]:
    if claims.risk is not None:
        yield _line(claims.risk, ReasonCode.CLAIMED_RISK, f"The agent itself claims {claims.risk.value} risk")
    # Written so that a confidence that compares with nothing counts as none.
    if claims.confidence is not None and not claims.confidence >= SURE_ENOUGH:
        text = f"The agent is {claims.confidence:.1%} sure of it: under {SURE_ENOUGH:.0%}"
        yield _line(Risk.MEDIUM, ReasonCode.LOW_CONFIDENCE, text)


def _line(risk: Risk, code: ReasonCode, text: str) -> _Line:
    return _Line(risk, Reason(code, text))


def _named(action: ActionFacts, reason: Reason) -> Reason:
    return Reason(reason.code, printable(f"{action.name}: {reason.text}"))
