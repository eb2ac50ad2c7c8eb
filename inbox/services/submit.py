"""The one way a request comes to be, whatever channel it came by."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from agents.contract import Submission
from agents.ids import uuid7
from agents.models import Agent
from inbox import audit, canonical, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import FieldError, Invalid
from inbox.lifecycle import OnTimeout
from inbox.models import Action, ApprovalRequest, Decision, Member, PolicyVersion, Revision, Team, Tool
from inbox.policy.ceiling import money_moved
from inbox.policy.grouping import group_key
from inbox.policy.silence import is_stricter, timeline
from inbox.policy.words import Outcome as Says
from inbox.selectors.answers import decision_of, stream_seq
from inbox.selectors.past import Past
from inbox.selectors.policy import current_version, document_of, tools_named
from inbox.services import shadow
from inbox.services.closing import Ending, close
from inbox.services.grants import pass_granted, used
from inbox.services.judging import Judged, denial, judge
from inbox.services.limits import take
from inbox.services.routing import route

log = structlog.get_logger(__name__)

FORMAT = 1
HOSTED_KEYS = "hosted:"
# What changes a team's own rules is named so; a look-alike by an agent would only mislead who reads it.
OWN_TOOLS = "placet."
SENTENCE_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Submitted:
    """The request, whether this call made it (or an earlier one with the same key and body), and as of when it is."""

    request: ApprovalRequest
    created: bool
    decision: Decision | None
    seq: int


@dataclass(frozen=True, slots=True)
class Addressed:
    """A submission and where inside its thread the answer goes (a LangGraph interrupt id), if anywhere."""

    submission: Submission
    address: str = ""


def submit(*, agent: Agent, submission: Submission) -> Submitted:
    """Store a request in the agent's team, let policy answer what it may, queue the rest.

    The same `dedupe_key` with the same body returns the first request; with another body it raises Invalid
    (`dedupe-key-reused`). Acknowledge only after this returns: the transaction is committed by then.
    """
    if submission.dedupe_key.startswith(HOSTED_KEYS):
        raise Invalid(
            "reserved-key", f"A dedupe_key may not begin with {HOSTED_KEYS}: runs hosted here use those."
        )
    try:
        return submit_all(agent=agent, asked=[Addressed(submission)], channel=submission.reply.channel)[0]
    except IntegrityError:
        # The key came before, perhaps at this very instant: the index says so more cheaply than a look each time.
        return _earlier(agent, submission)


def submit_all(*, agent: Agent, asked: Sequence[Addressed], channel: str) -> list[Submitted]:
    """Store several new requests of one agent together: all or none, in the order given.

    One transaction that takes limits, grants and groups in key order and the team's stream once, at the end: submitting one by
    one inside a transaction would take the next group while holding the stream, against the lock order.
    Raises IntegrityError when a dedupe key came before, Invalid for a tool that is this server's own.
    """
    if any(
        action.name.casefold().startswith(OWN_TOOLS) for item in asked for action in item.submission.actions
    ):
        raise Invalid(
            "reserved-tool", f"Tools named {OWN_TOOLS}… are this server's own: no agent may ask for one."
        )
    version = current_version(agent.team_id)
    tools = tools_named(agent.team_id, (action.name for item in asked for action in item.submission.actions))
    requesters = _requesters(agent, [item.submission for item in asked])
    now = datetime.now(UTC)
    threads = [item.submission.thread for item in asked]
    actions = (action for item in asked for action in item.submission.actions)
    past = Past.load(agent, actions, now=now, threads=threads)
    judged = [
        judge(
            agent=agent,
            submission=item.submission,
            tools=tools,
            version=version,
            now=now,
            past=past,
            ahead=threads[:place].count(item.submission.thread),
        )
        for place, item in enumerate(asked)
    ]
    _require_context(judged)
    said = shadow.opinions(version, [(one.verdict, one.facts) for one in judged])
    with transaction.atomic():
        at = database_now()
        judged = take(agent.team_id, judged, document_of(version))
        drafts = [
            _draft(agent, version, tools, requesters, item, verdict, channel, at)
            for item, verdict in zip(asked, judged, strict=True)
        ]
        passed = pass_granted(
            agent=agent,
            version=version,
            asked=[(draft.submission, draft.judged, draft.request) for draft in drafts],
            at=at,
        )
        for place, one in passed.items():
            drafts[place] = _draft(agent, version, tools, requesters, asked[place], one.judged, channel, at)
        routed = _route(drafts, version, at)
        _store(drafts)
        by_grant = used(passed, [draft.request for draft in drafts], agent)
        shadow.note(version, [draft.request for draft in drafts], said)
        return _answer(version.policy.team, drafts, routed, at, by_grant)


def submit_judged(
    *,
    agent: Agent,
    submission: Submission,
    judged: Judged,
    version: PolicyVersion,
    channel: str,
    requester: User,
) -> ApprovalRequest:
    """Store a request whose verdict policy does not make, in the caller's transaction; `requester` may not decide it."""
    draft = _draft(agent, version, {}, {}, Addressed(submission), judged, channel, database_now())
    draft.request.requester = requester
    routed = _route([draft], version, draft.request.created_at)
    _store([draft])
    return _answer(version.policy.team, [draft], routed, draft.request.created_at)[0].request


def _earlier(agent: Agent, submission: Submission) -> Submitted:
    request = (
        ApprovalRequest.objects.select_related("agent", "team", "decision")
        .filter(agent=agent, dedupe_key=submission.dedupe_key)
        .first()
    )
    if request is None:
        raise AssertionError("an insert was refused, but not for its key")
    if request.body_digest != _body_digest(submission):
        raise Invalid(
            "dedupe-key-reused",
            "This dedupe_key was used for another body. Nothing was stored; use a new key for a new request.",
            extra={"request": str(request.pk)},
        )
    return Submitted(request, False, decision_of(request), stream_seq(agent.team_id))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request before it is stored, with the rows that go with it."""

    request: ApprovalRequest
    group_key: str | None
    payload: bytes
    submission: Submission
    judged: Judged
    idempotent: bool


def _draft(
    agent: Agent,
    version: PolicyVersion,
    tools: dict[str, Tool],
    requesters: Mapping[str, int],
    item: Addressed,
    judged: Judged,
    channel: str,
    at: datetime,
) -> _Draft:
    submission, verdict, team = item.submission, judged.verdict, version.policy.team
    on_timeout = _on_timeout(submission, judged)
    times = timeline(
        on_timeout,
        verdict.expires_in,
        [step.after_seconds for step in verdict.escalation],
        submission.expires_in,
    )
    expires_at = at + timedelta(seconds=times.deadline)
    payload = _envelope(agent, team, submission, expires_at)
    first = submission.actions[0]
    amount, currency = money_moved(
        (action.computed.amount, action.computed.currency) for action in judged.facts.actions
    )
    request = ApprovalRequest(
        id=uuid7(),
        team=team,
        agent=agent,
        thread=submission.thread,
        dedupe_key=submission.dedupe_key,
        body_digest=_body_digest(submission),
        channel=channel,
        address=item.address,
        checkpoint=submission.checkpoint,
        dialect=submission.dialect,
        digest=canonical.sha256(payload),
        risk=verdict.risk.value,
        reversible=verdict.reversible,
        verifiable=judged.verifiable,
        blocked=verdict.outcome is Says.BLOCKED,
        batchable=verdict.batchable and verdict.outcome is Says.REVIEW and len(submission.actions) == 1,
        sentence=_headline(judged),
        sentence_complete=len(judged.sentences) == 1 and judged.sentences[0].complete,
        tool=first.name,
        tools=sorted({action.name for action in submission.actions}),
        policy_version=version,
        rule=verdict.rule or "",
        facts_digest=judged.facts_digest,
        reasons=[{"code": reason.code, "text": reason.text} for reason in verdict.reasons],
        notes=list(verdict.notes),
        flags=[f"The agent left out: {_spelled(name)}." for name in verdict.context_flagged],
        needs=[need.model_dump(exclude_none=True) for need in verdict.needs],
        context=submission.context.model_dump(mode="json"),
        claims=submission.claims.model_dump(mode="json"),
        environment=agent.environment,
        amount=amount,
        currency=currency,
        requester_id=requesters.get(submission.on_behalf_of or ""),
        on_timeout=on_timeout.value,
        created_at=at,
        expires_at=expires_at,
        escalate_at=at + timedelta(seconds=times.next_due) if times.next_due is not None else None,
    )
    key = None
    if request.batchable:
        key = _group_key(agent, judged, request)
    idempotent = all(name in tools and tools[name].idempotent for name in request.tools)
    return _Draft(request, key, payload, submission, judged, idempotent)


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


def _require_context(judged: Sequence[Judged]) -> None:
    """Raises Invalid (missing-context) when a checkpoint or rule refuses what leaves a field of its context out."""
    for one in judged:
        absent = one.verdict.context_refused
        if absent:
            raise Invalid(
                "missing-context",
                f"Policy takes no such request without more context. Fill in: {', '.join(map(_spelled, absent))}.",
                errors=[FieldError(f"/context/{name}", "missing-context") for name in absent],
            )


def _spelled(name: str) -> str:
    return name.replace("_", " ")


def _requesters(agent: Agent, submissions: Sequence[Submission]) -> dict[str, int]:
    """The user ids of the members on whose behalf it is asked. Raises Invalid for a name no member has.

    Taking an unknown name for nobody would let through the very person it was meant to bar.
    """
    names = {submission.on_behalf_of for submission in submissions if submission.on_behalf_of}
    if not names:
        return {}
    found = dict(
        Member.objects.filter(team_id=agent.team_id, user__username__in=names).values_list(
            "user__username", "user_id"
        )
    )
    if names - found.keys():
        raise Invalid(
            "unknown-person",
            "on_behalf_of names nobody of this team.",
            errors=[FieldError("/on_behalf_of", "unknown-person")],
        )
    return found


def _route(drafts: Sequence[_Draft], version: PolicyVersion, at: datetime) -> Mapping[UUID, dict[str, Any]]:
    waiting = [d.request for d in drafts if d.judged.verdict.outcome in (Says.REVIEW, Says.BLOCKED)]
    return route(version.policy.team_id, waiting, at=at, current=version)


def _store(drafts: Sequence[_Draft]) -> None:
    for draft in sorted((d for d in drafts if d.group_key is not None), key=lambda d: str(d.group_key)):
        draft.request.group_id = _join_group(draft.request, str(draft.group_key))
    ApprovalRequest.objects.bulk_create(draft.request for draft in drafts)
    revisions = Revision.objects.bulk_create(
        Revision(request=draft.request, number=1, payload=draft.payload, digest=draft.request.digest)
        for draft in drafts
    )
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
        for draft, revision in zip(drafts, revisions, strict=True)
        for position, (action, said) in enumerate(
            zip(draft.submission.actions, draft.judged.sentences, strict=True)
        )
    )


def _answer(
    team: Team,
    drafts: Sequence[_Draft],
    routed: Mapping[UUID, dict[str, Any]],
    at: datetime,
    by_grant: Sequence[Entry] = (),
) -> list[Submitted]:
    """Audit the asking, and close what policy answers by itself."""
    entries = [*(_asked(draft, routed.get(draft.request.pk, {})) for draft in drafts), *by_grant]
    endings = [_ending(draft) for draft in drafts if draft.judged.verdict.outcome in (Says.ALLOW, Says.DENY)]
    if endings:
        decisions = {d.request_id: d for d in close(team.pk, endings, at=at, before=entries)}
        seq = max(decision.seq for decision in decisions.values())
    else:
        decisions = {}
        seq = audit.append(team.pk, entries, at=at)[-1].seq
        events.announce(team.pk, seq)
    return [Submitted(d.request, True, decisions.get(d.request.pk), seq) for d in drafts]


def _asked(draft: _Draft, routed: dict[str, Any]) -> Entry:
    request, agent = draft.request, draft.request.agent
    return Entry(
        verb="requested",
        actor=Actor("agent", agent.handle, str(agent.pk)),
        request_id=request.pk,
        facts={
            "sentence": request.sentence,
            "tools": request.tools,
            "risk": request.risk,
            "digest": request.digest,
            "policy": str(request.policy_version),
            "rule": request.rule,
            "says": draft.judged.verdict.outcome.value,
            "on_timeout": request.on_timeout,
            "expires_at": request.expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
            **routed,
        },
    )


def _ending(draft: _Draft) -> Ending:
    verdict, version = draft.judged.verdict, draft.request.policy_version
    answer = "approve" if verdict.outcome is Says.ALLOW else "reject"
    return Ending(
        request=draft.request,
        kind=Decision.Kind.POLICY,
        actor=Actor("policy", str(version)),
        verdicts={action.key: answer for action in draft.submission.actions},
        version=version,
        rule=draft.request.rule,
        message="" if answer == "approve" else denial(verdict.notes),
        via="policy",
        idempotent=draft.idempotent,
    )


def _body_digest(submission: Submission) -> str:
    return canonical.digest(submission.model_dump(mode="json"))


def _headline(judged: Judged) -> str:
    text = judged.sentences[0].text
    more = len(judged.sentences) - 1
    if more:
        text = f"{text[: SENTENCE_LENGTH - 40]} and {more} more action{'s' if more > 1 else ''}"
    return text[:SENTENCE_LENGTH]


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
