"""The one door to a verdict by people: pages, API and batches all come through `decide_many`.

Lock first, then look: request rows by id, then the clock, the member row, and only then state, deadline, digest
and rights. What was read before the locks is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from agents.crashpoints import crashpoint
from agents.services import token_makers
from inbox import audit, canonical, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import (
    AlreadyClosed,
    AlreadyVoted,
    Changed,
    Expired,
    FieldError,
    Invalid,
    NotAllowed,
    NotFound,
    Refused,
)
from inbox.lifecycle import State
from inbox.models import (
    Action,
    ApprovalRequest,
    Decision,
    IdempotencyKey,
    Member,
    PolicyVersion,
    Team,
    Tool,
    Vote,
)
from inbox.permissions import eligibility
from inbox.policy.need import Need
from inbox.policy.requirement import Slot, open_slots, slots, strictest
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of, tier_ranks
from inbox.services.closing import Ending, close
from inbox.services.expire import ending_by_timeout

Verdict = Literal["approve", "reject"]
MESSAGE_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One request to decide, bound to the digest the person was shown.

    `actions` may give a verdict per action key; otherwise `verdict` applies to all of them.
    """

    request_id: UUID
    digest: str
    verdict: Verdict
    message: str = ""
    actions: Mapping[str, Verdict] | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a vote did. `decision` is None while `slots_open` names votes still needed."""

    request: ApprovalRequest
    decision: Decision | None
    slots_open: tuple[str, ...]
    seq: int
    repeated: bool = False


def decide(
    *,
    person: User,
    team: Team,
    request_id: UUID,
    digest: str,
    verdict: Verdict,
    message: str = "",
    via: str = "web",
    idempotency_key: str,
    actions: Mapping[str, Verdict] | None = None,
) -> Decided:
    """Record one person's verdict. A repeat under the same key and body returns the first result.

    Raises NotFound, NotAllowed, AlreadyClosed, Changed, AlreadyVoted, Expired or Invalid; a NotAllowed is itself
    audited. Acknowledge only after this returns: everything is committed by then.
    """
    line = Line(request_id, digest, verdict, message, actions)
    fingerprint = canonical.digest(
        {
            "request": str(request_id),
            "digest": digest,
            "verdict": verdict,
            "message": message,
            "actions": dict(actions) if actions else None,
        }
    )
    with transaction.atomic(durable=True):
        result = decide_many(
            person=person, team=team, lines=[line], via=via, key=(idempotency_key, fingerprint)
        )[0]
        crashpoint("decide.before_commit")
    crashpoint("decide.after_commit")
    if isinstance(result, Refused):
        if isinstance(result, NotAllowed):
            _audit_refusal(team, person, request_id, result, via)
        raise result
    return result


def decide_many(
    *,
    person: User,
    team: Team,
    lines: Sequence[Line],
    via: str,
    key: tuple[str, str] | None = None,
    batch: bool = False,
) -> list[Decided | Refused]:
    """Decide several requests in the caller's transaction, set-based; each line gets its result or its refusal.

    `key` is (idempotency key, fingerprint) for a single line. `batch` refuses what must be decided by itself.
    """
    requests = {
        request.pk: request
        for request in ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "policy_version__policy", "group")
        .filter(team=team, pk__in=[line.request_id for line in lines])
        .order_by("pk")
    }
    now = database_now()
    if key is not None:
        # After the lock: a double click's second half waits above and then finds the first one's answer.
        repeated = _repeated(person, key, requests.get(lines[0].request_id))
        if repeated is not None:
            return [repeated]
    table = _Table.load(person, team, list(requests.values()))
    verdicts = [_judge(line, requests.get(line.request_id), table, now, batch) for line in lines]
    return _write(team, person, lines, verdicts, table, now, via, key)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A vote that stands: the slot it fills, the slots it leaves open, the verdict per action."""

    request: ApprovalRequest
    slot: str | None
    left: tuple[str, ...]
    verdicts: dict[str, Verdict]

    @property
    def closes(self) -> bool:
        return self.slot is None or not self.left


@dataclass(frozen=True, slots=True)
class _Late:
    request: ApprovalRequest


_Result = _Counted | _Late | Refused


@dataclass(frozen=True, slots=True)
class _Table:
    """Everything the judging of a set of locked requests needs, in a fixed number of queries."""

    member: Member | None
    ranks: Mapping[str, int]
    current: PolicyVersion
    excluded: Mapping[UUID, set[int]]
    votes: Mapping[UUID, list[Vote]]
    keys: Mapping[UUID, list[str]]
    tools: Mapping[str, Tool]

    @classmethod
    def load(cls, person: User, team: Team, requests: Sequence[ApprovalRequest]) -> _Table:
        # The lock alone first: a demotion that commits first is seen by the read below, one that comes later waits
        # for us. Joining the tier into the locking read once returned no tier at all, because Postgres re-checks
        # the locked row after a wait but not the rows joined to it.
        Member.objects.select_for_update(no_key=True).filter(team=team, user=person).values_list("pk").first()
        member = Member.objects.select_related("tier", "user").filter(team=team, user=person).first()
        agents = {request.agent_id: request.agent for request in requests}
        excluded = token_makers(set(agents))
        for agent_id, agent in agents.items():
            if agent.owner_id is not None:
                excluded[agent_id].add(agent.owner_id)
        votes: dict[UUID, list[Vote]] = {}
        for vote in Vote.objects.filter(
            request_id__in=[r.pk for r in requests if r.votes_cast]
        ).select_related("person"):
            votes.setdefault(vote.request_id, []).append(vote)
        numbers = {request.pk: request.revision_number for request in requests}
        keys: dict[UUID, list[str]] = {}
        for request_id, number, action_key in (
            Action.objects.filter(revision__request_id__in=numbers)
            .order_by("position")
            .values_list("revision__request_id", "revision__number", "key")
        ):
            if numbers[request_id] == number:
                keys.setdefault(request_id, []).append(action_key)
        names = {name for request in requests for name in request.tools}
        return cls(
            member=member,
            ranks=tier_ranks(team.pk),
            current=current_version(team.pk),
            excluded=excluded,
            votes=votes,
            keys=keys,
            tools={tool.name: tool for tool in Tool.objects.filter(team=team, name__in=names)},
        )

    def open(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """Slots still open: what was pinned when it was asked or what policy needs now, whichever is more."""
        taken = {
            vote.slot
            for vote in self.votes.get(request.pk, ())
            if vote.slot and vote.digest == request.digest
        }
        return tuple(open_slots(slots(needs_now(request, self.current, self.ranks)), taken))


def needs_now(request: ApprovalRequest, current: PolicyVersion, ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """The needs of a pending request: the stricter of those pinned at asking and the current ladder's."""
    pinned = tuple(Need(tier=need["tier"], count=need["count"]) for need in request.needs)
    if request.policy_version_id == current.pk:
        return pinned
    return strictest(pinned, document_of(current).ladder[Risk(request.risk)], ranks)


def _judge(line: Line, request: ApprovalRequest | None, table: _Table, now: datetime, batch: bool) -> _Result:
    member = table.member
    if request is None or member is None or not member.is_active:
        return NotFound()
    if len(line.message) > MESSAGE_LENGTH:
        return Invalid("message-too-long", f"The message is over {MESSAGE_LENGTH:,} characters.")
    if request.state != State.PENDING.value:
        return _closed(request)
    if now >= request.expires_at:
        return _Late(request)
    if line.digest != request.digest:
        return Changed(extra={"digest": request.digest, "revision": request.revision_number})
    if batch and not request.batchable:
        return NotAllowed("individual-only", "This request is decided by itself, not in a batch.")
    cast = table.votes.get(request.pk, [])
    if any(
        vote.person_id == member.user_id and vote.revision_number == request.revision_number for vote in cast
    ):
        return AlreadyVoted()
    open_now = table.open(request)
    may = eligibility(
        member=member,
        open_slots=open_now,
        ranks=table.ranks,
        excluded=table.excluded.get(request.agent_id, set()),
    )
    if not may.may or may.slot is None:
        return NotAllowed(may.code, f"Not recorded. {may.reason}")
    verdicts = _verdicts(line, table.keys[request.pk])
    if isinstance(verdicts, Refused):
        return verdicts
    kinds = set(verdicts.values())
    if kinds == {"reject"}:
        # One eligible rejection ends it: it fills no slot.
        return _Counted(request, None, (), verdicts)
    if len(kinds) > 1 and (len(open_now) > 1 or cast):
        return Invalid(
            "decide-all-alike",
            "This request needs several people: approve or reject all its actions together.",
        )
    left = tuple(slot.name for slot in open_now if slot.name != may.slot.name)
    return _Counted(request, may.slot.name, left, verdicts)


def _verdicts(line: Line, keys: Sequence[str]) -> dict[str, Verdict] | Refused:
    if line.actions is None:
        return dict.fromkeys(keys, line.verdict)
    unknown = sorted(set(line.actions) - set(keys))
    missing = [key for key in keys if key not in line.actions]
    if unknown or missing:
        return Invalid(
            "actions-mismatch",
            "Decide every action of the request exactly once.",
            errors=[FieldError("/decisions", "unknown-action", key) for key in unknown]
            + [FieldError("/decisions", "missing-action", key) for key in missing],
        )
    return {key: line.actions[key] for key in keys}


def _write(
    team: Team,
    person: User,
    lines: Sequence[Line],
    results: Sequence[_Result],
    table: _Table,
    now: datetime,
    via: str,
    key: tuple[str, str] | None,
) -> list[Decided | Refused]:
    counted = [
        (line, result) for line, result in zip(lines, results, strict=True) if isinstance(result, _Counted)
    ]
    late = [result.request for result in results if isinstance(result, _Late)]
    tier = table.member.tier.name if table.member and table.member.tier else ""
    actor = Actor("person", person.get_username(), str(person.pk))
    Vote.objects.bulk_create(
        Vote(
            request=vote.request,
            revision_number=vote.request.revision_number,
            person=person,
            slot=vote.slot,
            tier=tier,
            digest=vote.request.digest,
            approves=vote.slot is not None,
            message=line.message,
            via=via,
        )
        for line, vote in counted
    )
    for _, vote in counted:
        vote.request.votes_cast += 1
    if counted:
        ApprovalRequest.objects.bulk_update([vote.request for _, vote in counted], ["votes_cast"])
    endings = [
        Ending(
            request=vote.request,
            kind=Decision.Kind.PERSON,
            actor=actor,
            verdicts=vote.verdicts,
            version=table.current,
            message=line.message,
            person=person,
            rule=vote.request.rule,
            via=via,
            idempotent=all(
                name in table.tools and table.tools[name].idempotent for name in vote.request.tools
            ),
            facts={"tier": tier, "slot": vote.slot},
        )
        for line, vote in counted
        if vote.closes
    ]
    endings += [ending_by_timeout(request, table.current, table.keys[request.pk]) for request in late]
    voted = [
        Entry(
            verb="voted",
            actor=actor,
            request_id=vote.request.pk,
            facts={
                "tier": tier,
                "slot": vote.slot,
                "digest": vote.request.digest,
                "open": list(vote.left),
                "via": via,
                "message": line.message,
            },
        )
        for line, vote in counted
        if not vote.closes
    ]
    decisions: dict[UUID, Decision] = {}
    seq = 0
    if endings:
        decisions = {d.request_id: d for d in close(team.pk, endings, at=now, before=voted)}
        seq = max(decision.seq for decision in decisions.values())
    elif voted:
        seq = audit.append(team.pk, voted, at=now)[-1].seq
        events.announce(team.pk, seq)
    answers: list[Decided | Refused] = []
    for result in results:
        if isinstance(result, _Counted):
            decision = decisions.get(result.request.pk)
            answers.append(
                Decided(
                    result.request,
                    decision,
                    result.left if decision is None else (),
                    decision.seq if decision else seq,
                )
            )
        elif isinstance(result, _Late):
            answers.append(Expired(extra={"expired_at": result.request.expires_at.isoformat()}))
        else:
            answers.append(result)
    if key is not None and isinstance(answers[0], Decided):
        _remember(person, key, answers[0])
    return answers


def _closed(request: ApprovalRequest) -> Refused:
    if request.state == State.EXPIRED.value:
        return Expired(extra={"expired_at": request.expires_at.isoformat()})
    decision = (
        Decision.objects.select_related("person", "policy_version__policy").filter(request=request).first()
    )
    who = request.agent.handle if decision is None else _name(decision)
    when = request.closed_at.isoformat() if request.closed_at else ""
    what = request.outcome or request.state
    return AlreadyClosed(
        detail=f"Not recorded: this request was already {what} by {who}.",
        extra={"who": who, "when": when, "outcome": what, "decision": str(decision.pk) if decision else None},
    )


def _name(decision: Decision) -> str:
    if decision.person is not None:
        return decision.person.get_username()
    return f"policy {decision.policy_version}" if decision.kind == Decision.Kind.POLICY else "the deadline"


def _repeated(
    person: User, key: tuple[str, str], request: ApprovalRequest | None
) -> Decided | Refused | None:
    kept = IdempotencyKey.objects.filter(person=person, key=key[0]).first()
    if kept is None:
        return None
    if kept.fingerprint != key[1] or request is None:
        return Invalid(
            "idempotency-key-reused",
            "This idempotency key was used for another decision. Nothing was recorded.",
        )
    decision = (
        Decision.objects.filter(pk=kept.result["decision"]).first() if kept.result["decision"] else None
    )
    return Decided(request, decision, tuple(kept.result["slots_open"]), kept.result["seq"], repeated=True)


def _remember(person: User, key: tuple[str, str], decided: Decided) -> None:
    IdempotencyKey.objects.create(
        person=person,
        key=key[0],
        fingerprint=key[1],
        result={
            "decision": str(decided.decision.pk) if decided.decision else None,
            "slots_open": list(decided.slots_open),
            "seq": decided.seq,
        },
    )


def _audit_refusal(team: Team, person: User, request_id: UUID, refusal: Refused, via: str) -> None:
    with transaction.atomic():
        receipt = audit.append(
            team.pk,
            [
                Entry(
                    verb="refused",
                    actor=Actor("person", person.get_username(), str(person.pk)),
                    request_id=request_id,
                    facts={"code": refusal.code, "via": via},
                )
            ],
            at=database_now(),
        )[0]
        events.announce(team.pk, receipt.seq)
