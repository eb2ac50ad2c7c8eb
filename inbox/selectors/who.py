"""Who could decide this, and what could they decide: the same electorate, asked from both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Member
from inbox.policy.seating import Slot, eligible
from inbox.selectors.electorate import Electorate
from inbox.selectors.rights import Rights
from inbox.selectors.turn import Standing, Turn, standing_in

LISTED = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """One member and a request: the open slots they could fill, or why their vote would not count.

    `why_not` follows their name: "is senior". It is "" for those who may.
    """

    member_id: UUID
    name: str
    tier: str
    could: tuple[Slot, ...]
    why_not: str

    @property
    def may(self) -> bool:
        return not self.why_not

    @property
    def places(self) -> tuple[str, ...]:
        """As what their vote would count, each said once."""
        return tuple(dict.fromkeys(slot.words for slot in self.could))


@dataclass(frozen=True, slots=True)
class WhoCould:
    """Every active member and a pending request, those who may first; and the slots nobody is left for."""

    candidates: tuple[Candidate, ...]
    unfillable: tuple[Slot, ...]

    @property
    def may(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if candidate.may)

    @property
    def may_not(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if not candidate.may)


@dataclass(frozen=True, slots=True)
class Possible:
    """One pending request and what a member could do about it; `why_not` is "" where they may decide it."""

    request: ApprovalRequest
    standing: Standing
    why_not: str

    @property
    def may(self) -> bool:
        return not self.why_not


def who_could_decide(turn: Turn, request: ApprovalRequest) -> WhoCould:
    """Of a pending request of the turn's team: who could vote on it now, and into which slots, or why not."""
    electorate = Electorate.load(
        request.team_id, [request], at=turn.at, people=None, ranks=turn.ranks, current=turn.version
    )
    candidates = [
        _candidate(electorate, request, rights) for rights in electorate.rights.values() if rights.active
    ]
    return WhoCould(
        candidates=tuple(sorted(candidates, key=lambda candidate: not candidate.may)),
        unfillable=electorate.unfillable(request),
    )


def what_could_decide(member: Member, turn: Turn) -> tuple[Possible, ...]:
    """The pending requests that are due first, at most 50, and for each whether this member could decide it.

    `turn` is the onlooker's, of the same team: it saves reading the ladder again.
    """
    requests = list(
        ApprovalRequest.objects.filter(team_id=member.team_id, state=State.PENDING.value)
        .select_related("agent")
        .order_by("expires_at", "id")[:LISTED]
    )
    electorate = Electorate.load(
        member.team_id,
        requests,
        at=turn.at,
        people=[member.user_id],
        ranks=turn.ranks,
        current=turn.version,
    )
    standings = [(request, standing_in(electorate, request, member.user_id)) for request in requests]
    return tuple(
        Possible(request, standing, _why_not(standing.voted, standing.may.about))
        for request, standing in standings
    )


def unfillable(turn: Turn, request: ApprovalRequest) -> tuple[Slot, ...]:
    """The slots of a pending request that too few people are left for, whoever votes."""
    return who_could_decide(turn, request).unfillable


def _candidate(electorate: Electorate, request: ApprovalRequest, rights: Rights) -> Candidate:
    may = electorate.may(request, rights.person_id)
    why_not = _why_not(electorate.voted(request, rights.person_id), may.about)
    could: Sequence[Slot] = () if why_not else electorate.seating(request).within_reach
    return Candidate(
        member_id=rights.member_id,
        name=rights.name,
        tier=rights.tier,
        could=tuple(slot for slot in could if eligible(slot, rights.voter, electorate.ranks)),
        why_not=why_not,
    )


def _why_not(voted: bool, about: str) -> str:
    return "has voted" if voted else about
