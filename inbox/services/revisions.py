"""Other bytes in the place of those people look at: a person's edit, or the agent's next draft.

The caller holds the request's row lock. Needs only grow; votes on the revision before are outdated; the deadline stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from pydantic import ValidationError

from agents.contract import Claims, Context, ProposedAction
from inbox import canonical
from inbox.errors import Invalid
from inbox.models import Action, ApprovalRequest, PolicyVersion, Revision
from inbox.policy.evaluate import Verdict
from inbox.policy.words import Outcome as Says
from inbox.policy.words import Risk, worst
from inbox.selectors.past import Past
from inbox.selectors.policy import tier_ranks, tools_named
from inbox.services.drafting import DESCRIBED, action_rows, as_submission, describe, envelope
from inbox.services.judging import judge
from inbox.services.rejudging import raise_to

_CHANGED = (
    *DESCRIBED,
    "revision_number",
    "digest",
    "batchable",
    "group",
    "needs",
    "blocked",
    "reasons",
    "judged_by",
    "context",
    "claims",
    "editor",
)


@dataclass(frozen=True, slots=True)
class Revised:
    """What became of a request. `before` is it as it was, to leave its group; `verdict` what policy says of the new
    bytes (a denial is the caller's to act on)."""

    before: ApprovalRequest
    verdict: Verdict
    facts: dict[str, Any]

    @property
    def leaving(self) -> list[ApprovalRequest]:
        return [self.before] if self.before.group_id is not None else []


def revise(
    request: ApprovalRequest,
    actions: Sequence[ProposedAction],
    *,
    version: PolicyVersion,
    at: datetime,
    author: User | None = None,
    context: Context | None = None,
    claims: Claims | None = None,
    set_aside: Sequence[Mapping[str, Any]] = (),
) -> Revised:
    """Store the next revision, judged anew by the version in force, which the caller holds. Agent loaded."""
    before = copy(request)
    submission = as_submission(request, actions, context=context, claims=claims)
    tools = tools_named(request.team_id, (action.name for action in actions))
    past = Past.load(request.agent, actions, now=at)
    judged = judge(
        agent=request.agent, submission=submission, tools=tools, version=version, now=at, past=past
    )
    number = request.revision_number + 1
    payload = envelope(
        agent=request.agent,
        team_id=request.team_id,
        thread=request.thread,
        checkpoint=request.checkpoint,
        expires_at=request.expires_at,
        actions=actions,
        revision=number,
    )
    revision = Revision.objects.create(
        request=request,
        number=number,
        payload=payload,
        digest=canonical.sha256(payload),
        author=author,
        set_aside=list(set_aside),
    )
    Action.objects.bulk_create(action_rows(revision, actions, judged))
    describe(request, judged, actions)
    request.risk = worst(Risk(before.risk), judged.verdict.risk).value
    request.revision_number, request.digest = number, revision.digest
    request.batchable, request.group = False, None
    request.judged_by, request.editor = version, author
    request.context = submission.context.model_dump(mode="json")
    request.claims = submission.claims.model_dump(mode="json")
    if judged.verdict.outcome in (Says.REVIEW, Says.BLOCKED):
        raise_to(request, judged.verdict, tier_ranks(request.team_id))
    request.save(update_fields=_CHANGED)
    return Revised(
        before,
        judged.verdict,
        {
            "revision": number,
            "from_digest": before.digest,
            "digest": request.digest,
            "sentence_before": before.sentence,
            "sentence": request.sentence,
            "risk_before": before.risk,
            "risk": request.risk,
            "needs_before": before.needs,
            "needs": request.needs,
        },
    )


def edited_actions(
    current: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Mapping[str, Any]]
) -> list[ProposedAction]:
    """The actions of an envelope with other arguments for some. Raises Invalid for arguments this server cannot keep."""
    try:
        # Through bytes: what a form or a client sent is held to the same strict JSON as the agent's own.
        canonical.loads(canonical.dumps(dict(arguments)))
        return [
            ProposedAction.model_validate(
                {**action, "args": arguments.get(key, action["args"])}, strict=False
            )
            for key, action in current.items()
        ]
    except canonical.JsonRefused as refused:
        raise Invalid(refused.code, f"Not recorded. {refused.detail}") from None
    except (ValidationError, TypeError, ValueError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise Invalid("arguments-invalid", f"Not recorded. {first}.") from None
