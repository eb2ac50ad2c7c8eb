"""Who may decide which requests: the one place where needs, votes, exclusions and ceilings come together.

The ballot asks it under the locks, the inbox for one member and a page of requests, "who could decide this" for one
request and every member. That they agree is therefore no coincidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from inbox.models import ApprovalRequest, PolicyVersion, Vote
from inbox.permissions import INACTIVE, Eligibility, eligibility
from inbox.policy.ceiling import above
from inbox.policy.exclusion import Exclusion
from inbox.policy.requirement import slots
from inbox.policy.seating import Seating, Slot, Voter, seat
from inbox.selectors.exclusion import exclusions, with_history
from inbox.selectors.policy import current_version, in_force, needs_now, tier_ranks
from inbox.selectors.rights import Rights, asked_by, rights_of
from inbox.selectors.votes import storable, votes_on


@dataclass(frozen=True, slots=True)
class Onlooker:
    """What was read of one person already; `behind` are the agents they own or made a token of."""

    rights: Rights
    behind: Mapping[UUID, Exclusion]


@dataclass(frozen=True, slots=True)
class Electorate:
    """Some requests of one team, the votes on them, and the people asked about with everyone who voted."""

    ranks: Mapping[str, int]
    current: PolicyVersion
    rights: Mapping[int, Rights]
    excluded: Mapping[UUID, Mapping[int, Exclusion]]
    votes: Mapping[UUID, tuple[Vote, ...]]
    _seatings: dict[UUID, Seating[int]] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        team_id: UUID,
        requests: Iterable[ApprovalRequest],
        *,
        at: datetime,
        people: Collection[int] | None,
        ranks: Mapping[str, int] | None = None,
        current: PolicyVersion | None = None,
    ) -> Electorate:
        """In at most four queries; `people` are user ids, None for every member. `ranks` and `current` save one."""
        listed = list(requests)
        votes = votes_on(listed)
        voters = _voters(votes)
        if ranks is None and current is None:
            current, ranks = in_force(team_id)
        ranks = tier_ranks(team_id) if ranks is None else ranks
        return cls(
            ranks=ranks,
            current=current or current_version(team_id),
            rights=rights_of(team_id, ranks, at=at, people=None if people is None else voters.union(people)),
            excluded=exclusions(listed),
            votes=votes,
        )

    @classmethod
    def seen_by(
        cls,
        onlooker: Onlooker,
        requests: Iterable[ApprovalRequest],
        *,
        at: datetime,
        ranks: Mapping[str, int],
        current: PolicyVersion,
    ) -> Electorate:
        """As `load` for this one person, without a query where nobody else voted."""
        listed, rights = list(requests), onlooker.rights
        votes = votes_on(listed)
        people, excluded = {rights.person_id: rights}, None
        if others := _voters(votes) - people.keys():
            team_id = current.policy.team_id
            people, excluded = people | rights_of(team_id, ranks, at=at, people=others), exclusions(listed)
        behind = {agent: {rights.person_id: why} for agent, why in onlooker.behind.items()}
        return cls(ranks, current, people, excluded or with_history(listed, behind), votes)

    def slots(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """What was pinned when it was asked or what policy needs now, whichever is more."""
        return slots(needs_now(request, self.current, self.ranks))

    def seating(self, request: ApprovalRequest) -> Seating[int]:
        """The votes that count, matched to the slots."""
        found = self._seatings.get(request.pk)
        if found is None:
            found = self._seatings[request.pk] = seat(
                self.slots(request), self._counting(request), self.ranks
            )
        return found

    def voted(self, request: ApprovalRequest, person_id: int) -> bool:
        """Whether this person has voted on the current revision, counting or not."""
        return any(vote.person_id == person_id for vote in self.votes.get(request.pk, ()))

    def may(self, request: ApprovalRequest, person_id: int) -> Eligibility:
        """Whether this person's vote would count, leaving aside whether they have voted."""
        rights = self.rights.get(person_id)
        if rights is None:
            return INACTIVE
        return eligibility(
            active=rights.active,
            tier=rights.tier,
            voter=rights.voter,
            seating=self.seating(request),
            excluded=self.excluded[request.pk].get(person_id),
            above=above(rights.limits, asked_by(request)),
        )

    def open(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """The slots still open, under the names votes would store."""
        cast = self.votes.get(request.pk, ())
        return tuple(storable(slot, cast) for slot in self.seating(request).open)

    def filling(self, request: ApprovalRequest, person_id: int) -> tuple[Slot, tuple[Slot, ...]] | None:
        """The slot this person's vote newly fills and those still open after it; None when it fills none."""
        rights = self.rights.get(person_id)
        more = self.seating(request).adding(person_id, rights.voter) if rights else None
        if more is None:
            return None
        following, filled = more
        cast = self.votes.get(request.pk, ())
        return storable(filled, cast), tuple(storable(slot, cast) for slot in following.open)

    def unfillable(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """The slots that stay open even if everybody loaded who may vote did: with every member loaded, for good."""
        excluded, asked = self.excluded[request.pk], asked_by(request)
        able = [
            (person_id, rights.voter)
            for person_id, rights in self.rights.items()
            if rights.active and person_id not in excluded and not above(rights.limits, asked)
        ]
        return seat(self.slots(request), able, self.ranks).open

    def counting(self, request: ApprovalRequest) -> list[Vote]:
        """The approvals of these very bytes that count: who gave them could still do so, whatever slot it was for."""
        excluded, asked = self.excluded[request.pk], asked_by(request)
        return [
            vote
            for vote in self.votes.get(request.pk, ())
            if vote.approves
            and vote.digest == request.digest
            and vote.person_id not in excluded
            and (rights := self.rights.get(vote.person_id)) is not None
            and rights.active
            and not above(rights.limits, asked)
        ]

    def _counting(self, request: ApprovalRequest) -> list[tuple[int, Voter]]:
        return [(vote.person_id, self.rights[vote.person_id].voter) for vote in self.counting(request)]


def _voters(votes: Mapping[UUID, tuple[Vote, ...]]) -> set[int]:
    return {vote.person_id for cast in votes.values() for vote in cast}
