"""What one person's verdict on locked requests comes to: counted, late, or refused. Reads only; `decide` writes.

Everything here is read after the row locks are held (inbox/services/decide.py), in a fixed number of queries for any
number of requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from inbox.answers import APPROVED, REJECTED, Answers, alike, stored
from inbox.errors import (
    AlreadyClosed,
    AlreadyVoted,
    Changed,
    Conflict,
    Expired,
    Invalid,
    NotAllowed,
    NotFound,
    Refused,
)
from inbox.lifecycle import State, Verb
from inbox.models import ApprovalRequest, Decision, Hold, Member, PolicyVersion, Team, Tool, Vote
from inbox.models.request import OPEN
from inbox.selectors.actions import action_keys
from inbox.selectors.electorate import Electorate
from inbox.selectors.envelopes import Bytes, bytes_of
from inbox.selectors.policy import tools_named
from inbox.services.break_glass import barred
from inbox.services.verbs import MESSAGE_LENGTH, misfit

# What a person may say of a whole request; of its actions they say more (inbox/answers.py).
Verdict = Literal["approve", "reject", "break_glass"]


@dataclass(frozen=True, slots=True)
class Line:
    """One request to decide, bound to the digest the person was shown.

    `actions` may say something of each action; otherwise `verdict` applies to all of them. `break_glass` is open for
    blocked requests only, with `message` as its reason. `over_claim`: though somebody else works on it.
    """

    request_id: UUID
    digest: str
    verdict: Verdict
    message: str = ""
    actions: Answers | None = None
    over_claim: bool = False

    @property
    def edits(self) -> dict[str, Mapping[str, Any]]:
        """The new arguments by action key."""
        said = (self.actions or {}).items()
        return {key: one.args for key, one in said if one.verb is Verb.EDIT and one.args is not None}


@dataclass(frozen=True, slots=True)
class Counted:
    """A vote that stands: the slot it fills, the slots it leaves open, what it says of each action."""

    request: ApprovalRequest
    slot: str | None
    left: tuple[str, ...]
    answers: Answers
    broke_glass: bool = False

    @property
    def closes(self) -> bool:
        return self.slot is None or not self.left


@dataclass(frozen=True, slots=True)
class Late:
    request: ApprovalRequest


@dataclass(frozen=True, slots=True)
class Proposed:
    """An edit that its author may not decide alone: it stands as the current revision, and `left` are needed for it."""

    request: ApprovalRequest
    left: tuple[str, ...]


Result = Counted | Late | Proposed | Refused


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the judging of a set of locked requests needs, in a fixed number of queries."""

    member: Member | None
    electorate: Electorate
    keys: Mapping[UUID, list[str]]
    bytes: Mapping[UUID, Bytes]
    tools: Mapping[str, Tool]

    @classmethod
    def load(
        cls, person: User, team: Team, requests: Sequence[ApprovalRequest], now: datetime, *, batch: bool
    ) -> Table:
        # Earlier voters' rows too: whether their votes still count must not change while we look. The locks alone
        # first, the rows after: joining the tier into the locking read once returned no tier at all, because
        # Postgres re-checks the locked row after a wait but not the rows joined to it. Groups and ceilings are
        # changed only under their member's row lock, so they stand still too.
        voters = Vote.objects.filter(request_id__in=[r.pk for r in requests if r.votes_cast]).values("person")
        held = Member.objects.select_for_update(no_key=True).filter(team=team)
        list(held.filter(Q(user=person) | Q(user__in=voters)).order_by("pk").values_list("pk"))
        member = Member.objects.select_related("user").filter(team=team, user=person).first()
        # A batch is of single calls that are approved or rejected as they stand: their bytes are not looked at here.
        found = {} if batch else bytes_of(requests)
        keys = action_keys(requests) if batch else {pk: list(one.actions) for pk, one in found.items()}
        names = {name for request in requests for name in request.tools}
        return cls(
            member=member,
            electorate=Electorate.load(team.pk, requests, at=now, people=[person.pk]),
            keys=keys,
            bytes=found,
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
    if request.state not in OPEN:
        return _closed(request)
    if request.state == State.HELD.value:
        # Before the deadline: what people decided in time stands, also where its hold or a pause outlasts it.
        return _held(request)
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
    taken = claimed_by_other(request, member, now)
    if taken is not None and not line.over_claim:
        return taken
    answers = line.actions
    if answers is None:
        answers = dict.fromkeys(table.keys[request.pk], REJECTED if line.verdict == "reject" else APPROVED)
    if not batch:
        wrong = misfit(table.bytes[request.pk].actions, answers)
        if wrong is not None:
            return wrong
    verbs = {said.verb for said in answers.values()}
    glass = line.verdict == "break_glass"
    bar = barred(request, verdict=line.verdict, approves=verbs != {Verb.REJECT}, message=line.message)
    if bar is not None:
        return bar
    if glass and verbs != {Verb.APPROVE}:
        return Invalid("decide-all-alike", "Breaking the glass lets all actions pass or none.")
    if verbs == {Verb.REJECT}:
        # One eligible rejection ends it: it fills no slot.
        return Counted(request, None, (), answers)
    if Verb.EDIT not in verbs:
        # An edit makes other bytes, on which everybody votes anew.
        differs = _differs(answers, electorate.counting(request))
        if differs is not None:
            return differs
    return Counted(request, filled.name, tuple(slot.name for slot in left), answers, glass)


def kept(answers: Answers) -> bytes | None:
    """What a vote stores of its answers: nothing where all are approved, or rejected, as one."""
    return None if alike(answers) else stored(answers)


def claimed_by_other(request: ApprovalRequest, member: Member, now: datetime) -> Refused | None:
    """Why this member is to ask first: somebody else works on it. None when nobody does."""
    if (
        request.claimed_by_id in (None, member.pk)
        or request.claimed_until is None
        or request.claimed_until <= now
    ):
        return None
    holder = Member.objects.select_related("user").get(pk=request.claimed_by_id)
    name = holder.user.get_username()
    return Conflict(
        "claimed",
        f"Not recorded: {name} is working on this until {request.claimed_until:%H:%M:%S} UTC. "
        "Decide all the same if it cannot wait.",
        extra={"who": name, "until": request.claimed_until.isoformat()},
    )


def why_not_waiting(request: ApprovalRequest, now: datetime) -> Refused | None:
    """Why nothing more can be done with a locked request: closed, held or too late. None while it waits."""
    if request.state not in OPEN:
        return _closed(request)
    if request.state == State.HELD.value:
        return _held(request)
    return Expired(extra={"expired_at": request.expires_at.isoformat()}) if request.is_over(now) else None


def _differs(answers: Answers, votes: Sequence[Vote]) -> Refused | None:
    """People who decide together say the same, to the letter: two halves of an answer are none."""
    mine = kept(answers)
    for vote in votes:
        theirs = None if vote.answers is None else bytes(vote.answers)
        if theirs != mine:
            name = vote.person.get_username()
            return Conflict(
                "answers-differ",
                f"Not recorded: {name} said something else of its parts. Say the same, reject it, or edit it.",
                extra={"who": name},
            )
    return None


def _held(request: ApprovalRequest) -> Refused:
    hold = Hold.objects.select_related("person").get(request=request, ended_at=None)
    who = hold.person.get_username() if hold.person is not None else "policy"
    return AlreadyClosed(
        code="held",
        detail=f"Not recorded: {who} decided this ({hold.outcome}); until {hold.release_at:%H:%M:%S} UTC it can be undone.",
        extra={"who": who, "outcome": hold.outcome, "release_at": hold.release_at.isoformat()},
    )


def _closed(request: ApprovalRequest) -> Refused:
    if request.state == State.SUPERSEDED.value:
        return AlreadyClosed(
            detail=f"Not recorded: {request.agent.handle} asked anew in its place.",
            extra={"who": request.agent.handle, "outcome": request.state},
        )
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
