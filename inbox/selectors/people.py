"""The people of a team, its ladder of tiers, and what each risk level asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inbox.models import Member, PolicyVersion, Tier
from inbox.policy.document import CLIMB
from inbox.policy.need import Need
from inbox.policy.requirement import covers
from inbox.policy.words import Risk
from inbox.selectors.audit_log import AuditFilter, AuditRow, audit_page
from inbox.selectors.policy import current_version, document_of
from inbox.selectors.policy_words import needs_words

MOST_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One member. `is_active` is False too when the account itself is switched off."""

    id: UUID
    username: str
    email: str
    tier: str
    is_admin: bool
    is_active: bool
    joined_at: datetime
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class TierStep:
    """One step of the ladder, with how many active people stand on it."""

    id: UUID
    name: str
    rank: int
    people: int


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
    ladder: Sequence[RiskNeed]
    version: PolicyVersion
    cut: bool


def people_page(team_id: UUID) -> PeoplePage:
    """Everything the page shows, in three queries."""
    members = list(
        Member.objects.filter(team_id=team_id)
        .select_related("user", "tier")
        .order_by("-is_active", "user__username")[: MOST_PEOPLE + 1]
    )
    version = current_version(team_id)
    document = document_of(version)
    tiers = ladder(team_id)
    ranks = {tier.name: tier.rank for tier in tiers}
    active = [member for member in members if member.is_active and member.user.is_active]
    standing = [member.tier.name for member in active if member.tier]
    have = [Need.model_construct(tier=name, count=standing.count(name)) for name in ranks if name in standing]
    return PeoplePage(
        people=[_person(member) for member in members[:MOST_PEOPLE]],
        tiers=[
            TierStep(tier.pk, tier.name, tier.rank, standing.count(tier.name)) for tier in reversed(tiers)
        ],
        ladder=[
            RiskNeed(
                risk=risk,
                needs=document.ladder[risk],
                words=needs_words(document.ladder[risk]),
                enough=covers(have, document.ladder[risk], ranks)
                and all(need.tier in ranks for need in document.ladder[risk]),
            )
            for risk in CLIMB
        ],
        version=version,
        cut=len(members) > MOST_PEOPLE,
    )


def ladder(team_id: UUID) -> list[Tier]:
    """The team's tiers, lowest first."""
    return list(Tier.objects.filter(team_id=team_id).order_by("rank"))


def person_of(team_id: UUID, member_id: UUID) -> PersonRow | None:
    """One member, or None when the team has no such member."""
    member = Member.objects.filter(team_id=team_id, pk=member_id).select_related("user", "tier").first()
    return _person(member) if member else None


def recent_doings(team_id: UUID, username: str) -> Sequence[AuditRow]:
    """The last 50 audit events under a person's name."""
    return audit_page(team_id, AuditFilter(actor=username)).rows


def _person(member: Member) -> PersonRow:
    return PersonRow(
        id=member.pk,
        username=member.user.get_username(),
        email=member.user.email,
        tier=member.tier.name if member.tier else "",
        is_admin=member.is_admin,
        is_active=member.is_active and member.user.is_active,
        joined_at=member.joined_at,
        last_login=member.user.last_login,
    )
