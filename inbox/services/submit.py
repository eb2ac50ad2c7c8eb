"""The one way a request comes to be, whatever channel it came by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from agents.contract import ProposedAction, Submission
from agents.ids import uuid7
from agents.models import Agent
from inbox import audit, canonical, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import Invalid
from inbox.models import Action, ApprovalRequest, Decision, PolicyVersion, Revision, Team, Tool
from inbox.policy.grouping import group_key
from inbox.policy.words import Outcome as Says
from inbox.selectors.answers import decision_of, stream_seq
from inbox.selectors.policy import current_version, tools_named
from inbox.services.closing import Ending, close
from inbox.services.judging import Judged, judge

FORMAT = 1
SENTENCE_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Submitted:
    """The request, whether this call made it (or an earlier one with the same key and body), and as of when it is."""

    request: ApprovalRequest
    created: bool
    decision: Decision | None
    seq: int


def submit(*, agent: Agent, submission: Submission, channel: str = "poll", address: str = "") -> Submitted:
    """Store a request in the agent's team, let policy answer what it may, queue the rest.

    The same `dedupe_key` with the same body returns the first request; with another body it raises Invalid
    (`dedupe-key-reused`). Acknowledge only after this returns: the transaction is committed by then.
    """
    body_digest = canonical.digest(submission.model_dump(mode="json"))
    version = current_version(agent.team_id)
    team = version.policy.team
    tools = tools_named(team.pk, (action.name for action in submission.actions))
    judged = judge(
        agent=agent,
        team=team.slug,
        submission=submission,
        tools=tools,
        version=version,
        now=datetime.now(UTC),
    )
    try:
        with transaction.atomic():
            return _store(agent, team, submission, judged, version, tools, body_digest, channel, address)
    except IntegrityError:
        # The key came before, perhaps at this very instant: the index says so more cheaply than a look each time.
        return _earlier(agent, submission.dedupe_key, body_digest)


def _earlier(agent: Agent, dedupe_key: str, body_digest: str) -> Submitted:
    request = (
        ApprovalRequest.objects.select_related("agent", "team", "decision")
        .filter(agent=agent, dedupe_key=dedupe_key)
        .first()
    )
    if request is None:
        raise AssertionError("an insert was refused, but not for its key")
    if request.body_digest != body_digest:
        raise Invalid(
            "dedupe-key-reused",
            "This dedupe_key was used for another body. Nothing was stored; use a new key for a new request.",
            extra={"request": str(request.pk)},
        )
    return Submitted(request, False, decision_of(request), stream_seq(agent.team_id))


def _store(
    agent: Agent,
    team: Team,
    submission: Submission,
    judged: Judged,
    version: PolicyVersion,
    tools: dict[str, Tool],
    body_digest: str,
    channel: str,
    address: str,
) -> Submitted:
    now = database_now()
    verdict = judged.verdict
    lifetime = min(submission.expires_in or verdict.expires_in, verdict.expires_in)
    expires_at = now + timedelta(seconds=lifetime)
    payload = _envelope(agent, team, submission, expires_at)
    first = submission.actions[0]
    sentence = _headline(judged)
    request = ApprovalRequest(
        id=uuid7(),
        team=team,
        agent=agent,
        thread=submission.thread,
        dedupe_key=submission.dedupe_key,
        body_digest=body_digest,
        channel=channel,
        address=address,
        checkpoint=submission.checkpoint,
        dialect=submission.dialect,
        digest=canonical.sha256(payload),
        risk=verdict.risk.value,
        reversible=verdict.reversible,
        verifiable=judged.verifiable,
        batchable=verdict.batchable and verdict.outcome is Says.REVIEW and len(submission.actions) == 1,
        sentence=sentence,
        sentence_complete=len(judged.sentences) == 1 and judged.sentences[0].complete,
        tool=first.name,
        tools=sorted({action.name for action in submission.actions}),
        policy_version=version,
        rule=verdict.rule or "",
        facts_digest=judged.facts_digest,
        reasons=[{"code": reason.code, "text": reason.text} for reason in verdict.reasons],
        notes=list(verdict.notes),
        needs=[{"tier": need.tier, "count": need.count} for need in verdict.needs],
        context=submission.context.model_dump(mode="json"),
        claims=submission.claims.model_dump(mode="json"),
        created_at=now,
        expires_at=expires_at,
    )
    if request.batchable:
        request.group_id = _join_group(request, first)
    request.save(force_insert=True)
    revision = Revision.objects.create(request=request, number=1, payload=payload, digest=request.digest)
    Action.objects.bulk_create(
        Action(
            revision=revision,
            position=position,
            key=action.key,
            kind=action.kind,
            name=action.name,
            args_digest=canonical.digest(action.args),
            sentence=said.text[:SENTENCE_LENGTH],
        )
        for position, (action, said) in enumerate(zip(submission.actions, judged.sentences, strict=True))
    )
    asked = Entry(
        verb="requested",
        actor=Actor("agent", agent.handle, str(agent.pk)),
        request_id=request.pk,
        facts={
            "sentence": sentence,
            "tools": request.tools,
            "risk": request.risk,
            "digest": request.digest,
            "policy": str(version),
            "rule": request.rule,
            "says": verdict.outcome.value,
            "expires_at": expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
        },
    )
    if verdict.outcome is Says.REVIEW:
        receipt = audit.append(team.pk, [asked], at=now)[0]
        events.announce(team.pk, receipt.seq)
        return Submitted(request, True, None, receipt.seq)
    answer = "approve" if verdict.outcome is Says.ALLOW else "reject"
    decision = close(
        team.pk,
        [
            Ending(
                request=request,
                kind=Decision.Kind.POLICY,
                actor=Actor("policy", f"{version}"),
                verdicts={action.key: answer for action in submission.actions},
                version=version,
                rule=request.rule,
                message="" if answer == "approve" else _denial(verdict.notes),
                via="policy",
                idempotent=_idempotent(tools, submission),
            )
        ],
        at=now,
        before=[asked],
    )[0]
    return Submitted(request, True, decision, decision.seq)


def _denial(notes: tuple[str, ...]) -> str:
    return " ".join(notes) or "Policy does not allow this. Do not try it again in another form."


def _headline(judged: Judged) -> str:
    text = judged.sentences[0].text
    more = len(judged.sentences) - 1
    if more:
        text = f"{text[: SENTENCE_LENGTH - 40]} and {more} more action{'s' if more > 1 else ''}"
    return text[:SENTENCE_LENGTH]


def _idempotent(tools: dict[str, Tool], submission: Submission) -> bool:
    return all(action.name in tools and tools[action.name].idempotent for action in submission.actions)


def _envelope(agent: Agent, team: Team, submission: Submission, expires_at: datetime) -> bytes:
    """The bytes a decision binds to. The salt makes the digest a commitment: it reveals nothing if the bytes go."""
    return canonical.dumps(
        {
            "format": FORMAT,
            "team": str(team.pk),
            "agent": str(agent.pk),
            "thread": submission.thread,
            "checkpoint": submission.checkpoint,
            "revision": 1,
            "expires_at": expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "salt": secrets.token_hex(16),
            "actions": [action.model_dump(mode="json") for action in submission.actions],
        }
    )


def _join_group(request: ApprovalRequest, action: ProposedAction) -> UUID:
    key = group_key(
        str(request.agent_id), action.name, action.args, request.rule, request.risk, request.reversible
    )
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
            [uuid7(), request.team_id, key, request.agent_id, action.name, request.risk, request.sentence],
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - RETURNING after an upsert has one row
    group_id: UUID = row[0]
    return group_id
