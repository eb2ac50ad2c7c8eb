"""What one person's verdict on locked requests comes to: counted, late, or refused. Reads only; `decide` writes.

Everything here is read after the row locks are held (inbox/services/decide.py), in a fixed number of queries for any
number of requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from agents.services import token_makers
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
from inbox.models import Action, ApprovalRequest, Decision, Member, PolicyVersion, Team, Tool, Vote
from inbox.permissions import eligibility
from inbox.policy.need import Need
from inbox.policy.requirement import Slot, slots, strictest
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of, tier_ranks, tools_named
from inbox.selectors.votes import Cast, cast_on

Verdict = Literal["approve", "reject"]
MESSAGE_LENGTH = 2_000
NOBODY = Cast()


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
class Counted:
    """A vote that stands: the slot it fills, the slots it leaves open, the verdict per action."""

    request: ApprovalRequest
    slot: str | None
    left: tuple[str, ...]
    verdicts: dict[str, Verdict]

    @property
    def closes(self) -> bool:
        return self.slot is None or not self.left


@dataclass(frozen=True, slots=True)
class Late:
    request: ApprovalRequest


Result = Counted | Late | Refused


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the judging of a set of locked requests needs, in a fixed number of queries."""

    member: Member | None
    ranks: Mapping[str, int]
    current: PolicyVersion
    excluded: Mapping[UUID, set[int]]
    cast: Mapping[UUID, Cast]
    keys: Mapping[UUID, list[str]]
    tools: Mapping[str, Tool]

    @classmethod
    def load(cls, person: User, team: Team, requests: Sequence[ApprovalRequest]) -> Table:
        # Earlier voters' rows too: whether their votes still count must not change while we look. The locks alone
        # first, the rows after: joining the tier into the locking read once returned no tier at all, because
        # Postgres re-checks the locked row after a wait but not the rows joined to it.
        voters = Vote.objects.filter(request_id__in=[r.pk for r in requests if r.votes_cast]).values("person")
        held = Member.objects.select_for_update(no_key=True).filter(team=team)
        list(held.filter(Q(user=person) | Q(user__in=voters)).order_by("pk").values_list("pk"))
        member = Member.objects.select_related("tier", "user").filter(team=team, user=person).first()
        agents = {request.agent_id: request.agent for request in requests}
        excluded = token_makers(set(agents))
        for agent_id, agent in agents.items():
            if agent.owner_id is not None:
                excluded[agent_id].add(agent.owner_id)
        ranks = tier_ranks(team.pk)
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
            ranks=ranks,
            current=current_version(team.pk),
            excluded=excluded,
            cast=cast_on(requests, ranks),
            keys=keys,
            tools=tools_named(team.pk, names),
        )

    def open(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """Slots still open: what was pinned when it was asked or what policy needs now, whichever is more."""
        return self.cast.get(request.pk, NOBODY).open(slots(needs_now(request, self.current, self.ranks)))


def needs_now(request: ApprovalRequest, current: PolicyVersion, ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """The needs of a pending request: the stricter of those pinned at asking and the current ladder's."""
    pinned = tuple(Need(tier=need["tier"], count=need["count"]) for need in request.needs)
    if request.policy_version_id == current.pk:
        return pinned
    return strictest(pinned, document_of(current).ladder[Risk(request.risk)], ranks)


def judge(line: Line, request: ApprovalRequest | None, table: Table, now: datetime, batch: bool) -> Result:
    member = table.member
    if request is None or member is None or not member.is_active:
        return NotFound()
    if len(line.message) > MESSAGE_LENGTH:
        return Invalid("message-too-long", f"The message is over {MESSAGE_LENGTH:,} characters.")
    if request.state != State.PENDING.value:
        return _closed(request)
    if request.is_over(now):
        return Late(request)
    if line.digest != request.digest:
        return Changed(extra={"digest": request.digest, "revision": request.revision_number})
    if batch and not request.batchable:
        return NotAllowed("individual-only", "This request is decided by itself, not in a batch.")
    cast = table.cast.get(request.pk, NOBODY)
    if cast.by(member.user_id):
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
        return Counted(request, None, (), verdicts)
    if len(kinds) > 1 and (len(open_now) > 1 or cast.votes):
        return Invalid(
            "decide-all-alike",
            "This request needs several people: approve or reject all its actions together.",
        )
    left = tuple(slot.name for slot in open_now if slot.name != may.slot.name)
    return Counted(request, may.slot.name, left, verdicts)


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
