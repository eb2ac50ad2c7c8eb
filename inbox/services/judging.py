"""What policy makes of proposed actions: facts from the catalogue and the renderer in, a verdict out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from agents.contract import ProposedAction, Submission
from agents.models import Agent
from inbox import canonical
from inbox.models import PolicyVersion, Tool
from inbox.policy.computed import compute
from inbox.policy.evaluate import Verdict, safe_evaluate
from inbox.policy.facts import ActionFacts, Claims, Computed, Facts, ToolFacts
from inbox.policy.templates import ImpactAdapter, adapted
from inbox.policy.words import Effect, Risk
from inbox.rendering.fields import field_table
from inbox.rendering.sentence import Sentence, TemplateError, compile_template, render
from inbox.selectors.past import Past
from inbox.selectors.policy import document_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what it was based on, and the sentence a reviewer will read for each action."""

    verdict: Verdict
    facts: Facts
    facts_digest: str
    verifiable: bool
    sentences: tuple[Sentence, ...]


def judge(
    *,
    agent: Agent,
    submission: Submission,
    tools: Mapping[str, Tool],
    version: PolicyVersion,
    now: datetime,
    past: Past | None = None,
    ahead: int = 0,
) -> Judged:
    """Evaluate a submission. Never raises for anything an agent sent: an error asks for the highest tier.

    `past` is what the agent did before; without it nothing is new and nothing was ever decided. `ahead` requests of the
    same thread are asked with it, before it.
    """
    sentences = tuple(
        describe(action.name, action.args, tools.get(action.name)) for action in submission.actions
    )
    team = version.policy.team
    facts = facts_of(
        agent=agent, submission=submission, tools=tools, team=team.slug, now=now, own_domains=team.domains
    )
    if past is not None:
        facts = past.told_of(facts, ahead=ahead)
    return Judged(
        verdict=verdict_by(version, facts),
        facts=facts,
        facts_digest=_digest_of(facts, version),
        verifiable=all(action.verifiable for action in facts.actions),
        sentences=sentences,
    )


def facts_of(
    *,
    agent: Agent,
    submission: Submission,
    tools: Mapping[str, Tool],
    team: str,
    now: datetime,
    own_domains: Collection[str] = (),
) -> Facts:
    """What policy may know of a submission made at `now`. What goes to `own_domains` is not external."""
    claimed, context = submission.claims, submission.context
    claims = Claims(
        risk=Risk(claimed.risk) if claimed.risk else None,
        urgency=claimed.urgency,
        confidence=claimed.confidence,
        cost_usd=claimed.cost_usd,
        duration_s=claimed.duration_s,
        user_task=context.user_task,
        prior_output=context.prior_output,
        context=tuple(sorted(name for name, value in context if value)),
    )
    return Facts(
        agent=agent.handle,
        team=team,
        thread=submission.thread,
        checkpoint=submission.checkpoint,
        actions=tuple(
            _facts_of(action, tools.get(action.name), claims, own_domains) for action in submission.actions
        ),
        claims=claims,
        now=now,
        environment=agent.environment,
    )


def denial(notes: Sequence[str]) -> str:
    """What an agent is told that policy refused."""
    return " ".join(notes) or "Policy does not allow this. Do not try it again in another form."


def verdict_by(version: PolicyVersion, facts: Facts) -> Verdict:
    """What one version says of these facts. Never raises."""
    return safe_evaluate(document_of(version), facts, policy=version.policy.name, version=version.number)


def describe(name: str, args: Mapping[str, canonical.JsonValue], tool: Tool | None) -> Sentence:
    """The system's sentence for an action; a template that no longer compiles counts as none."""
    template = None
    if tool is not None and tool.template:
        try:
            template = compile_template(tool.template)
        except TemplateError:
            template = None
    return render(template, name, args)


def _facts_of(
    action: ProposedAction, tool: Tool | None, claims: Claims, own_domains: Collection[str]
) -> ActionFacts:
    blocking = _blocking_findings(action)
    return ActionFacts(
        key=action.key,
        name=action.name,
        kind=action.kind,
        args=action.args,
        description=action.description,
        tool=_tool_facts(tool) if tool else None,
        verifiable=not blocking,
        findings=blocking,
        args_schema=action.args_schema,
        computed=_computed(action, tool, claims, own_domains),
    )


def _computed(
    action: ProposedAction, tool: Tool | None, claims: Claims, own_domains: Collection[str]
) -> Computed:
    try:
        found = compute(
            action.name,
            action.args,
            user_task=claims.user_task,
            prior_output=claims.prior_output,
            own_domains=own_domains,
        )
        if tool is not None and tool.impact:
            found = adapted(found, ImpactAdapter.model_validate(tool.impact), action.args)
        return found
    except Exception:
        # Facts that were not worked out say so, and nothing passes on their strength.
        log.exception("facts_not_computed", tool=action.name)
        return Computed()


def _blocking_findings(action: ProposedAction) -> tuple[str, ...]:
    try:
        findings = field_table(action.args, schema=action.args_schema).findings
    except Exception:
        # What cannot be shown cannot be verified, so it asks for the tier that means; it must not be lost, nor pass.
        log.exception("payload_not_rendered", tool=action.name)
        return ("The server could not render these arguments.",)
    return tuple(finding.message for finding in findings if finding.severity == "block")


def _tool_facts(tool: Tool) -> ToolFacts:
    return ToolFacts(
        name=tool.name,
        effect=Effect(tool.effect),
        reversible=tool.reversible,
        harmless=tool.harmless,
        risk_floor=Risk(tool.risk_floor) if tool.risk_floor else None,
    )


def _digest_of(facts: Facts, version: PolicyVersion) -> str:
    """What the verdict rested on, all of it but the time, so that an audit can judge the same input again."""
    told = asdict(facts)
    del told["now"]
    return canonical.digest({"policy": version.digest, "facts": told})
