"""A request before and while it is stored: its columns from what was judged, its bytes, its group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from agents.contract import Submission
from agents.ids import uuid7
from agents.models import Agent
from inbox import canonical
from inbox.errors import FieldError, Invalid
from inbox.lifecycle import OnTimeout
from inbox.models import Action, ApprovalRequest, PolicyVersion, Revision, Tool
from inbox.policy.grouping import group_key
from inbox.policy.silence import is_stricter, timeline
from inbox.policy.words import Outcome as Says
from inbox.selectors.compensation import COMPENSATES_KEYS
from inbox.services.closing import leave_group
from inbox.services.drafting import action_rows, describe, envelope
from inbox.services.judging import Judged

log = structlog.get_logger(__name__)

HOSTED_KEYS: Final = "hosted:"
DEFERRED_KEYS: Final = "deferred:"
RESERVED_KEYS: Final = {
    HOSTED_KEYS: "runs hosted here use those",
    DEFERRED_KEYS: "lines that were put off use those",
    COMPENSATES_KEYS: "what puts an earlier call back uses those",
}
"""How no agent's dedupe_key may begin, and why."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A submission and where inside its thread the answer goes (a LangGraph interrupt id), if anywhere."""

    submission: Submission
    address: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before it is stored, with the rows that go with it."""

    request: ApprovalRequest
    group_key: str | None
    payload: bytes
    submission: Submission
    judged: Judged
    idempotent: bool


def new_draft(
    agent: Agent,
    version: PolicyVersion,
    tools: Mapping[str, Tool],
    requesters: Mapping[str, int],
    item: Addressed,
    judged: Judged,
    channel: str,
    at: datetime,
) -> Draft:
    """The request as it will be stored. Raises Invalid (on-timeout-too-patient)."""
    submission, verdict, team = item.submission, judged.verdict, version.policy.team
    on_timeout = _on_timeout(submission, judged)
    times = timeline(
        on_timeout,
        verdict.expires_in,
        [step.after_seconds for step in verdict.escalation],
        submission.expires_in,
    )
    expires_at = at + timedelta(seconds=times.deadline)
    payload = envelope(
        agent=agent,
        team_id=team.pk,
        thread=submission.thread,
        checkpoint=submission.checkpoint,
        expires_at=expires_at,
        actions=submission.actions,
        revision=1,
    )
    request = ApprovalRequest(
        id=uuid7(),
        team=team,
        agent=agent,
        thread=submission.thread,
        dedupe_key=submission.dedupe_key,
        body_digest=body_digest(submission),
        channel=channel,
        address=item.address,
        checkpoint=submission.checkpoint,
        dialect=submission.dialect,
        digest=canonical.sha256(payload),
        blocked=verdict.outcome is Says.BLOCKED,
        batchable=verdict.batchable and verdict.outcome is Says.REVIEW and _plain(submission),
        policy_version=version,
        rule=verdict.rule or "",
        reasons=[{"code": reason.code, "text": reason.text} for reason in verdict.reasons],
        notes=list(verdict.notes),
        flags=[f"The agent left out: {spelled(name)}." for name in verdict.context_flagged],
        needs=[need.model_dump(exclude_none=True) for need in verdict.needs],
        context=submission.context.model_dump(mode="json"),
        claims=submission.claims.model_dump(mode="json"),
        environment=agent.environment,
        requester_id=requesters.get(submission.on_behalf_of or ""),
        permit=submission.reply.permit,
        on_timeout=on_timeout.value,
        created_at=at,
        expires_at=expires_at,
        escalate_at=at + timedelta(seconds=times.next_due) if times.next_due is not None else None,
    )
    describe(request, judged, submission.actions)
    key = None
    if request.batchable:
        key = _group_key(agent, judged, request)
    idempotent = all(name in tools and tools[name].idempotent for name in request.tools)
    return Draft(request, key, payload, submission, judged, idempotent)


def _group_key(agent: Agent, judged: Judged, request: ApprovalRequest) -> str | None:
    (action,) = judged.facts.actions
    try:
        return group_key(agent.pk, action, request.rule, request.risk, request.reversible)
    except Exception:
        # What cannot be compared is reviewed alone.
        log.exception("group_not_found", tool=action.name)
        return None


def _on_timeout(submission: Submission, judged: Judged) -> OnTimeout:
    """What silence does: policy's word, or the agent's where it is stricter. Raises Invalid for a more patient one."""
    verdict = judged.verdict
    says = OnTimeout(verdict.on_timeout)
    if says is OnTimeout.ESCALATE and not verdict.escalation:
        # A rule may say so where its risk has nobody further to ask.
        says = OnTimeout.REJECT
    asked = OnTimeout(submission.on_timeout) if submission.on_timeout else says
    if asked is not says and not is_stricter(asked, than=says):
        raise Invalid(
            "on-timeout-too-patient",
            f"Policy answers silence here with {says.value}; an agent may only ask for something stricter than that.",
            errors=[FieldError("/on_timeout", "on-timeout-too-patient")],
        )
    return asked


def store(drafts: Sequence[Draft], *, leaving: Sequence[ApprovalRequest] = ()) -> None:
    """Insert the requests with their bytes in the caller's transaction; `leaving` leave their groups, loaded, with it.

    Groups are locked once, in the order of their keys, whether they are joined or left.
    """
    moves: list[tuple[str, Draft | ApprovalRequest]] = [
        (draft.group_key, draft) for draft in drafts if draft.group_key is not None
    ]
    moves += [(request.group.key, request) for request in leaving if request.group is not None]
    for key, one in sorted(moves, key=lambda move: move[0]):
        if isinstance(one, Draft):
            one.request.group_id = _join_group(one.request, key)
        else:
            leave_group([one])
    ApprovalRequest.objects.bulk_create(draft.request for draft in drafts)
    revisions = Revision.objects.bulk_create(
        Revision(request=draft.request, number=1, payload=draft.payload, digest=draft.request.digest)
        for draft in drafts
    )
    Action.objects.bulk_create(
        row
        for draft, revision in zip(drafts, revisions, strict=True)
        for row in action_rows(revision, draft.submission.actions, draft.judged)
    )


def body_digest(submission: Submission) -> str:
    """What tells a repeated body from another under the same key."""
    return canonical.digest(submission.model_dump(mode="json"))


def _plain(submission: Submission) -> bool:
    """Whether it is one call that is approved or rejected as it stands: only such are decided many at once."""
    (first, *more) = submission.actions
    return not more and first.kind == "tool_call" and "approve" in first.allow


def _join_group(request: ApprovalRequest, key: str) -> UUID:
    # Upsert in one statement: the row's lock is what keeps the counter true.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inbox_requestgroup (id, team_id, key, agent_id, tool, risk, pending, latest_sentence)
            VALUES (%s, %s, %s, %s, %s, %s, 1, %s)
            ON CONFLICT (team_id, key)
            DO UPDATE SET pending = inbox_requestgroup.pending + 1, latest_sentence = EXCLUDED.latest_sentence
            RETURNING id
            """,
            [uuid7(), request.team_id, key, request.agent_id, request.tool, request.risk, request.sentence],
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - RETURNING after an upsert has one row
    group_id: UUID = row[0]
    return group_id


def spelled(name: str) -> str:
    """A field's name in words."""
    return name.replace("_", " ")
