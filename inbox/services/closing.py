"""How a request ends: the one place that closes requests, for people, policy and the clock alike.

The caller holds the requests' row locks. Lock order everywhere: requests by id, members, groups by key,
history by agent and tool, the team's stream last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F

from agents import outbox
from agents.ids import uuid7
from inbox import audit, canonical, events
from inbox.audit import Actor, Entry
from inbox.lifecycle import Outcome, State, outcome_of
from inbox.models import ApprovalRequest, Decision, PolicyVersion, RequestGroup, Revision
from inbox.services.remember import Answered, remember


@dataclass(frozen=True, slots=True)
class Ending:
    """How one locked, pending request ends.

    `verdicts` maps every action key to approve or reject. `version` is the policy version that applied. `halt`
    tells the agent that its run must stop.
    `verb` is the audit's, where it is not the state itself.
    """

    request: ApprovalRequest
    kind: Decision.Kind
    actor: Actor
    verdicts: Mapping[str, str]
    version: PolicyVersion
    message: str = ""
    person: User | None = None
    rule: str = ""
    via: str = ""
    idempotent: bool = False
    state: State = State.DECIDED
    halt: bool = False
    verb: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def close(
    team_id: UUID,
    endings: Sequence[Ending],
    *,
    at: datetime,
    before: Sequence[Entry] = (),
    leaving: Sequence[ApprovalRequest] = (),
) -> list[Decision]:
    """Close requests, decide, audit and enqueue what resumes their agents, all in the caller's transaction.

    `before` are audit entries recorded first (a vote, the asking); `leaving` are other requests that leave their
    groups with these, because groups are locked once and in order. Returns the decisions in order.
    """
    payloads = _payloads([ending.request for ending in endings])
    ids = [uuid7() for _ in endings]
    answers = [
        _answer(ending, payloads[ending.request.pk], decision_id, at)
        for ending, decision_id in zip(endings, ids, strict=True)
    ]
    _mark(endings, at)
    leave_group([*leaving, *(ending.request for ending in endings)])
    remember(
        Answered(
            agent_id=ending.request.agent_id,
            tool=action["name"],
            args=action["args"],
            approved=ending.verdicts[action["key"]] == "approve",
            by_people=ending.kind is Decision.Kind.PERSON,
        )
        for ending in endings
        if ending.state is State.DECIDED
        for action in payloads[ending.request.pk]["actions"]
    )
    entries = [
        Entry(
            verb=ending.verb or ending.state.value,
            actor=ending.actor,
            request_id=ending.request.pk,
            facts={
                "decision": str(decision_id),
                "outcome": outcome_of(list(ending.verdicts.values())).value,
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
        for ending, decision_id, answer in zip(endings, ids, answers, strict=True)
    ]
    receipts = audit.append(team_id, [*before, *entries], at=at)[len(before) :]
    decisions = Decision.objects.bulk_create(
        Decision(
            id=decision_id,
            request=ending.request,
            kind=ending.kind,
            outcome=outcome_of(list(ending.verdicts.values())).value,
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
        for ending, decision_id, answer, receipt in zip(endings, ids, answers, receipts, strict=True)
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
        events.announce(team_id, receipts[-1].seq)
    return decisions


def leave_group(requests: Sequence[ApprovalRequest]) -> None:
    """Count requests that stopped waiting out of their groups, groups in key order."""
    counts = Counter(request.group_id for request in requests if request.group_id is not None)
    # Locked in the order submitting takes them.
    for group in RequestGroup.objects.select_for_update(no_key=True).filter(pk__in=counts).order_by("key"):
        RequestGroup.objects.filter(pk=group.pk).update(pending=F("pending") - counts[group.pk])


def _mark(endings: Sequence[Ending], at: datetime) -> None:
    by_result: dict[tuple[State, Outcome | None], list[UUID]] = {}
    for ending in endings:
        outcome = outcome_of(list(ending.verdicts.values())) if ending.state is State.DECIDED else None
        by_result.setdefault((ending.state, outcome), []).append(ending.request.pk)
        ending.request.state = ending.state.value
        ending.request.outcome = outcome.value if outcome else None
        ending.request.closed_at = at
    for (state, outcome), ids in by_result.items():
        changed = ApprovalRequest.objects.filter(pk__in=ids, state=State.PENDING.value).update(
            state=state.value, outcome=outcome.value if outcome else None, closed_at=at
        )
        if changed != len(ids):
            raise AssertionError("a request under our lock was closed by someone else")


def _payloads(requests: Sequence[ApprovalRequest]) -> dict[UUID, dict[str, Any]]:
    numbers = {request.pk: request.revision_number for request in requests}
    found: dict[UUID, dict[str, Any]] = {}
    for request_id, number, raw in Revision.objects.filter(request_id__in=numbers).values_list(
        "request_id", "number", "payload"
    ):
        if numbers[request_id] == number:
            # Revisions hold what `loads` accepted, so the plain reader gives the same value back.
            found[request_id] = canonical.read(bytes(raw))
    return found


def _answer(ending: Ending, envelope: Mapping[str, Any], decision_id: UUID, at: datetime) -> bytes:
    """The canonical bytes the agent receives: exactly the approved arguments, with their digests."""
    actions = []
    for action in envelope["actions"]:
        verdict = ending.verdicts[action["key"]]
        approved = verdict == "approve"
        actions.append(
            {
                "key": action["key"],
                "type": verdict,
                "args": action["args"] if approved else None,
                "args_digest": canonical.digest(action["args"]) if approved else None,
                "message": ending.message or None,
            }
        )
    return canonical.dumps(
        {
            "decision_id": str(decision_id),
            "request_id": str(ending.request.pk),
            "outcome": outcome_of(list(ending.verdicts.values())).value,
            "actions": actions,
            "by": {"kind": ending.kind.value, "name": ending.actor.name},
            "policy": str(ending.version),
            "rule": ending.rule or None,
            "digest": ending.request.digest,
            "decided_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "idempotent": ending.idempotent,
            **({"halt": True} if ending.halt else {}),
        }
    )
