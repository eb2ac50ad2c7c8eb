"""What policy says about a request: facts in, one verdict out, never an allow by mistake."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from inbox.policy.context import lacking
from inbox.policy.document import HARMLESS_READ, INFERRED_READ, CheckpointRule, Escalation, PolicyDocument
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.limits import LimitUse, limit_uses, together
from inbox.policy.meter import Meter, Unanswerable
from inbox.policy.need import NO_TIER, Need
from inbox.policy.reasons import Reason, ReasonCode
from inbox.policy.requirement import added, largest
from inbox.policy.risk import Assessment, assess
from inbox.policy.rule import Rule
from inbox.policy.rules import Heard, listen, precedence
from inbox.policy.shapes import OnTimeout
from inbox.policy.waiting import Waiting, waiting
from inbox.policy.words import Outcome, Risk, worst

logger = logging.getLogger(__name__)

# What an admin's allow rule may pass at most. Whatever is judged higher gets a person all the same.
ALLOW_CEILING: Final = Risk.MEDIUM
# When even the document's ladder cannot be read, nobody can approve: the request is rejected by its deadline.
NOBODY: Final = Need(tier=NO_TIER, count=1)
UNREADABLE_EXPIRES_IN: Final = 3600


@dataclass(frozen=True, slots=True)
class Verdict:
    """Policy's answer. `needs` is empty unless it says review or blocked; `expires_in` is in seconds.

    `rule` is the rule the outcome rests on: `harmless-read` when the catalogue alone passed it, `inferred-read`
    when inference had to help, None when no rule spoke and a person is asked for that reason. Blocked: refused, unless all of `needs` answer by the
    break-glass verdict. `context_refused` are required fields of the agent's context whose absence made this a
    denial, `context_flagged` those whose absence people must see. `limits` must be taken, all or none, before an
    allow may pass: see `with_limit_reached`. `escalation` is in seconds since the request came: see `escalated`.
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
    checkpoint: str = ""
    on_timeout: OnTimeout = "reject"
    escalation: tuple[Escalation, ...] = ()
    context_refused: tuple[str, ...] = ()
    context_flagged: tuple[str, ...] = ()
    limits: tuple[LimitUse, ...] = ()


def evaluate(document: PolicyDocument, facts: Facts, *, policy: str, version: int) -> Verdict:
    """Judge a request by one version of a policy. Raises for facts it cannot make sense of: see safe_evaluate.

    One action that is denied, or a required field of context that is missing, denies the request; otherwise one
    action that is blocked blocks it; otherwise one action that needs a person asks for people; only when every
    single action may pass does the request.
    """
    assessment = assess(facts)
    meter = Meter()
    asked = [(action, listen(document.matchers, action, facts, meter)) for action in facts.actions]
    rules = sorted({rule.id: rule for _, heard in asked for rule in heard.rules}.values(), key=precedence)
    denying, blocking, reviewing = (
        [rule for rule in rules if rule.then == then] for then in ("deny", "break_glass", "review")
    )
    asking = [*blocking, *reviewing]
    failures = _failures(asked)
    risk = worst(
        assessment.level,
        *(rule.risk_at_least for rule in asking if rule.risk_at_least is not None),
        *([Risk.CRITICAL] if failures else []),
    )

    checkpoint = document.checkpoint(facts.checkpoint)
    refused, flagged = lacking(checkpoint, rules, facts.claims.context)
    harmless = _harmless(document, facts, assessment)
    held = [
        reason
        for (action, heard), free in zip(asked, harmless, strict=True)
        if (reason := _held(action, heard, risk, harmless=free)) is not None
    ]
    uses, unknown = _limits(asked, facts)
    held += [*unknown, *(_lacks(name, "a person must see that") for name in flagged)]
    if denying or refused:
        outcome, speaking = Outcome.DENY, denying
        why = [Reason(ReasonCode.RULE_DENY, f"Rule {rule.id} refuses it") for rule in denying]
        why += [_lacks(name, "without it nothing is judged") for name in refused]
    elif blocking:
        outcome, speaking = Outcome.BLOCKED, asking
        why = [
            Reason(ReasonCode.RULE_BLOCK, f"Rule {rule.id} blocks it: only breaking the glass lets it pass")
            for rule in blocking
        ]
        why += [*failures, *held, *_raised(asking, assessment.level)]
    elif held or failures:
        outcome, speaking = Outcome.REVIEW, reviewing
        why = [*failures, *held, *_raised(reviewing, assessment.level)]
    else:
        outcome, speaking = Outcome.ALLOW, rules
        why = [Reason(ReasonCode.RULE_ALLOW, f"Rule {rule.id} lets it pass") for rule in rules]
        if any(heard.winner is None and action.tool is not None for action, heard in asked):
            why.append(Reason(ReasonCode.PASSED_HARMLESS, "Harmless reads pass without a person"))
        if any(heard.winner is None and action.tool is None for action, heard in asked):
            text = "Tools nobody described pass where everything says that they only read"
            why.append(Reason(ReasonCode.PASSED_INFERRED, text))

    waits = waiting(document, risk, asking, facts.checkpoint)
    needs: tuple[Need, ...] = ()
    if outcome in (Outcome.REVIEW, Outcome.BLOCKED):
        needs = _most(document) if failures else _needs(document, risk, asking, checkpoint)
    return Verdict(
        outcome=outcome,
        risk=risk,
        reasons=tuple(dict.fromkeys((*assessment.reasons, *why))),
        needs=needs,
        rule=speaking[0].id if speaking else _built_in(facts) if outcome is Outcome.ALLOW else None,
        policy=policy,
        version=version,
        notes=_notes(speaking, refused),
        batchable=(
            risk is Risk.LOW
            and outcome is not Outcome.BLOCKED
            and not flagged
            and assessment.reversible
            and all(action.verifiable and action.tool is not None for action in facts.actions)
        ),
        expires_in=waits.expires_in,
        reversible=assessment.reversible,
        checkpoint=facts.checkpoint,
        on_timeout=waits.on_timeout,
        escalation=waits.escalation,
        context_refused=refused,
        context_flagged=flagged,
        limits=uses if outcome is Outcome.ALLOW else (),
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
        needs = _most(document)
        waits = waiting(document, Risk.CRITICAL, (), "")
    except Exception:  # noqa: BLE001 - a document that cannot even name its highest needs
        needs, waits = (NOBODY,), Waiting(UNREADABLE_EXPIRES_IN, "reject", ())
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
        expires_in=waits.expires_in,
        reversible=False,
        on_timeout=waits.on_timeout,
        escalation=waits.escalation,
    )


def with_limit_reached(verdict: Verdict, document: PolicyDocument, use: LimitUse) -> Verdict:
    """The review an allow becomes when one of its `limits` is used up, or could not be taken.

    `document` is the version the verdict is of. Raises ValueError for a verdict that is no allow.
    """
    if verdict.outcome is not Outcome.ALLOW:
        raise ValueError("only what would pass can reach a limit")
    text = f"Rule {use.rule} would let it pass, but its limit is used up: {use.says()}, until {use.ends:%H:%M} UTC"
    waits = waiting(document, verdict.risk, (), verdict.checkpoint)
    passed = (ReasonCode.RULE_ALLOW, ReasonCode.PASSED_HARMLESS, ReasonCode.PASSED_INFERRED)
    return replace(
        verdict,
        outcome=Outcome.REVIEW,
        reasons=(
            *(reason for reason in verdict.reasons if reason.code not in passed),
            Reason(ReasonCode.LIMIT_REACHED, text),
        ),
        needs=_needs(document, verdict.risk, (), document.checkpoint(verdict.checkpoint)),
        rule=None,
        notes=(),
        expires_in=waits.expires_in,
        on_timeout=waits.on_timeout,
        escalation=waits.escalation,
        limits=(),
    )


Asked = Sequence[tuple[ActionFacts, Heard]]


def _failures(asked: Asked) -> list[Reason]:
    return [
        Reason(
            ReasonCode.RULE_FAILED,
            f"Rule {rule.id} cannot be judged ({why}), so the most that can be asked for is asked for",
        )
        for _, heard in asked
        for rule, why in heard.failed
    ]


def _limits(asked: Asked, facts: Facts) -> tuple[tuple[LimitUse, ...], list[Reason]]:
    uses: list[LimitUse] = []
    unknown: list[Reason] = []
    for action, heard in asked:
        rule = heard.winner
        if rule is None or rule.then != "allow":
            continue
        try:
            uses += limit_uses(rule, action, facts)
        except Unanswerable as error:
            text = f"Rule {rule.id} would let it pass, but {error}"
            unknown.append(Reason(ReasonCode.LIMIT_UNKNOWN, text))
    return together(uses), unknown


def _lacks(name: str, so: str) -> Reason:
    return Reason(ReasonCode.CONTEXT_MISSING, f"The agent did not fill in {name}, which is required: {so}")


def _notes(speaking: Sequence[Rule], refused: Sequence[str]) -> tuple[str, ...]:
    notes = [rule.note for rule in speaking if rule.note]
    if refused:
        notes.append(f"Fill in the context: {', '.join(refused)}.")
    return tuple(dict.fromkeys(notes))


def _harmless(document: PolicyDocument, facts: Facts, assessment: Assessment) -> list[bool]:
    """Of each action, whether it may pass without a rule: reads by the catalogue, or by inference where that may speak."""
    infers = document.infers_unknown_tools
    return [
        free and (infers or action.tool is not None)
        for action, free in zip(facts.actions, assessment.harmless, strict=True)
    ]


def _built_in(facts: Facts) -> str:
    """The name of the answer when no rule was needed: inference as soon as one tool is unknown."""
    return INFERRED_READ if any(action.tool is None for action in facts.actions) else HARMLESS_READ


def _held(action: ActionFacts, heard: Heard, risk: Risk, *, harmless: bool) -> Reason | None:
    """Why an action may not pass by itself; None when it may."""
    strict = next((rule for rule in heard.rules if rule.then != "allow"), None)
    if strict is not None:
        return Reason(ReasonCode.RULE_REVIEW, f"Rule {strict.id} asks for a person")
    if harmless and risk is Risk.LOW and action.kind == "tool_call" and action.verifiable:
        return None
    rule = heard.winner
    if rule is None:
        return Reason(ReasonCode.NO_RULE, "No rule lets it pass, so a person decides")
    obstacle = _obstacle(action, risk, ALLOW_CEILING)
    if obstacle is None:
        return None
    return Reason(ReasonCode.ALLOW_REFUSED, f"Rule {rule.id} would let it pass, but {obstacle}")


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
    if action.computed.new_destinations:
        return "it goes where this agent never sent anything"
    return None


def _raised(reviewing: Sequence[Rule], level: Risk) -> list[Reason]:
    return [
        Reason(ReasonCode.RULE_RISK, f"Rule {rule.id} judges it {rule.risk_at_least.value} at least")
        for rule in reviewing
        if rule.risk_at_least is not None and worst(level, rule.risk_at_least) is not level
    ]


def _needs(
    document: PolicyDocument, risk: Risk, asking: Sequence[Rule], checkpoint: CheckpointRule
) -> tuple[Need, ...]:
    # A rule's people come on top of the ladder's. Two rules that both want a lead are content with the same one.
    wanted = [*(rule.needs for rule in asking), checkpoint.needs]
    return added(document.ladder[risk], largest(*(needs for needs in wanted if needs)))


def _most(document: PolicyDocument) -> tuple[Need, ...]:
    return added(document.ladder[Risk.CRITICAL], document.most_beside_ladder)
