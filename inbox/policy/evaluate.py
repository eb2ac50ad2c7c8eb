"""What policy says about a request: facts in, one verdict out, never an allow by mistake."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inbox.policy.document import HARMLESS_READ, PolicyDocument, Rule
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.need import NO_TIER, Need
from inbox.policy.reasons import Reason, ReasonCode
from inbox.policy.requirement import added, largest
from inbox.policy.risk import assess
from inbox.policy.rules import precedence, winner
from inbox.policy.words import Outcome, Risk, worst

logger = logging.getLogger(__name__)

# What an admin's allow rule may pass at most. Whatever is judged higher gets a person all the same.
ALLOW_CEILING: Final = Risk.MEDIUM
# When even the document's ladder cannot be read, nobody can approve: the request is rejected by its deadline.
NOBODY: Final = Need(tier=NO_TIER, count=1)
UNREADABLE_EXPIRES_IN: Final = 3600


@dataclass(frozen=True, slots=True)
class Verdict:
    """Policy's answer. `needs` is empty unless it says review; `expires_in` is in seconds.

    `rule` is the rule the outcome rests on: `harmless-read` when the catalogue alone passed it, None when no
    rule spoke and a person is asked for that reason.
    """

    outcome: Outcome
    risk: Risk
    reasons: tuple[Reason, ...]
    needs: tuple[Need, ...]
    rule: str | None
    policy: str
    version: int
    notes: tuple[str, ...]
    batchable: bool
    expires_in: int
    reversible: bool


def evaluate(document: PolicyDocument, facts: Facts, *, policy: str, version: int) -> Verdict:
    """Judge a request by one version of a policy. Raises for facts it cannot make sense of: see safe_evaluate.

    One action that is denied denies the request; otherwise one action that needs a person asks for people;
    only when every single action may pass does the request.
    """
    assessment = assess(facts)
    asked = [(action, winner(document.rules, action, facts)) for action in facts.actions]
    rules = sorted({rule.id: rule for _, rule in asked if rule is not None}.values(), key=precedence)
    reviewing = [rule for rule in rules if rule.then == "review"]
    risk = worst(
        assessment.level, *(rule.risk_at_least for rule in reviewing if rule.risk_at_least is not None)
    )

    denying = [rule for rule in rules if rule.then == "deny"]
    held = [reason for action, rule in asked if (reason := _held(action, rule, risk)) is not None]
    if denying:
        outcome, speaking = Outcome.DENY, denying
        why = [Reason(ReasonCode.RULE_DENY, f"Rule {rule.id} refuses it") for rule in denying]
    elif held:
        outcome, speaking = Outcome.REVIEW, reviewing
        why = held + _raised(reviewing, assessment.level)
    else:
        outcome, speaking = Outcome.ALLOW, rules
        why = [Reason(ReasonCode.RULE_ALLOW, f"Rule {rule.id} lets it pass") for rule in rules]
        if any(rule is None for _, rule in asked):
            why.append(Reason(ReasonCode.PASSED_HARMLESS, "Harmless reads pass without a person"))

    return Verdict(
        outcome=outcome,
        risk=risk,
        reasons=tuple(dict.fromkeys((*assessment.reasons, *why))),
        needs=_needs(document, risk, reviewing) if outcome is Outcome.REVIEW else (),
        rule=speaking[0].id if speaking else HARMLESS_READ if outcome is Outcome.ALLOW else None,
        policy=policy,
        version=version,
        notes=tuple(dict.fromkeys(rule.note for rule in speaking if rule.note)),
        batchable=(
            risk is Risk.LOW
            and assessment.reversible
            and all(action.verifiable and action.tool is not None for action in facts.actions)
        ),
        expires_in=document.expires_in[risk],
        reversible=assessment.reversible,
    )


def safe_evaluate(document: PolicyDocument, facts: Facts, *, policy: str, version: int) -> Verdict:
    """`evaluate`, but whatever goes wrong asks people, as many as any verdict of this document could."""
    try:
        return evaluate(document, facts, policy=policy, version=version)
    except Exception as error:  # noqa: BLE001 - any error at all must become a question to people, not an answer
        # Never the message: it can quote arguments, and logs are read by more people than requests are.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        logger.error("policy %s@%s failed: %s at %s:%s", policy, version, kind, frame.filename, frame.lineno)
    try:
        needs = _needs(document, Risk.CRITICAL, document.rules)
        expires_in = document.expires_in[Risk.CRITICAL]
    except Exception:  # noqa: BLE001 - a document that cannot even name its highest needs
        needs, expires_in = (NOBODY,), UNREADABLE_EXPIRES_IN
    text = "The policy could not be evaluated, so the most that it can ask for is asked for"
    return Verdict(
        outcome=Outcome.REVIEW,
        risk=Risk.CRITICAL,
        reasons=(Reason(ReasonCode.POLICY_ERROR, text),),
        needs=needs,
        rule=None,
        policy=policy,
        version=version,
        notes=(),
        batchable=False,
        expires_in=expires_in,
        reversible=False,
    )


def _held(action: ActionFacts, rule: Rule | None, risk: Risk) -> Reason | None:
    """Why an action may not pass by itself; None when it may."""
    if rule is None:
        if _obstacle(action, risk, Risk.LOW) is None and action.is_harmless_read:
            return None
        return Reason(ReasonCode.NO_RULE, "No rule lets it pass, so a person decides")
    if rule.then == "allow":
        obstacle = _obstacle(action, risk, ALLOW_CEILING)
        if obstacle is None:
            return None
        return Reason(ReasonCode.ALLOW_REFUSED, f"Rule {rule.id} would let it pass, but {obstacle}")
    return Reason(ReasonCode.RULE_REVIEW, f"Rule {rule.id} asks for a person")


def _obstacle(action: ActionFacts, risk: Risk, ceiling: Risk) -> str | None:
    """What forbids any automatic pass, whatever the rules say."""
    if action.kind != "tool_call":
        return "it is a question to people"
    if action.tool is None:
        return "the tool is not in the catalogue"
    if not action.verifiable or risk is Risk.UNVERIFIABLE:
        return "the payload cannot be verified"
    if not action.can_be_undone:
        return "the catalogue does not say that it can be put back"
    if risk.rank > ceiling.rank:
        return f"its risk is {risk.value}"
    return None


def _raised(reviewing: Sequence[Rule], level: Risk) -> list[Reason]:
    return [
        Reason(ReasonCode.RULE_RISK, f"Rule {rule.id} judges it {rule.risk_at_least.value} at least")
        for rule in reviewing
        if rule.risk_at_least is not None and worst(level, rule.risk_at_least) is not level
    ]


def _needs(document: PolicyDocument, risk: Risk, reviewing: Sequence[Rule]) -> tuple[Need, ...]:
    # A rule's people come on top of the ladder's. Two rules that both want a lead are content with the same one.
    return added(document.ladder[risk], largest(*(rule.needs for rule in reviewing if rule.needs)))
