"""The people of a team, its ladder of tiers, its groups, and what each risk level asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from inbox.models import Member, PolicyVersion, RoleGroup, Tier
from inbox.policy.ceiling import Limits, limits_words
from inbox.policy.document import CLIMB
from inbox.policy.need import ADMINS, Need
from inbox.policy.requirement import slots
from inbox.policy.seating import Slot, Voter, seat
from inbox.policy.words import Risk
from inbox.selectors.audit_log import AuditFilter, AuditRow, audit_page
from inbox.selectors.policy import current_version, document_of, tier_ranks
from inbox.selectors.policy_words import needs_words
from inbox.selectors.rights import counting_tier, limits_of, rights_of

MOST_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One member. `is_active` is False too when the account itself is switched off.

    While a raise cools down, `counts_from` says until when `counting` counts instead of `tier`; "" is no tier.
    """

    id: UUID
    username: str
    email: str
    tier: str
    counting: str
    counts_from: datetime | None
    groups: tuple[str, ...]
    limits: Limits
    is_admin: bool
    is_active: bool
    joined_at: datetime
    last_login: datetime | None

    @property
    def ceiling(self) -> tuple[str, ...]:
        """The ceiling in short clauses; none for no ceiling."""
        return limits_words(self.limits)


@dataclass(frozen=True, slots=True)
class TierStep:
    """One step of the ladder, with how many active people stand on it."""

    id: UUID
    name: str
    rank: int
    people: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group and who is in it, by name."""

    id: UUID
    name: str
    members: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True)
class RiskNeed:
    """What one risk level needs now. `enough` is False when the team has too few people to ever decide it."""

    risk: Risk
    needs: tuple[Need, ...]
    words: str
    enough: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Members by name, tiers highest first, needs from low to critical, the policy version they stand in."""

    people: Sequence[PersonRow]
    tiers: Sequence[TierStep]
    groups: Sequence[GroupRow]
    ladder: Sequence[RiskNeed]
    version: PolicyVersion
    cut: bool

    @property
    def alone(self) -> bool:
        """Whether nobody is there who could approve an admin's change."""
        return sum(person.is_admin and person.is_active for person in self.people) < 2


def people_page(team_id: UUID) -> PeoplePage:
    """Everything the page shows, in four queries."""
    at = timezone.now()
    members = list(
        Member.objects.with_rights()
        .filter(team_id=team_id)
        .order_by("-is_active", "user__username")[: MOST_PEOPLE + 1]
    )
    version = current_version(team_id)
    document = document_of(version)
    tiers = ladder(team_id)
    ranks = {tier.name: tier.rank for tier in tiers}
    people = [_person(member, at) for member in members]
    active = [person for person in people if person.is_active]
    standing = [person.tier for person in active]
    voters = [
        Voter(ranks.get(person.tier), frozenset([*person.groups, *([ADMINS] if person.is_admin else [])]))
        for person in active
    ]
    return PeoplePage(
        people=people[:MOST_PEOPLE],
        tiers=[
            TierStep(tier.pk, tier.name, tier.rank, standing.count(tier.name)) for tier in reversed(tiers)
        ],
        groups=[
            GroupRow(group.pk, group.name, tuple(p for p in people if group.name in p.groups))
            for group in RoleGroup.objects.filter(team_id=team_id)
        ],
        ladder=[
            RiskNeed(
                risk=risk,
                needs=document.ladder[risk],
                words=needs_words(document.ladder[risk]),
                enough=not seat(slots(document.ladder[risk]), enumerate(voters), ranks).open,
            )
            for risk in CLIMB
        ],
        version=version,
        cut=len(members) > MOST_PEOPLE,
    )


def short_of(team_id: UUID, needs: Iterable[Sequence[Need]]) -> list[tuple[Slot, ...]]:
    """For each list of needs the slots the team has too few active people for, whoever is excluded; in two queries.

    To warn with when a policy is saved: on a request itself `inbox.selectors.who.unfillable` is exact.
    """
    ranks = tier_ranks(team_id)
    rights = rights_of(team_id, ranks, at=timezone.now())
    voters = [(one.person_id, one.voter) for one in rights.values() if one.active]
    return [seat(slots(wanted), voters, ranks).open for wanted in needs]


def ladder(team_id: UUID) -> list[Tier]:
    """The team's tiers, lowest first."""
    return list(Tier.objects.filter(team_id=team_id).order_by("rank"))


def member_of(team_id: UUID, member_id: UUID) -> Member | None:
    """One member, or None when the team has no such member."""
    return Member.objects.with_rights().filter(team_id=team_id, pk=member_id).first()


def person_row(member: Member) -> PersonRow:
    """A member from `member_of`, as the pages show them."""
    return _person(member, timezone.now())


def recent_doings(team_id: UUID, username: str) -> Sequence[AuditRow]:
    """The last 50 audit events under a person's name."""
    return audit_page(team_id, AuditFilter(actor=username)).rows


def _person(member: Member, at: datetime) -> PersonRow:
    counting = counting_tier(member, at)
    waiting = member.tier_counts_from is not None and member.tier_counts_from > at
    return PersonRow(
        id=member.pk,
        username=member.user.get_username(),
        email=member.user.email,
        tier=member.tier.name if member.tier else "",
        counting=counting.name if counting else "",
        counts_from=member.tier_counts_from if waiting else None,
        groups=tuple(member.group_names),  # type: ignore[attr-defined]
        limits=limits_of(member),
        is_admin=member.is_admin,
        is_active=member.is_active and member.user.is_active,
        joined_at=member.joined_at,
        last_login=member.user.last_login,
    )
