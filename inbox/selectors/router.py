"""Who a waiting request is for first, and why, in a sentence. A suggestion: it limits nobody and gives nobody a right.

Everything is read once for a whole set of requests, in a fixed number of queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from django.db import connection

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, PolicyVersion, Rota
from inbox.policy.delegation import Absence, away_at, stands_in
from inbox.policy.need import ADMINS
from inbox.policy.rota import order_from
from inbox.policy.seating import Slot
from inbox.selectors.electorate import Electorate
from inbox.selectors.policy import document_of, in_force
from inbox.selectors.presence import absences, last_day
from inbox.selectors.rights import Rights

# Beyond this many somebody counts as fully loaded: a count must not notice how long the queue is.
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class Pick:
    """Whose it is first; `because` is empty when nobody was picked and nothing is to be said about it.

    `instead_of` is the member it goes back to once they are there again. `able` are all who may decide it, where the
    policy routes to nobody in particular.
    """

    member_id: UUID | None = None
    name: str = ""
    because: str = ""
    instead_of: UUID | None = None
    able: tuple[UUID, ...] = ()


@dataclass
class Router:
    """Picks for some requests of one team. Keep one for a set: each pick counts towards the load of the next."""

    electorate: Electorate
    strategy: str
    rota: str
    period: str
    on_call: tuple[UUID, ...]
    team_id: UUID
    at: datetime
    _able: dict[UUID, list[Rights]] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        team_id: UUID,
        requests: Iterable[ApprovalRequest],
        *,
        at: datetime,
        current: PolicyVersion | None = None,
        ranks: Mapping[str, int] | None = None,
    ) -> Router:
        """In at most eight queries with what is read later, however many requests; three where nobody is to be named."""
        if current is None:
            current, ranks = in_force(team_id)
        routing = document_of(current).routing
        strategy = routing.strategy if routing is not None else "none"
        electorate = Electorate.load(team_id, requests, at=at, people=None, current=current, ranks=ranks)
        rota = _rota(team_id, routing.rota or "") if routing is not None and strategy == "rota" else None
        number = rota.turns.number_at(at) if rota is not None else None
        seats = [seat.member_id for seat in rota.seats.all()] if rota is not None else []
        return cls(
            electorate=electorate,
            strategy=strategy,
            rota=(routing.rota or "") if routing is not None else "",
            period=rota.period if rota is not None else "",
            on_call=order_from(seats, number) if seats and number is not None else (),
            team_id=team_id,
            at=at,
        )

    @cached_property
    def away(self) -> Mapping[UUID, Absence[UUID]]:
        """Who is away now; read once somebody is to be named."""
        return away_at(absences(self.team_id, since=self.at), self.at)

    @cached_property
    def loads(self) -> Counter[UUID]:
        """How many requests wait for each member; every pick counts one more."""
        return _loads(right.member_id for right in self.electorate.rights.values() if right.active)

    def unfillable(self, request: ApprovalRequest) -> tuple[Slot, ...]:
        """The slots that stay open even if everybody votes who may."""
        seating = self.electorate.seating(request)
        for right in self._eligible(request):
            more = seating.adding(right.person_id, right.voter)
            if more is not None:
                seating = more[0]
        return seating.open

    def pick(self, request: ApprovalRequest) -> Pick:
        """Whose a pending request is first."""
        pick = self._pick(request)
        if pick.member_id is not None and "loads" in self.__dict__:
            self.loads[pick.member_id] += 1
        return pick

    def pick_instead(self, request: ApprovalRequest, member_id: UUID) -> Pick:
        """Whose it is while the member whose it was is away."""
        eligible = {right.member_id: right for right in self._eligible(request)}
        return self._stand_in(member_id, eligible) or self.pick(request)

    def may(self, request: ApprovalRequest, member_id: UUID) -> bool:
        """Whether this member could decide it and is there."""
        return member_id not in self.away and any(
            right.member_id == member_id for right in self._eligible(request)
        )

    def _pick(self, request: ApprovalRequest) -> Pick:
        missing = self.unfillable(request)
        if missing:
            return self._for_an_admin(request, missing)
        if self.strategy == "none":
            return Pick(able=tuple(right.member_id for right in self._eligible(request)))
        eligible = {right.member_id: right for right in self._eligible(request)}
        if self.strategy == "rota":
            found = self._from_rota(eligible)
            if found is not None:
                return found
        prefix = (
            "" if self.strategy == "least_loaded" else f"Nobody on rota {self.rota} could decide it now. "
        )
        there = [right for right in eligible.values() if right.member_id not in self.away]
        if not there:
            return Pick(because=f"{prefix}Everybody who could decide it is away.")
        chosen = self._least_loaded(request, there)
        return Pick(
            chosen.member_id,
            chosen.name,
            f"{prefix}Least loaded: {_count(self.loads[chosen.member_id])} waiting",
        )

    def _from_rota(self, eligible: Mapping[UUID, Rights]) -> Pick | None:
        when = "today" if self.period == Rota.Period.DAY else "this week"
        skipped = ""
        for place, member_id in enumerate(self.on_call):
            name = self._name(member_id)
            if member_id in self.away:
                instead = self._stand_in(member_id, eligible)
                if instead is not None:
                    return instead
                skipped = skipped or f"{name} is away until {last_day(self.away[member_id].end)}"
            elif member_id not in eligible:
                skipped = skipped or f"{name} may not decide it"
            elif place == 0:
                return Pick(member_id, name, f"On call {when} (rota {self.rota})")
            else:
                return Pick(member_id, name, f"Next on rota {self.rota}: {skipped}")
        return None

    def _stand_in(self, member_id: UUID, eligible: Mapping[UUID, Rights]) -> Pick | None:
        absence = self.away.get(member_id)
        delegate = stands_in(member_id, self.away)
        if absence is None or delegate is None or delegate not in eligible:
            return None
        because = f"Instead of {self._name(member_id)}, away until {last_day(absence.end)}"
        return Pick(delegate, eligible[delegate].name, because, member_id)

    def _for_an_admin(self, request: ApprovalRequest, missing: Sequence[Slot]) -> Pick:
        because = f"{nobody_can_fill(missing)}: an admin has to see to it"
        admins = [
            right
            for right in self.electorate.rights.values()
            if right.active and ADMINS in right.voter.groups
        ]
        there = [right for right in admins if right.member_id not in self.away] or admins
        if not there:
            return Pick(because=because)
        chosen = self._least_loaded(request, there)
        return Pick(chosen.member_id, chosen.name, because)

    def _least_loaded(self, request: ApprovalRequest, people: Sequence[Rights]) -> Rights:
        # Of equals not always the same one: the request's own id decides, so a repeat decides alike.
        return min(
            people,
            key=lambda right: (
                min(self.loads[right.member_id], MOST_COUNTED),
                (request.pk.int ^ right.member_id.int) * 2654435761 % 2**32,
            ),
        )

    def _eligible(self, request: ApprovalRequest) -> list[Rights]:
        if request.pk not in self._able:
            self._able[request.pk] = [
                right
                for right in self.electorate.rights.values()
                if self.electorate.may(request, right.person_id).may
                and not self.electorate.voted(request, right.person_id)
            ]
        return self._able[request.pk]

    def _name(self, member_id: UUID) -> str:
        return next((r.name for r in self.electorate.rights.values() if r.member_id == member_id), "somebody")


def nobody_can_fill(missing: Collection[Slot]) -> str:
    """The flag a request carries whose slots nobody can fill."""
    return f"Nobody can fill {', '.join(slot.name for slot in missing)} now"


def _rota(team_id: UUID, name: str) -> Rota | None:
    return Rota.objects.prefetch_related("seats").filter(team_id=team_id, name=name).first()


def _loads(members: Iterable[UUID]) -> Counter[UUID]:
    """How many pending requests each of these members has, counted as far as the cap; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT one.id, waiting.count FROM unnest(%s::uuid[]) AS one(id) CROSS JOIN LATERAL (
                SELECT count(*) FROM (
                    SELECT 1 FROM inbox_approvalrequest
                    WHERE assignee_id = one.id AND state = %s LIMIT %s
                ) AS counted
            ) AS waiting
            """,
            [list(members), State.PENDING.value, MOST_COUNTED],
        )
        return Counter(dict(cursor.fetchall()))


def _count(number: int) -> str:
    return f"{MOST_COUNTED} or more" if number >= MOST_COUNTED else str(number)
