"""The one way a request comes to be, whatever channel it came by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents import gate
from agents.contract import ProposedAction, Submission
from agents.models import Agent
from inbox import audit, events
from inbox.answers import APPROVED, REJECTED
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import AlreadyClosed, FieldError, Invalid
from inbox.lifecycle import Outcome
from inbox.models import ApprovalRequest, Decision, Hold, Member, PolicyVersion, Team
from inbox.policy.evaluate import Verdict
from inbox.policy.words import Outcome as Says
from inbox.selectors.answers import decision_of, stream_seq
from inbox.selectors.past import Past
from inbox.selectors.pauses import names_paused
from inbox.selectors.policy import document_of, in_force, tools_named
from inbox.services import shadow
from inbox.services.closing import Ending, close
from inbox.services.granted import pass_granted, used
from inbox.services.holds import hold, new_hold
from inbox.services.intake import RESERVED_KEYS, Addressed, Draft, body_digest, new_draft, spelled, store
from inbox.services.judging import Judged, denial, judge
from inbox.services.limits import take
from inbox.services.notify import assigned, notify, settle
from inbox.services.pickups import told
from inbox.services.routing import route
from inbox.services.snooze import end_alike, end_with
from inbox.services.superseding import lock_superseded, supersede

log = structlog.get_logger(__name__)

# What changes a team's own rules is named so; a look-alike by an agent would only mislead who reads it.
OWN_TOOLS = "placet."


@dataclass(frozen=True, slots=True)
class Submitted:
    """The request, whether this call made it (or an earlier one with the same key and body), and as of when it is."""

    request: ApprovalRequest
    created: bool
    decision: Decision | None
    seq: int


def submit(*, agent: Agent, submission: Submission) -> Submitted:
    """Store a request in the agent's team, let policy answer what it may, queue the rest.

    The same `dedupe_key` with the same body returns the first request; with another body it raises Invalid
    (`dedupe-key-reused`). What it supersedes is closed with it; raises Invalid (unknown-request) and AlreadyClosed for
    what cannot be. Acknowledge only after this returns: the transaction is committed by then.
    """
    for beginning, why in RESERVED_KEYS.items():
        if submission.dedupe_key.startswith(beginning):
            raise Invalid("reserved-key", f"A dedupe_key may not begin with {beginning}: {why}.")
    try:
        return submit_all(agent=agent, asked=[Addressed(submission)], channel=submission.reply.channel)[0]
    except (IntegrityError, AlreadyClosed):
        # The key came before, perhaps at this very instant: the index says so more cheaply than a look each time.
        # And what a repeat takes the place of was closed by the call it repeats.
        earlier = _earlier(agent, submission)
        if earlier is None:
            raise
        return earlier


def submit_all(*, agent: Agent, asked: Sequence[Addressed], channel: str) -> list[Submitted]:
    """Store several new requests of one agent together: all or none, in the order given.

    One transaction that takes limits, grants and groups in key order and the team's stream once, at the end: submitting one by
    one inside a transaction would take the next group while holding the stream, against the lock order.
    Raises IntegrityError when a dedupe key came before, Invalid for a tool that is this server's own.
    """
    refuse_own_tools(action for item in asked for action in item.submission.actions)
    version, ranks = in_force(agent.team_id)
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
    require_context(one.verdict for one in judged)
    said = shadow.opinions(version, [(one.verdict, one.facts) for one in judged])
    with transaction.atomic():
        before = lock_superseded(agent, [item.submission for item in asked])
        at = database_now()
        judged = take(agent.team_id, judged, document_of(version))
        drafts = [
            new_draft(agent, version, tools, requesters, item, verdict, channel, at)
            for item, verdict in zip(asked, judged, strict=True)
        ]
        passed = pass_granted(
            agent=agent,
            version=version,
            asked=[(draft.submission, draft.judged, draft.request) for draft in drafts],
            at=at,
        )
        for place, one in passed.items():
            drafts[place] = new_draft(
                agent, version, tools, requesters, asked[place], one.judged, channel, at
            )
        routed = _route(drafts, version, at, ranks)
        replaced = []
        for draft in drafts:
            draft.request.supersedes = before.get(draft.submission.supersedes or "")
            if draft.request.supersedes is not None:
                replaced.append((draft.request.supersedes, draft.request.pk))
        entries, leaving = supersede(replaced, agent, at) if replaced else ([], [])
        paused_now = _held_back(drafts)
        store(drafts, leaving=leaving)
        gone = [request for request, _ in replaced]
        entries += end_with(gone, at) if gone else []
        entries += used(passed, [draft.request for draft in drafts], agent)
        shadow.note(version, [draft.request for draft in drafts], said)
        return _answer(version.policy.team, drafts, routed, at, entries, paused_now, gone)


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
    draft = new_draft(agent, version, {}, {}, Addressed(submission), judged, channel, database_now())
    draft.request.requester = requester
    routed = _route([draft], version, draft.request.created_at)
    store([draft])
    return _answer(version.policy.team, [draft], routed, draft.request.created_at)[0].request


def _earlier(agent: Agent, submission: Submission) -> Submitted | None:
    """What the key stands for already; None when it came for the first time."""
    request = (
        ApprovalRequest.objects.select_related("agent", "team", "decision")
        .filter(agent=agent, dedupe_key=submission.dedupe_key)
        .first()
    )
    if request is None:
        return None
    if request.body_digest != body_digest(submission):
        raise Invalid(
            "dedupe-key-reused",
            "This dedupe_key was used for another body. Nothing was stored; use a new key for a new request.",
            extra={"request": str(request.pk)},
        )
    return Submitted(request, False, decision_of(request), stream_seq(agent.team_id))


def refuse_own_tools(actions: Iterable[ProposedAction]) -> None:
    """Raises Invalid (reserved-tool) when an action is this server's own to do."""
    if any(action.name.casefold().startswith(OWN_TOOLS) for action in actions):
        raise Invalid(
            "reserved-tool", f"Tools named {OWN_TOOLS}… are this server's own: no agent may ask for one."
        )


def require_context(verdicts: Iterable[Verdict]) -> None:
    """Raises Invalid (missing-context) when a checkpoint or rule refuses what leaves a field of its context out."""
    for verdict in verdicts:
        absent = verdict.context_refused
        if absent:
            raise Invalid(
                "missing-context",
                f"Policy takes no such request without more context. Fill in: {', '.join(map(spelled, absent))}.",
                errors=[FieldError(f"/context/{name}", "missing-context") for name in absent],
            )


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


def _route(
    drafts: Sequence[Draft], version: PolicyVersion, at: datetime, ranks: Mapping[str, int] | None = None
) -> Mapping[UUID, dict[str, Any]]:
    waiting = [d.request for d in drafts if d.judged.verdict.outcome in (Says.REVIEW, Says.BLOCKED)]
    return route(version.policy.team_id, waiting, at=at, current=version, ranks=ranks)


def _answer(
    team: Team,
    drafts: Sequence[Draft],
    routed: Mapping[UUID, dict[str, Any]],
    at: datetime,
    also: Sequence[Entry] = (),
    held_back: Collection[UUID] = (),
    gone: Sequence[ApprovalRequest] = (),
) -> list[Submitted]:
    """Audit the asking, tell whom it is for, and close what policy answers by itself.

    What may pass and is `held_back` is held instead.
    """
    entries = [*(_asked(draft, routed.get(draft.request.pk, {})) for draft in drafts), *also]
    entries += end_alike({d.request.group_id for d in drafts if d.request.group_id is not None}, at)
    notices = assigned(draft.request for draft in drafts)
    if held_back:
        entries += hold([_hold(draft, at) for draft in drafts if draft.request.pk in held_back], at)
    endings = [
        _ending(draft)
        for draft in drafts
        if draft.judged.verdict.outcome in (Says.ALLOW, Says.DENY) and draft.request.pk not in held_back
    ]
    if endings:
        made = close(team.pk, endings, at=at, before=entries, notices=notices, moved=gone)
        decisions = {decision.request_id: decision for decision in made}
        seq = max(decision.seq for decision in decisions.values())
        told([*decisions.values()])
    else:
        decisions = {}
        notify(notices, at)
        settle(gone, at)
        seq = audit.append(team.pk, entries, at=at)[-1].seq
        events.announce(team.pk, seq)
    return [Submitted(d.request, True, decisions.get(d.request.pk), seq) for d in drafts]


def _held_back(drafts: Sequence[Draft]) -> set[UUID]:
    """Of what policy lets pass, what a pause holds. Passes the gate: before groups and the team's stream."""
    passing = [draft for draft in drafts if draft.judged.verdict.outcome is Says.ALLOW]
    if not passing:
        return set()
    gate.pass_through()
    names = names_paused(passing[0].request.team_id, passing[0].request.agent_id)
    return {draft.request.pk for draft in passing if names(draft.request.tools)}


def _hold(draft: Draft, at: datetime) -> Hold:
    return new_hold(
        draft.request,
        person=None,
        answers={action.key: APPROVED for action in draft.submission.actions},
        outcome=Outcome.APPROVED.value,
        version=draft.request.policy_version,
        message="",
        via="policy",
        broke_glass=False,
        facts={"rule": draft.request.rule},
        seconds=0,
        at=at,
    )


def _asked(draft: Draft, routed: dict[str, Any]) -> Entry:
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


def _ending(draft: Draft) -> Ending:
    verdict, version = draft.judged.verdict, draft.request.policy_version
    answer = APPROVED if verdict.outcome is Says.ALLOW else REJECTED
    return Ending(
        request=draft.request,
        kind=Decision.Kind.POLICY,
        actor=Actor("policy", str(version)),
        answers={action.key: answer for action in draft.submission.actions},
        version=version,
        rule=draft.request.rule,
        message="" if answer is APPROVED else denial(verdict.notes),
        via="policy",
        idempotent=draft.idempotent,
    )
