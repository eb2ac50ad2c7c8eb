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
from inbox.selectors.electorate import Electorate
from inbox.selectors.policy import tools_named
from inbox.services.break_glass import barred

# What is said of each action, and what a person may say of a whole request.
Answer = Literal["approve", "reject"]
Verdict = Literal["approve", "reject", "break_glass"]
MESSAGE_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One request to decide, bound to the digest the person was shown.

    `actions` may give an answer per action key; otherwise `verdict` applies to all of them. `break_glass` is open
    for blocked requests only, with `message` as its reason.
    """

    request_id: UUID
    digest: str
    verdict: Verdict
    message: str = ""
    actions: Mapping[str, Answer] | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A vote that stands: the slot it fills, the slots it leaves open, the verdict per action."""

    request: ApprovalRequest
    slot: str | None
    left: tuple[str, ...]
    verdicts: dict[str, Answer]
    broke_glass: bool = False

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
    electorate: Electorate
    keys: Mapping[UUID, list[str]]
    tools: Mapping[str, Tool]

    @classmethod
    def load(cls, person: User, team: Team, requests: Sequence[ApprovalRequest], now: datetime) -> Table:
        # Earlier voters' rows too: whether their votes still count must not change while we look. The locks alone
        # first, the rows after: joining the tier into the locking read once returned no tier at all, because
        # Postgres re-checks the locked row after a wait but not the rows joined to it. Groups and ceilings are
        # changed only under their member's row lock, so they stand still too.
        voters = Vote.objects.filter(request_id__in=[r.pk for r in requests if r.votes_cast]).values("person")
        held = Member.objects.select_for_update(no_key=True).filter(team=team)
        list(held.filter(Q(user=person) | Q(user__in=voters)).order_by("pk").values_list("pk"))
        member = Member.objects.select_related("user").filter(team=team, user=person).first()
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
            electorate=Electorate.load(team.pk, requests, at=now, people=[person.pk]),
            keys=keys,
            tools=tools_named(team.pk, names),
        )

    @property
    def current(self) -> PolicyVersion:
        """The policy version in force."""
        return self.electorate.current

    @property
    def tier(self) -> str:
        """The name of the tier that counts for the person now, "" for none."""
        rights = self.electorate.rights.get(self.member.user_id) if self.member else None
        return rights.tier if rights else ""


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
    if batch and request.blocked and line.verdict != "reject":
        return NotAllowed("blocked", "A blocked request is decided by itself.")
    if batch and not request.batchable:
        return NotAllowed("individual-only", "This request is decided by itself, not in a batch.")
    electorate, person = table.electorate, member.user_id
    if electorate.voted(request, person):
        return AlreadyVoted()
    may = electorate.may(request, person)
    filling = electorate.filling(request, person)
    if not may.may or filling is None:
        return NotAllowed(may.code, f"Not recorded. {may.reason}")
    filled, left = filling
    verdicts = _verdicts(line, table.keys[request.pk])
    if isinstance(verdicts, Refused):
        return verdicts
    kinds = set(verdicts.values())
    glass = line.verdict == "break_glass"
    bar = barred(request, verdict=line.verdict, approves="approve" in kinds, message=line.message)
    if bar is not None:
        return bar
    if glass and "reject" in kinds:
        return Invalid("decide-all-alike", "Breaking the glass lets all actions pass or none.")
    if kinds == {"reject"}:
        # One eligible rejection ends it: it fills no slot.
        return Counted(request, None, (), verdicts)
    if len(kinds) > 1 and (left or electorate.votes.get(request.pk)):
        return Invalid(
            "decide-all-alike",
            "This request needs several people: approve or reject all its actions together.",
        )
    return Counted(request, filled.name, tuple(slot.name for slot in left), verdicts, glass)


def _verdicts(line: Line, keys: Sequence[str]) -> dict[str, Answer] | Refused:
    if line.actions is None:
        return dict.fromkeys(keys, "reject" if line.verdict == "reject" else "approve")
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
