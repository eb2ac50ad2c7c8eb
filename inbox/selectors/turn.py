"""Whose turn it is: the same question asked of one request and, as SQL, of the whole queue.

`Turn.condition` and `Turn.standing` are the two directions; where they differ (a slot of several already taken)
the exact one, `standing`, is applied to the rows a page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from agents.models import Agent, AgentToken
from inbox.models import ApprovalRequest, Member, PolicyVersion, Vote
from inbox.permissions import Eligibility, eligibility
from inbox.policy.requirement import Need, Slot, eligible, slots, strictest
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of, tier_ranks
from inbox.selectors.votes import Cast, cast_on


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pending request stands for one member: every slot, those still open, and what this person may do."""

    slots: tuple[Slot, ...]
    open: tuple[Slot, ...]
    votes: tuple[Vote, ...]
    voted: bool
    may: Eligibility

    @property
    def turn(self) -> bool:
        """Whether this person's vote would count now."""
        return self.may.may and not self.voted

    @property
    def needs(self) -> str:
        """Who is needed, for a narrow column: "lead", "1 of 2 lead", "senior + lead"."""
        tiers = " + ".join(dict.fromkeys(slot.tier for slot in self.slots))
        if len(self.slots) == 1:
            return tiers
        return f"{len(self.slots) - len(self.open)} of {len(self.slots)} {tiers}"


class Turn:
    """One member's view of who may decide. Reads what it needs once, on first use."""

    def __init__(self, member: Member) -> None:
        self.member = member

    @cached_property
    def ranks(self) -> dict[str, int]:
        return tier_ranks(self.member.team_id)

    @cached_property
    def version(self) -> PolicyVersion:
        return current_version(self.member.team_id)

    @cached_property
    def own_agents(self) -> frozenset[UUID]:
        """Agents this person owns or made a token of, whose requests someone else must decide."""
        team, person = self.member.team_id, self.member.user_id
        owned = Agent.objects.filter(team_id=team, owner_id=person).values_list("pk", flat=True)
        made = AgentToken.objects.filter(agent__team_id=team, created_by_id=person).values_list(
            "agent_id", flat=True
        )
        return frozenset(owned.union(made))

    @cached_property
    def fillable(self) -> tuple[str, ...]:
        """The tiers whose slots this member may fill."""
        rank = self.ranks.get(self.member.tier.name) if self.member.tier else None
        return tuple(name for name in self.ranks if eligible(Slot(name=name, tier=name), rank, self.ranks))

    @cached_property
    def condition(self) -> Q:
        """Pending requests this member may still vote on. Cheap for who may decide everything: no clause at all."""
        if not self.fillable:
            return Q(pk__in=[])
        mine = Vote.objects.filter(
            request=OuterRef("pk"), revision_number=OuterRef("revision_number"), person=self.member.user_id
        )
        clause = Q(votes_cast=0) | ~Q(Exists(mine))
        if len(self.fillable) < len(self.ranks):
            names = Q()
            for name in self.fillable:
                names |= Q(needs__contains=[{"tier": name}])
            clause &= names
        if self.own_agents:
            clause &= ~Q(agent_id__in=self.own_agents)
        return clause

    def needs(self, request: ApprovalRequest) -> tuple[Need, ...]:
        """The needs of a pending request: the stricter of those pinned at asking and the current ladder's."""
        if request.policy_version_id == self.version.pk:
            return _pinned(request)
        return strictest(_pinned(request), document_of(self.version).ladder[Risk(request.risk)], self.ranks)

    def standing(self, request: ApprovalRequest, cast: Cast, *, pinned: bool = False) -> Standing:
        """What one request needs and whether this member may give it.

        `pinned` leaves today's ladder out: a closed request is shown by what it needed then.
        """
        every = slots(_pinned(request) if pinned else self.needs(request))
        left = cast.open(every)
        excluded = {self.member.user_id} if request.agent_id in self.own_agents else set[int]()
        return Standing(
            slots=every,
            open=left,
            votes=cast.votes,
            voted=cast.by(self.member.user_id),
            may=eligibility(member=self.member, open_slots=left, ranks=self.ranks, excluded=excluded),
        )

    def standings(self, requests: Iterable[ApprovalRequest]) -> Mapping[UUID, Standing]:
        """`standing` for the rows of a page, with a fixed number of queries for all their votes."""
        listed = list(requests)
        cast = cast_on(listed, self.ranks)
        return {request.pk: self.standing(request, cast.get(request.pk, Cast())) for request in listed}

    def may_take(self, risk: str) -> bool:
        """Whether requests of this risk are this member's by the ladder in force, agents of their own aside."""
        return any(need.tier in self.fillable for need in document_of(self.version).ladder[Risk(risk)])


def _pinned(request: ApprovalRequest) -> tuple[Need, ...]:
    return tuple(Need(tier=need["tier"], count=need["count"]) for need in request.needs)
