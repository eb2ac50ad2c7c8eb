"""Who may see and who may decide, both directions side by side.

Strangers get NotFound: whether a thing exists is nobody's business outside its team.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from inbox.errors import NotAllowed, NotFound
from inbox.models import ApprovalRequest, Member, Team
from inbox.policy.requirement import Slot, best_slot

Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a person may vote on a request now, the slot they would fill, and if not, why not.

    `code` is "" or one of no-tier, inactive, self-approval, insufficient-tier.
    """

    may: bool
    slot: Slot | None = None
    code: str = ""
    reason: str = ""


def teams_of(person: Person) -> QuerySet[Team]:
    """The teams a person is an active member of."""
    if not person.is_authenticated or not person.is_active:
        return Team.objects.none()
    return Team.objects.filter(members__user=person, members__is_active=True).order_by("name")


def require_member(person: Person, slug: str) -> Member:
    """The person's active membership of a team. Raises NotFound for strangers and for teams that do not exist."""
    if person.is_authenticated and person.is_active:
        member = (
            Member.objects.select_related("team", "tier", "user")
            .filter(team__slug=slug, user=person, is_active=True)
            .first()
        )
        if member is not None:
            return member
    raise NotFound()


def require_admin(person: Person, slug: str) -> Member:
    """As require_member, and raises NotAllowed for a member who is no admin."""
    member = require_member(person, slug)
    if not member.is_admin:
        raise NotAllowed("admins-only", "Only admins of this team may change this.")
    return member


def visible_to(person: Person) -> QuerySet[ApprovalRequest]:
    """Every request a person may look at."""
    return ApprovalRequest.objects.filter(team__in=teams_of(person))


def eligibility(
    *,
    member: Member,
    open_slots: Collection[Slot],
    ranks: Mapping[str, int],
    excluded: Collection[int],
) -> Eligibility:
    """Whether this member may vote. `excluded` are user ids that may not approve for this agent at all."""
    if not member.is_active or not member.user.is_active:
        return Eligibility(False, code="inactive", reason="Your membership is not active.")
    if member.tier is None:
        return Eligibility(
            False, code="no-tier", reason="You have no tier in this team: you may look, not decide."
        )
    if member.user_id in excluded:
        return Eligibility(
            False,
            code="self-approval",
            reason="You own this agent or made one of its tokens: someone else must decide.",
        )
    rank = ranks.get(member.tier.name, 0)
    best = best_slot(open_slots, rank, ranks)
    if best is None:
        wanted = ", ".join(sorted({slot.tier for slot in open_slots}))
        return Eligibility(
            False, code="insufficient-tier", reason=f"This needs {wanted}; you are {member.tier.name}."
        )
    return Eligibility(True, slot=best)
