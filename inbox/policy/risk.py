"""How much harm a request could do, with every line explained.

Factors with weights make a score for each action, the worst action's score is the request's, and the score has a
level (`inbox.policy.factors`). Nothing an agent adds can lower it. What the catalogue says of the tool comes first,
or for an unknown one what can be inferred; then what the arguments show; then what the agent claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inbox.policy.factors import Factor, Weight, level_of, score, weight_of
from inbox.policy.facts import ActionFacts, Claims, Facts, History, ToolFacts
from inbox.policy.impact import Measure, measure
from inbox.policy.inference import judge
from inbox.policy.inference.concepts import confidential_column
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
# People said no to an agent's calls of a tool this often, and to this part of them: the next one is said to be doubtful.
REJECTED_BEFORE: Final = 3
REJECTED_SHARE: Final = 0.25
# A run that asked more often than this within a minute is not at its usual work.
BURST: Final = 60
# Above this nothing is said against a call that can be put back; against any other it is said all the same.
SURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level, its reasons from worst to mildest, and whether all of it can be undone.

    `score` is from 0 to 100. `harmless` says of each action, in order, whether nothing at all speaks against it:
    it is of low risk, and by the catalogue or by inference it only reads.
    """

    level: Risk
    reasons: tuple[Reason, ...]
    reversible: bool
    score: float = 0.0
    harmless: tuple[bool, ...] = ()


def assess(facts: Facts) -> Assessment:
    """Judge a request: the worst of its actions, raised by what the agent claims, never lowered.

    Raises ValueError for a request without actions, and whatever hostile arguments make the walk raise.
    """
    if not facts.actions:
        raise ValueError("a request has at least one action")
    judged = [(action, _judge(action, facts)) for action in facts.actions]
    points = max(score(line.weight for line in lines) for _, lines in judged)
    level = worst(*(_level(lines) for _, lines in judged))
    several = len(facts.actions) > 1
    told = [
        Factor(line.weight, line.code, _named(action, line.text) if several else line.text)
        for action, lines in judged
        for line in lines
    ]
    for line in _claims(facts.claims):
        # A claim is told only where it raises.
        if worst(level, _risk_of(line)) is not level:
            level = worst(level, _risk_of(line))
            points = max(points, float(line.weight))
            told.append(line)
    told.sort(key=lambda line: -line.weight)
    return Assessment(
        level=level,
        # Fifty alike actions say the same thing once.
        reasons=tuple(dict.fromkeys(line.reason for line in told)),
        reversible=all(action.can_be_undone for action in facts.actions),
        score=round(points, 2),
        harmless=tuple(_is_harmless(action, lines) for action, lines in judged),
    )


def _judge(action: ActionFacts, facts: Facts) -> list[Factor]:
    claims = facts.claims
    lines = [_effect(action.tool)] if action.tool is not None else list(judge(action, claims))
    lines += [*_catalogue_floor(action.tool), *_payload(action), *_computed(action)]
    lines += [*_doubt(action, claims, lines), *_rejected_before(action.history)]
    lines += [*_unusual(action, lines), *_burst(action, facts)]
    impact = measure(action.args)
    if impact.secret is not None:
        text = f"Carries what looks like a password, key or token in {impact.secret}"
        lines.append(_line(Risk.HIGH, ReasonCode.SECRET, text))
    # Reading moves no money, and an unknown tool may.
    if impact.amount is not None and (action.tool is None or action.tool.effect is not Effect.READ):
        lines.extend(_amount(impact.amount))
    if impact.reach is not None and not action.is_harmless_read:
        lines.extend(_reach(impact.reach, action, _level(lines)))
    return lines


def _level(lines: list[Factor]) -> Risk:
    level = level_of(score(line.weight for line in lines))
    return worst(level, *(Risk.UNVERIFIABLE for line in lines if line.code is ReasonCode.UNVERIFIABLE))


def _risk_of(line: Factor) -> Risk:
    return level_of(float(line.weight))


def _is_harmless(action: ActionFacts, lines: list[Factor]) -> bool:
    if _level(lines) is not Risk.LOW:
        return False
    return action.is_harmless_read or any(line.code is ReasonCode.INFERRED_READ for line in lines)


def _effect(tool: ToolFacts) -> Factor:
    if tool.is_harmless_read:
        text = "Reads only, and the catalogue says it is harmless"
        return Factor(Weight.NONE, ReasonCode.READ_HARMLESS, text)
    if tool.effect is Effect.READ:
        return Factor(Weight.READ, ReasonCode.READ, "Reads only; what it shows may not be for everyone")
    if tool.effect is Effect.WRITE and tool.reversible:
        text = "Changes something that can be put back"
        return Factor(Weight.REVERSIBLE, ReasonCode.WRITE_REVERSIBLE, text)
    if tool.effect is Effect.WRITE:
        text = "Changes something, and the catalogue does not say that it can be put back"
        return Factor(Weight.MEDIUM, ReasonCode.WRITE, text)
    return Factor(Weight.HIGH, ReasonCode.IRREVERSIBLE, "Cannot be undone")


def _computed(action: ActionFacts) -> Iterator[Factor]:
    """What the arguments themselves say they do, whatever the tool is called or listed as."""
    shell, sql = action.computed.shell, action.computed.sql
    if shell is not None and shell.destroys:
        yield Factor(Weight.HIGH, ReasonCode.SHELL, "The command deletes or overwrites")
    elif shell is not None and shell.privileged:
        yield Factor(Weight.HIGH, ReasonCode.SHELL, "The command runs with the rights of an administrator")
    elif shell is not None and not shell.parsed:
        yield Factor(Weight.SENSITIVE, ReasonCode.SHELL, "The command could not be taken apart")
    elif shell is not None and (shell.runs_code or shell.unknown):
        yield Factor(Weight.SENSITIVE, ReasonCode.SHELL, "The command runs code that was not taken apart")
    elif shell is not None and (shell.writes or shell.network):
        yield Factor(
            Weight.MEDIUM, ReasonCode.SHELL, "The command changes something or speaks with the network"
        )
    if shell is not None and shell.sensitive:
        text = f"The command touches {printable(shell.sensitive[0])}, where secrets usually are"
        yield Factor(Weight.HIGH, ReasonCode.CONFIDENTIAL, text)
    if shell is not None and shell.hunts:
        yield Factor(
            Weight.SENSITIVE, ReasonCode.CONFIDENTIAL, "The command searches for passwords, keys or codes"
        )
    if sql is not None and sql.unbounded:
        yield Factor(Weight.HIGH, ReasonCode.SQL, "The SQL changes or drops everything in a table")
    elif sql is not None and not sql.parsed:
        yield Factor(Weight.SENSITIVE, ReasonCode.SQL, "The SQL could not be taken apart")
    elif sql is not None and sql.writes:
        yield Factor(Weight.MEDIUM, ReasonCode.SQL, "The SQL changes something")
    column = next((name for name in sql.columns if confidential_column(name)), "") if sql is not None else ""
    if column:
        text = f"The SQL names the column {printable(column)}: {confidential_column(column)}"
        yield Factor(Weight.SENSITIVE, ReasonCode.CONFIDENTIAL, text)
    # Of a tool nobody described inference says it, of any address that is not plain.
    if action.tool is not None and action.tool.effect is Effect.READ and action.computed.carried_to:
        where = printable(action.computed.carried_to[0])
        text = f"It opens an address that could carry data away ({where})"
        yield Factor(Weight.MEDIUM, ReasonCode.ADDRESS, text)


def _catalogue_floor(tool: ToolFacts | None) -> Iterator[Factor]:
    if tool is not None and tool.risk_floor is not None:
        text = f"The catalogue never judges this tool below {tool.risk_floor.value}"
        yield _line(tool.risk_floor, ReasonCode.CATALOGUE_FLOOR, text)


def _payload(action: ActionFacts) -> Iterator[Factor]:
    if not action.verifiable:
        found = action.findings[0] if action.findings else "it cannot be shown as the tool would receive it"
        text = printable(f"The payload cannot be verified: {found}".rstrip("."))
        yield _line(Risk.UNVERIFIABLE, ReasonCode.UNVERIFIABLE, text)
        return
    for finding in action.findings:
        yield _line(Risk.MEDIUM, ReasonCode.FINDING, printable(f"Look at the payload: {finding}".rstrip(".")))


def _amount(found: Measure) -> Iterator[Factor]:
    for least, risk in AMOUNTS:
        if found.number >= least:
            text = f"An amount of {found.number:,.2f} ({found.argument}): {least:,} or more"
            yield _line(risk, ReasonCode.AMOUNT, text)
            return


def _reach(found: Measure, action: ActionFacts, level: Risk) -> Iterator[Factor]:
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


def _doubt(action: ActionFacts, claims: Claims, lines: list[Factor]) -> Iterator[Factor]:
    """A stated confidence is a hint against the call, unless it is high and the call can be put back."""
    sure = claims.confidence
    if sure is None or not sure >= SURE_ENOUGH:
        return
    if sure <= SURE or not (action.can_be_undone or _reads(action, lines)):
        yield Factor(Weight.HINT, ReasonCode.NOT_SURE, f"The agent is {sure:.1%} sure of it")


def _rejected_before(history: History) -> Iterator[Factor]:
    decided = history.approved + history.rejected
    if history.rejected >= REJECTED_BEFORE and history.rejected >= REJECTED_SHARE * decided:
        text = f"People rejected {history.rejected:,} of this agent's {decided:,} earlier calls of this tool"
        yield Factor(Weight.HINT, ReasonCode.REJECTED_BEFORE, text)


def _unusual(action: ActionFacts, lines: list[Factor]) -> Iterator[Factor]:
    """What this agent never did before. Reading something new is no matter: that is what reading is for."""
    if action.computed.new_destinations:
        where = printable(action.computed.new_destinations[0])
        text = f"Goes to somebody or somewhere this agent never used with this tool ({where})"
        yield Factor(Weight.MEDIUM, ReasonCode.NEW_DESTINATION, text)
    if action.computed.new_tool and not _reads(action, lines):
        yield Factor(Weight.HINT, ReasonCode.NEW_TOOL, "This agent never used this tool before")


def _burst(action: ActionFacts, facts: Facts) -> Iterator[Factor]:
    # Hundreds of changes that can be put back are what a batch is made of.
    if facts.requests_lately > BURST and not action.can_be_undone:
        text = f"This run asked {facts.requests_lately:,} times within a minute"
        yield Factor(Weight.HINT, ReasonCode.BURST, text)


def _reads(action: ActionFacts, lines: list[Factor]) -> bool:
    if action.tool is not None:
        return action.tool.effect is Effect.READ
    return any(line.code is ReasonCode.INFERRED_READ for line in lines)


def _claims(claims: Claims) -> Iterator[Factor]:
    if claims.risk is not None:
        yield _line(claims.risk, ReasonCode.CLAIMED_RISK, f"The agent itself claims {claims.risk.value} risk")
    # Written so that a confidence that compares with nothing counts as none.
    if claims.confidence is not None and not claims.confidence >= SURE_ENOUGH:
        text = f"The agent is {claims.confidence:.1%} sure of it: under {SURE_ENOUGH:.0%}"
        yield _line(Risk.MEDIUM, ReasonCode.LOW_CONFIDENCE, text)


def _line(risk: Risk, code: ReasonCode, text: str) -> Factor:
    return Factor(weight_of(risk), code, text)


def _named(action: ActionFacts, text: str) -> str:
    return printable(f"{action.name}: {text}")
