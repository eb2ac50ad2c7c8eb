"""The votes on requests, and which of them still count.

A vote counts only while its voter could cast it: an active member, of a tier that covers the slot, neither owner of
the agent nor maker of one of its tokens. A vote whose voter lost that leaves its slot open again; the row stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from agents.services import token_makers
from inbox.models import ApprovalRequest, Member, Vote
from inbox.policy.requirement import Slot, eligible


@dataclass(frozen=True, slots=True)
class Cast:
    """The votes on a request's current revision, oldest first, and the ids of those that count."""

    votes: tuple[Vote, ...] = ()
    counting: frozenset[UUID] = frozenset()

    def by(self, person_id: int) -> bool:
        """Whether this person has voted, counting or not."""
        return any(vote.person_id == person_id for vote in self.votes)

    def open(self, every: Sequence[Slot]) -> tuple[Slot, ...]:
        """The slots no counting vote fills. One whose vote lapsed is offered anew under a name of its own."""
        left = []
        for slot in every:
            holders = [vote for vote in self.votes if vote.slot and vote.slot.partition("/")[0] == slot.name]
            if any(vote.pk in self.counting for vote in holders):
                continue
            left.append(Slot(f"{slot.name}/{len(holders) + 1}", slot.tier) if holders else slot)
        return tuple(left)


def cast_on(requests: Sequence[ApprovalRequest], ranks: Mapping[str, int]) -> dict[UUID, Cast]:
    """The votes on each of some requests of one team (with their agents loaded), in at most three queries."""
    voted = {request.pk: request for request in requests if request.votes_cast}
    if not voted:
        return {}
    votes = [
        vote
        for vote in Vote.objects.filter(request_id__in=voted).select_related("person").order_by("created_at")
        if vote.revision_number == voted[vote.request_id].revision_number
    ]
    team_id = next(iter(voted.values())).team_id
    voters = {
        member.user_id: member
        for member in Member.objects.select_related("tier", "user").filter(
            team_id=team_id, user_id__in={vote.person_id for vote in votes}
        )
    }
    makers = token_makers({request.agent_id for request in voted.values()})
    found: dict[UUID, Cast] = {}
    for request_id, request in voted.items():
        mine = tuple(vote for vote in votes if vote.request_id == request_id)
        excluded = makers[request.agent_id] | {request.agent.owner_id}
        counting = frozenset(
            vote.pk
            for vote in mine
            if vote.digest == request.digest
            and vote.person_id not in excluded
            and _covers(vote, voters.get(vote.person_id), ranks)
        )
        found[request_id] = Cast(mine, counting)
    return found


def _covers(vote: Vote, voter: Member | None, ranks: Mapping[str, int]) -> bool:
    if (
        voter is None
        or not voter.is_active
        or not voter.user.is_active
        or voter.tier is None
        or not vote.slot
    ):
        return False
    tier = vote.slot.partition("#")[0]
    return eligible(Slot(vote.slot, tier), ranks.get(voter.tier.name), ranks)
