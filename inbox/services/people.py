"""Who is in a team and on which tier, changed by admins and audited. Nobody raises their own tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox.audit import Actor
from inbox.clock import database_now
from inbox.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Member, Team, Tier
from inbox.policy.loosening import NOWHERE, Place, place_loosens
from inbox.selectors.rights import counting_tier
from inbox.services import sign_in_links
from inbox.services.teams import add_member, record


def actor_of(user: User) -> Actor:
    """The audit's name for a person."""
    return Actor("person", user.get_username(), str(user.pk))


def invite(*, admin: Member, username: str, email: str, tier: str | None) -> tuple[Member, str]:
    """A new member, whose tier counts at once, and the path of a single-use link that signs them in, to be handed over.

    A person known to another team keeps their account, if the e-mail address is theirs. Raises Invalid for a bad
    name, an unknown tier, an account that is someone else's, or someone who is a member already.
    """
    if not username.isascii() or not username.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise Invalid(
            "invalid-username",
            "Use letters a to z, digits, dots, dashes.",
            errors=[FieldError("/username", "invalid-username")],
        )
    with transaction.atomic():
        admin = admin_held(admin)
        _tier_named(admin.team, tier)
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            user = User.objects.create_user(username=username.lower(), email=email)
        elif Member.objects.filter(team=admin.team, user=user).exists():
            raise Invalid(
                "already-member",
                f"{username} is a member already.",
                errors=[FieldError("/username", "already-member")],
            )
        elif not email or user.email.casefold() != email.casefold():
            # Whoever took the name first elsewhere must not be made a member in someone else's place.
            raise Invalid(
                "account-differs",
                f"There is an account {username} with another e-mail address. Choose another name, or give its address.",
                errors=[FieldError("/username", "account-differs")],
            )
        else:
            # An account that exists is not this team's to open with a link.
            return add_member(team=admin.team, user=user, tier=tier, actor=actor_of(admin.user)), ""
        member = add_member(team=admin.team, user=user, tier=tier, actor=actor_of(admin.user))
        return member, sign_in_links.issue(user.get_username(), minutes=24 * 60)


def invitation_loosens(rank: int | None) -> bool:
    """Whether inviting somebody with this rank, None for no tier, loosens."""
    return place_loosens(NOWHERE, Place(rank, is_admin=False, is_active=True), own=False)


def change_member(
    *, admin: Member, member_id: UUID, tier: str | None, is_admin: bool, is_active: bool
) -> Member:
    """Set a member's tier, admin flag and activity.

    A higher tier than the one that counts now waits for the team's cool-down, meanwhile the old one counts; a lower
    one counts at once. Raises NotFound for another team's member, NotAllowed (own-tier) for raising oneself,
    Conflict (last-admin) when nobody could administer the team any more.
    """
    with transaction.atomic():
        members = members_held(admin.team)
        admin = _still_admin(members.get(admin.pk))
        member = members.get(member_id)
        if member is None:
            raise NotFound()
        chosen = _tier_named(admin.team, tier)
        now = database_now()
        counting = counting_tier(member, now)
        before = member_facts(member, now)
        if chosen != member.tier:
            if member.pk == admin.pk and _rank(chosen) > _rank(counting):
                raise NotAllowed("own-tier", "Not changed: another admin must raise your tier.")
            _set_tier(member, chosen, counting, now, admin.team.cooldown_seconds)
        member.is_admin, member.is_active = is_admin, is_active
        if not any(m.is_admin and m.is_active and m.user.is_active for m in members.values()):
            raise Conflict("last-admin", "Not changed: this team would have no admin.")
        member.save(update_fields=["tier", "tier_before", "tier_counts_from", "is_admin", "is_active"])
        after = member_facts(member, now)
        if after != before:
            record(
                admin.team,
                "member_changed",
                actor_of(admin.user),
                {"person": member.user.get_username(), "before": before, "after": after},
            )
    return member


def change_loosens(
    *, admin: Member, member: Member, tier: Tier | None, is_admin: bool, is_active: bool, at: datetime
) -> bool:
    """Whether `change_member` with these values would loosen (inbox.policy.loosening)."""
    counting = counting_tier(member, at)
    return place_loosens(
        Place(counting.rank if counting else None, member.is_admin, member.is_active),
        Place(tier.rank if tier else None, is_admin, is_active),
        own=admin.pk == member.pk,
    )


def members_held(team: Team) -> Mapping[UUID, Member]:
    """Every member of the team, locked, in the caller's transaction, so that two admins cannot remove each other."""
    held = Member.objects.select_for_update(no_key=True).filter(team=team)
    list(held.order_by("pk").values_list("pk"))
    rows = Member.objects.select_related("team", "tier", "tier_before", "user", "ceiling").filter(team=team)
    return {member.pk: member for member in rows}


def admin_held(admin: Member) -> Member:
    """The admin's own row, locked and read again: what they might do when the page was sent is not enough.

    In the caller's transaction, before any other lock but requests. Raises NotAllowed (admins-only).
    """
    list(Member.objects.select_for_update(no_key=True).filter(pk=admin.pk).values_list("pk"))
    return _still_admin(Member.objects.select_related("team", "tier", "user").filter(pk=admin.pk).first())


def require_admin_of(member: Member) -> None:
    """Raises NotAllowed (admins-only) for a member who does not administer the team."""
    if not member.is_admin or not member.is_active:
        raise NotAllowed("admins-only", "Only admins of this team may change this.")


def member_facts(member: Member, at: datetime) -> dict[str, object]:
    """A member's place as the log tells it; `tier_counts_from` stands only while a raise cools down."""
    facts: dict[str, object] = {
        "tier": member.tier.name if member.tier else None,
        "admin": member.is_admin,
        "active": member.is_active,
    }
    if member.tier_counts_from is not None and member.tier_counts_from > at:
        facts["tier_counts_from"] = member.tier_counts_from.isoformat(timespec="seconds")
    return facts


def _set_tier(
    member: Member, chosen: Tier | None, counting: Tier | None, now: datetime, cooldown_seconds: int
) -> None:
    """A raise is measured from the tier that counts now, so raising, lowering and raising again gains nothing."""
    member.tier, member.tier_before, member.tier_counts_from = chosen, None, None
    if _rank(chosen) > _rank(counting) and cooldown_seconds:
        member.tier_before = counting
        member.tier_counts_from = now + timedelta(seconds=cooldown_seconds)


def _still_admin(member: Member | None) -> Member:
    if member is None or not member.user.is_active:
        raise NotAllowed("admins-only", "Only admins of this team may change this.")
    require_admin_of(member)
    return member


def _tier_named(team: Team, name: str | None) -> Tier | None:
    found = Tier.objects.filter(team=team, name=name).first() if name else None
    if name and found is None:
        raise Invalid(
            "unknown-tier", f"This team has no tier {name}.", errors=[FieldError("/tier", "unknown-tier")]
        )
    return found


def _rank(tier: Tier | None) -> int:
    return tier.rank if tier else 0
