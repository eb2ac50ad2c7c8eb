"""How a request ends: the one place that closes requests, for people, policy and the clock alike.

The caller holds the requests' row locks. Lock order everywhere: requests by id, members, the gate (agents/gate.py),
groups by key, what people put aside by id, history by agent and tool, notifications by member, the team's stream last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F

from agents import outbox
from agents.ids import uuid7
from inbox import audit, canonical, events
from inbox.answers import Answers
from inbox.audit import Actor, Entry
from inbox.lifecycle import Outcome, State, Verb
from inbox.models import ApprovalRequest, Decision, PolicyVersion, RequestGroup
from inbox.models.request import OPEN
from inbox.selectors.conversation import guidance_on
from inbox.selectors.envelopes import Bytes, bytes_of
from inbox.services.answering import Lines, answer_bytes, told
from inbox.services.notify import Notice, notify, settle
from inbox.services.remember import Answered, remember
from inbox.services.snooze import end_with


@dataclass(frozen=True, slots=True)
class Ending:
    """How one locked, open request ends.

    `answers` says something of every action. `version` is the policy version that applied. `halt` tells the agent
    that its run must stop. `lines` are those taken out of an action's arguments, as the agent is told of them.
    `verb` is the audit's, where it is not the state itself.
    """

    request: ApprovalRequest
    kind: Decision.Kind
    actor: Actor
    answers: Answers
    version: PolicyVersion
    message: str = ""
    person: User | None = None
    rule: str = ""
    via: str = ""
    idempotent: bool = False
    state: State = State.DECIDED
    halt: bool = False
    verb: str = ""
    lines: Lines = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def close(
    team_id: UUID,
    endings: Sequence[Ending],
    *,
    at: datetime,
    before: Sequence[Entry] = (),
    leaving: Sequence[ApprovalRequest] = (),
    notices: Sequence[Notice] = (),
    moved: Sequence[ApprovalRequest] = (),
) -> list[Decision]:
    """Close requests, decide, audit and enqueue what resumes their agents, all in the caller's transaction.

    `before` are audit entries recorded first (a vote, the asking); `leaving` are other requests that leave their
    groups with these, because groups are locked once and in order. For the same reason `notices` are told here, and
    `moved`, other requests as they were, settled. Returns the decisions in order.
    """
    found = bytes_of(ending.request for ending in endings)
    ids = [uuid7() for _ in endings]
    # What is closed as it is asked has heard nothing yet.
    notes = guidance_on(ending.request.pk for ending in endings if ending.request.created_at != at)
    tellings = [
        told(found[ending.request.pk], ending.answers, message=ending.message, lines=ending.lines)
        for ending in endings
    ]
    answers = [
        answer_bytes(
            request=ending.request,
            what=telling,
            kind=ending.kind,
            actor=ending.actor,
            version=ending.version,
            rule=ending.rule,
            decision_id=decision_id,
            at=at,
            idempotent=ending.idempotent,
            halt=ending.halt,
            guidance=notes.get(ending.request.pk, ()),
        )
        for ending, telling, decision_id in zip(endings, tellings, ids, strict=True)
    ]
    outcomes = [telling.outcome for telling in tellings]
    # A held request left its group when it was decided.
    gone = [ending.request for ending in endings if ending.request.state == State.PENDING.value]
    _mark(endings, outcomes, at)
    leave_group([*leaving, *gone])
    closed = [ending.request for ending in endings]
    back = end_with(closed, at)
    remember(
        one
        for ending in endings
        if ending.state is State.DECIDED
        for one in _answered(ending, found[ending.request.pk])
    )
    entries = [
        Entry(
            verb=ending.verb or ending.state.value,
            actor=ending.actor,
            request_id=ending.request.pk,
            facts={
                "decision": str(decision_id),
                "outcome": outcome.value,
                "digest": ending.request.digest,
                "revision": ending.request.revision_number,
                "policy": str(ending.version),
                "rule": ending.rule,
                "via": ending.via,
                "message": ending.message,
                "answer_digest": canonical.sha256(answer),
                **ending.facts,
            },
        )
        for ending, decision_id, outcome, answer in zip(endings, ids, outcomes, answers, strict=True)
    ]
    notify(notices, at)
    settle([*closed, *leaving, *moved], at)
    receipts = audit.append(team_id, [*before, *entries, *back], at=at)[len(before) :]
    seq = receipts[-1].seq if receipts else 0
    receipts = receipts[: len(entries)]
    decisions = Decision.objects.bulk_create(
        Decision(
            id=decision_id,
            request=ending.request,
            kind=ending.kind,
            outcome=outcome.value,
            person=ending.person,
            policy_version=ending.version,
            rule=ending.rule,
            revision_number=ending.request.revision_number,
            digest=ending.request.digest,
            answer=answer,
            message=ending.message,
            via=ending.via,
            decided_at=at,
            seq=receipt.seq,
            chain_hash=receipt.hash,
        )
        for ending, decision_id, outcome, answer, receipt in zip(
            endings, ids, outcomes, answers, receipts, strict=True
        )
    )
    outbox.enqueue(
        [
            outbox.Letter(
                agent=ending.request.agent,
                channel=ending.request.channel,
                decision_id=decision_id,
                thread=ending.request.thread,
                address=ending.request.address,
                payload=answer,
            )
            for ending, decision_id, answer in zip(endings, ids, answers, strict=True)
            # A polling agent reads the decision itself, and a run that is halted is resumed with nothing.
            if ending.request.channel != "poll" and not ending.halt
        ]
    )
    if receipts:
        events.announce(team_id, seq)
    return decisions


def leave_group(requests: Sequence[ApprovalRequest]) -> None:
    """Count requests that stopped waiting out of their groups, groups in key order."""
    counts = Counter(request.group_id for request in requests if request.group_id is not None)
    # Locked in the order submitting takes them.
    for group in RequestGroup.objects.select_for_update(no_key=True).filter(pk__in=counts).order_by("key"):
        RequestGroup.objects.filter(pk=group.pk).update(pending=F("pending") - counts[group.pk])


def rejoin_group(requests: Sequence[ApprovalRequest]) -> None:
    """Count requests back into their groups that wait again, groups in key order."""
    counts = Counter(request.group_id for request in requests if request.group_id is not None)
    for group in RequestGroup.objects.select_for_update(no_key=True).filter(pk__in=counts).order_by("key"):
        RequestGroup.objects.filter(pk=group.pk).update(pending=F("pending") + counts[group.pk])


def _mark(endings: Sequence[Ending], outcomes: Sequence[Outcome], at: datetime) -> None:
    by_result: dict[tuple[State, Outcome | None], list[UUID]] = {}
    for ending, comes_to in zip(endings, outcomes, strict=True):
        outcome = comes_to if ending.state is State.DECIDED else None
        by_result.setdefault((ending.state, outcome), []).append(ending.request.pk)
        ending.request.state = ending.state.value
        ending.request.outcome = outcome.value if outcome else None
        ending.request.closed_at = at
    for (state, outcome), ids in by_result.items():
        changed = ApprovalRequest.objects.filter(pk__in=ids, state__in=OPEN).update(
            state=state.value,
            outcome=outcome.value if outcome else None,
            closed_at=at,
            claimed_by=None,
            claimed_until=None,
        )
        if changed != len(ids):
            raise AssertionError("a request under our lock was closed by someone else")


def _answered(ending: Ending, found: Bytes) -> Iterator[Answered]:
    """What history keeps: an answer in words is no approval of a call, and a step put off was not judged."""
    for key, action in found.actions.items():
        verb = ending.answers[key].verb
        if verb.lets_run or verb is Verb.REJECT:
            yield Answered(
                agent_id=ending.request.agent_id,
                tool=action["name"],
                args=action["args"],
                approved=verb.lets_run,
                by_people=ending.kind is Decision.Kind.PERSON,
                edited=verb.lets_run and found.edited(key),
            )
