"""Whose turn it is: the same question asked of one request and, as SQL, of the whole queue.

`Turn.standing` reads it off the electorate; `Turn.condition` says the same in SQL, so that lanes and counts neither
lie nor walk the queue. What SQL cannot say, a matching of votes to slots and the strictest of two needs, is worked
out first, for the few requests it matters for, and left out by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Member, PolicyVersion, Vote
from inbox.permissions import Eligibility
from inbox.policy.exclusion import Exclusion
from inbox.policy.need import Need
from inbox.policy.requirement import slots, strictest
from inbox.policy.seating import Slot, eligible
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate, Onlooker
from inbox.selectors.exclusion import excluding, own_agents
from inbox.selectors.policy import document_of, in_force, judged_by_another, pinned_needs
from inbox.selectors.rights import Rights, rights_of, rights_with
from inbox.selectors.turn_sql import AsksFor, within
from inbox.selectors.votes import base


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands for one member: every slot, those still open, and what this person may do."""

    slots: tuple[Slot, ...]
    open: tuple[Slot, ...]
    votes: tuple[Vote, ...]
    voted: bool
    may: Eligibility
    asked_agent_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether this person's vote would count now."""
        return self.may.may and not self.voted

    @property
    def turn(self) -> bool:
        """Whether it waits for this person: their vote would count, and nobody waits for the agent's answer."""
        return self.counts and self.asked_agent_at is None

    @property
    def needs(self) -> str:
        """Who is needed, for a narrow column: "lead", "1 of 2 lead", "1 of 2 senior + security"."""
        who = " + ".join(dict.fromkeys(slot.who for slot in self.slots))
        if len(self.slots) == 1:
            return who
        return f"{len(self.slots) - len(self.open)} of {len(self.slots)} {who}"

    @property
    def line(self) -> str:
        """`needs` as a row says it to this person."""
        return f"{self.needs} · you voted" if self.voted else self.needs


class Turn:
    """One member's view of who may decide. Reads what it needs once, on first use."""

    def __init__(self, member: Member, *, at: datetime | None = None) -> None:
        self.member = member
        self.at = at or timezone.now()

    @cached_property
    def _in_force(self) -> tuple[PolicyVersion, dict[str, int]]:
        return in_force(self.member.team_id)

    @property
    def version(self) -> PolicyVersion:
        return self._in_force[0]

    @property
    def ranks(self) -> dict[str, int]:
        return self._in_force[1]

    @cached_property
    def rights(self) -> Rights:
        """What this member brings now; as the door of a page read it, where it did."""
        if hasattr(self.member, "group_names"):
            return rights_with(self.member, self.ranks, self.at)
        person = self.member.user_id
        return rights_of(self.member.team_id, self.ranks, at=self.at, people=[person])[person]

    @cached_property
    def behind(self) -> Mapping[UUID, Exclusion]:
        """The agents this person owns or made a token of."""
        return own_agents(self.member.team_id, self.member.user_id)

    @cached_property
    def condition(self) -> Q:
        """Pending requests that wait for this member: exactly those whose `standing` says it is their turn."""
        if not self.rights.active:
            return Q(pk__in=[])
        clause = self._reachable
        for needs, risk in self._other_ladders:
            if not self._takes(needs, risk):
                clause &= ~(self._behind & Q(votes_cast=0, needs=needs, risk=risk))
        partly = self._partly_filled
        if partly:
            clause &= ~Q(pk__in=partly)
        return clause

    def electorate(self, requests: Iterable[ApprovalRequest]) -> Electorate:
        """These requests, this member, and whoever voted on them."""
        return Electorate.seen_by(
            Onlooker(self.rights, self.behind), requests, at=self.at, ranks=self.ranks, current=self.version
        )

    def standings(self, requests: Iterable[ApprovalRequest]) -> Mapping[UUID, Standing]:
        """Where each of these pending requests stands for this member, in a fixed number of queries."""
        listed = list(requests)
        if not listed:
            return {}
        electorate = self.electorate(listed)
        return {request.pk: standing_in(electorate, request, self.member.user_id) for request in listed}

    @property
    def _behind(self) -> Q:
        return judged_by_another(self.version.pk)

    @cached_property
    def _reachable(self) -> Q:
        """A superset of `condition`; short of it only for requests with votes and those asked under another version."""
        voter = self.rights.voter
        tiers = [name for name, rank in self.ranks.items() if voter.rank is not None and voter.rank >= rank]
        mine = Vote.objects.filter(
            request=OuterRef("pk"),
            revision_number=OuterRef("revision_number"),
            person=self.member.user_id,
            retracted_at=None,
        )
        clause = Q(AsksFor(tiers, sorted(voter.groups))) | self._behind
        clause &= Q(votes_cast=0) | ~Q(Exists(mine))
        clause &= Q(asked_agent_at=None)
        clause &= ~excluding(self.member.user_id, self.behind)
        return clause & within(self.rights.limits)

    @cached_property
    def _other_ladders(self) -> list[tuple[list[dict[str, object]], str]]:
        """What the requests asked under earlier versions need: few, since a version's ladder and rules are."""
        rows = ApprovalRequest.objects.filter(
            self._behind, team_id=self.member.team_id, state=State.PENDING.value, votes_cast=0
        ).order_by()
        return list(rows.values_list("needs", "risk").distinct())

    @cached_property
    def _partly_filled(self) -> list[UUID]:
        """Requests with votes that are within reach and yet not this member's turn."""
        voted = ApprovalRequest.objects.filter(
            self._reachable, team_id=self.member.team_id, state=State.PENDING.value, votes_cast__gt=0
        )
        return [pk for pk, standing in self.standings(voted).items() if not standing.turn]

    def _takes(self, needs: list[dict[str, object]], risk: str) -> bool:
        pinned = tuple(Need.model_validate(need) for need in needs)
        asked = strictest(pinned, document_of(self.version).ladder[Risk(risk)], self.ranks)
        return any(eligible(slot, self.rights.voter, self.ranks) for slot in slots(asked))


def standing_in(electorate: Electorate, request: ApprovalRequest, person_id: int) -> Standing:
    """Where a pending request stands for one of the electorate's people."""
    return Standing(
        slots=electorate.slots(request),
        open=electorate.open(request),
        votes=electorate.votes.get(request.pk, ()),
        voted=electorate.voted(request, person_id),
        may=electorate.may(request, person_id),
        asked_agent_at=request.asked_agent_at,
    )


def past_standing(request: ApprovalRequest, votes: tuple[Vote, ...]) -> Standing:
    """What a closed request needed when it was asked and the votes it closed on, whatever the ladder says today."""
    every = slots(pinned_needs(request))
    filled = {base(vote.slot) for vote in votes if vote.slot}
    return Standing(
        slots=every,
        open=tuple(slot for slot in every if slot.name not in filled),
        votes=votes,
        voted=False,
        may=Eligibility(False),
    )
