"""Who is in a team and on which tier, changed by admins and audited. Nobody raises their own tier."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox.audit import Actor
from inbox.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Member, Tier
from inbox.services import sign_in_links
from inbox.services.teams import add_member, record


def actor_of(user: User) -> Actor:
    """The audit's name for a person."""
    return Actor("person", user.get_username(), str(user.pk))


def invite(*, admin: Member, username: str, email: str, tier: str | None) -> tuple[Member, str]:
    """A new member, and the path of a single-use link that signs them in, to be handed over.

    A person known to another team keeps their account, if the e-mail address is theirs. Raises Invalid for a bad
    name, an unknown tier, an account that is someone else's, or someone who is a member already.
    """
    require_admin_of(admin)
    if not username.isascii() or not username.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise Invalid(
            "invalid-username",
            "Use letters a to z, digits, dots, dashes.",
            errors=[FieldError("/username", "invalid-username")],
        )
    with transaction.atomic():
        if tier and not Tier.objects.filter(team=admin.team, name=tier).exists():
            raise Invalid(
                "unknown-tier", f"This team has no tier {tier}.", errors=[FieldError("/tier", "unknown-tier")]
            )
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


def change_member(
    *, admin: Member, member_id: UUID, tier: str | None, is_admin: bool, is_active: bool
) -> Member:
    """Set a member's tier, admin flag and activity.

    Raises NotFound for another team's member, NotAllowed (own-tier) for raising oneself, Conflict (last-admin)
    when nobody could administer the team any more.
    """
    require_admin_of(admin)
    with transaction.atomic():
        # Every member row of the team, so that two admins cannot remove each other at the same instant.
        list(
            Member.objects.select_for_update(no_key=True)
            .filter(team=admin.team)
            .order_by("pk")
            .values_list("pk")
        )
        members = {m.pk: m for m in Member.objects.select_related("tier", "user").filter(team=admin.team)}
        member = members.get(member_id)
        if member is None:
            raise NotFound()
        chosen = Tier.objects.filter(team=admin.team, name=tier).first() if tier else None
        if tier and chosen is None:
            raise Invalid(
                "unknown-tier", f"This team has no tier {tier}.", errors=[FieldError("/tier", "unknown-tier")]
            )
        if member.user_id == admin.user_id and (chosen.rank if chosen else 0) > (
            member.tier.rank if member.tier else 0
        ):
            raise NotAllowed("own-tier", "Not changed: another admin must raise your tier.")
        before = _facts(member)
        member.tier, member.is_admin, member.is_active = chosen, is_admin, is_active
        if not any(m.is_admin and m.is_active and m.user.is_active for m in members.values()):
            raise Conflict("last-admin", "Not changed: this team would have no admin.")
        member.save(update_fields=["tier", "is_admin", "is_active"])
        after = _facts(member)
        if after != before:
            record(
                admin.team,
                "member_changed",
                actor_of(admin.user),
                {"person": member.user.get_username(), "before": before, "after": after},
            )
    return member


def _facts(member: Member) -> dict[str, object]:
    return {
        "tier": member.tier.name if member.tier else None,
        "admin": member.is_admin,
        "active": member.is_active,
    }


def require_admin_of(member: Member) -> None:
    """Raises NotAllowed (admins-only) for a member who does not administer the team."""
    if not member.is_admin or not member.is_active:
        raise NotAllowed("admins-only", "Only admins of this team may change this.")
