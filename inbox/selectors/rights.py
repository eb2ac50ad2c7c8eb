"""What each member brings when a vote is judged: rank, groups and ceiling, as they count at one moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inbox.models import ApprovalRequest, Member, Tier
from inbox.policy.ceiling import NO_LIMITS, Asked, Limits
from inbox.policy.need import ADMINS
from inbox.policy.seating import Voter


@dataclass(frozen=True, slots=True)
class Rights:
    """One member. `tier` is the one that counts now, "" for none."""

    person_id: int
    member_id: UUID
    name: str
    tier: str
    active: bool
    voter: Voter
    limits: Limits


def rights_of(
    team_id: UUID, ranks: Mapping[str, int], *, at: datetime, people: Collection[int] | None = None
) -> dict[int, Rights]:
    """The members of a team, or those of these users, by user id, by name; one query."""
    members = Member.objects.with_rights().filter(team_id=team_id).order_by("user__username")
    if people is not None:
        members = members.filter(user_id__in=people)
    return {member.user_id: rights_with(member, ranks, at) for member in members}


def counting_tier(member: Member, at: datetime) -> Tier | None:
    """The tier that counts in decisions at a moment. A raise counts once it has cooled down; a lowering at once."""
    if member.tier_counts_from is None or at >= member.tier_counts_from:
        return member.tier
    if member.tier is None or member.tier_before is None:
        return None
    # The ladder may have been turned round since the raise: the lower of the two is never too much.
    return min(member.tier, member.tier_before, key=lambda tier: tier.rank)


def limits_of(member: Member) -> Limits:
    """The member's ceiling as policy reads it."""
    ceiling = getattr(member, "ceiling", None)
    if ceiling is None:
        return NO_LIMITS
    return Limits(
        amount=ceiling.amount,
        currency=ceiling.currency,
        environments=None if ceiling.environments is None else tuple(ceiling.environments),
        tools=None if ceiling.tools is None else tuple(ceiling.tools),
    )


def asked_by(request: ApprovalRequest) -> Asked:
    """What a ceiling is held against."""
    return Asked(request.amount, request.currency, request.environment, request.tools)


def rights_with(member: Member, ranks: Mapping[str, int], at: datetime) -> Rights:
    """The rights of a member that was read `with_rights`."""
    tier = counting_tier(member, at)
    active = member.is_active and member.user.is_active
    groups: list[str] = list(member.group_names)  # type: ignore[attr-defined]
    if member.is_admin and active:
        groups.append(ADMINS)
    return Rights(
        person_id=member.user_id,
        member_id=member.pk,
        name=member.user.get_username(),
        tier=tier.name if tier else "",
        active=active,
        voter=Voter(ranks.get(tier.name) if tier else None, frozenset(groups)),
        limits=limits_of(member),
    )
