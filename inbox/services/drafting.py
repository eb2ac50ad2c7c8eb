"""From a judged submission to the bytes and columns of a revision: the same for the first and for every later one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from agents.contract import Claims, Context, ProposedAction, Submission
from agents.models import Agent
from inbox import canonical
from inbox.models import Action, ApprovalRequest, Revision
from inbox.policy.ceiling import money_moved
from inbox.services.judging import Judged

FORMAT = 1
SENTENCE_LENGTH = 400
DESCRIBED = (
    "risk",
    "reversible",
    "verifiable",
    "sentence",
    "sentence_complete",
    "tool",
    "tools",
    "facts_digest",
    "amount",
    "currency",
)
"""The columns `describe` sets."""


def envelope(
    *,
    agent: Agent,
    team_id: UUID,
    thread: str,
    checkpoint: str,
    expires_at: datetime,
    actions: Sequence[ProposedAction],
    revision: int,
) -> bytes:
    """The bytes a decision binds to. The salt makes the digest a commitment: it reveals nothing if the bytes go."""
    return canonical.dumps(
        {
            "format": FORMAT,
            "team": str(team_id),
            "agent": str(agent.pk),
            "thread": thread,
            "checkpoint": checkpoint,
            "revision": revision,
            "expires_at": expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "salt": secrets.token_hex(16),
            "actions": [action.model_dump(mode="json") for action in actions],
        }
    )


def as_submission(
    request: ApprovalRequest,
    actions: Sequence[ProposedAction],
    *,
    dedupe_key: str = "",
    context: Context | None = None,
    claims: Claims | None = None,
) -> Submission:
    """What the agent would have sent to ask for these actions in this request's place."""
    return Submission.model_validate(
        {
            "dedupe_key": dedupe_key or request.dedupe_key,
            "thread": request.thread,
            "checkpoint": request.checkpoint,
            "actions": tuple(actions),
            "context": context or Context.model_validate(request.context),
            "claims": claims or Claims.model_validate(request.claims),
        }
    )


def describe(request: ApprovalRequest, judged: Judged, actions: Sequence[ProposedAction]) -> None:
    """Set what the queue shows and orders by, without saving."""
    request.risk = judged.verdict.risk.value
    request.reversible = judged.verdict.reversible
    request.verifiable = judged.verifiable
    request.sentence = _headline(judged)
    request.sentence_complete = len(judged.sentences) == 1 and judged.sentences[0].complete
    request.tool = actions[0].name
    request.tools = sorted({action.name for action in actions})
    request.facts_digest = judged.facts_digest
    request.amount, request.currency = money_moved(
        (action.computed.amount, action.computed.currency) for action in judged.facts.actions
    )


def action_rows(revision: Revision, actions: Sequence[ProposedAction], judged: Judged) -> list[Action]:
    """The actions of a revision as rows for lists and search."""
    return [
        Action(
            revision=revision,
            position=position,
            key=action.key,
            kind=action.kind,
            name=action.name,
            args_digest=canonical.digest(action.args),
            sentence=said.text[:SENTENCE_LENGTH],
        )
        for position, (action, said) in enumerate(zip(actions, judged.sentences, strict=True))
    ]


def _headline(judged: Judged) -> str:
    text = judged.sentences[0].text
    more = len(judged.sentences) - 1
    if more:
        text = f"{text[: SENTENCE_LENGTH - 40]} and {more} more action{'s' if more > 1 else ''}"
    return text[:SENTENCE_LENGTH]
