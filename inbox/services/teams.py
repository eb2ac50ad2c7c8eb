"""Setting up a team: its stream, its ladder, its first policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from inbox import audit, events
from inbox.audit import SYSTEM, Actor, Entry
from inbox.clock import database_now
from inbox.models import Member, Policy, PolicyVersion, Team, TeamStream, Tier
from inbox.policy.document import PolicyDocument, default_document
from inbox.services.versions import put_in_force, write_draft

DEFAULT_LADDER = ("reviewer", "senior", "lead")


def create_team(
    *,
    slug: str,
    name: str,
    tiers: Sequence[str] = DEFAULT_LADDER,
    document: PolicyDocument | None = None,
) -> Team:
    """A team with its ladder (lowest tier first) and the default policy over it, or `document`.

    Raises IntegrityError when the slug is taken.
    """
    with transaction.atomic():
        team = Team.objects.create(slug=slug, name=name)
        TeamStream.objects.create(team=team)
        Tier.objects.bulk_create(
            Tier(team=team, name=tier, rank=rank) for rank, tier in enumerate(tiers, start=1)
        )
        policy = Policy.objects.create(team=team, name="default")
        version = write_version(policy, document or default_document(tiers), author=None)
        audit.append(
            team.pk,
            [
                Entry(
                    "team_created",
                    SYSTEM,
                    facts={"slug": slug, "name": name, "tiers": list(tiers), "policy": str(version)},
                )
            ],
            at=database_now(),
        )
    return team


def add_member(
    *, team: Team, user: User, tier: str | None, is_admin: bool = False, actor: Actor = SYSTEM
) -> Member:
    """Make a person a member. Raises IntegrityError when they are one, Tier.DoesNotExist for an unknown tier."""
    with transaction.atomic():
        member = Member.objects.create(
            team=team,
            user=user,
            tier=Tier.objects.get(team=team, name=tier) if tier else None,
            is_admin=is_admin,
        )
        record(
            team,
            "member_changed",
            actor,
            {"person": user.get_username(), "tier": tier, "admin": is_admin, "joined": True},
        )
    return member


def write_version(policy: Policy, document: PolicyDocument, *, author: User | None) -> PolicyVersion:
    """Store a document as the policy's next version and put it in force, in the caller's transaction."""
    Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)
    version = write_draft(policy, document, author=author)
    put_in_force(policy, version, person=author)
    return version


def record(team: Team, verb: str, actor: Actor, facts: dict[str, Any]) -> None:
    """One audit entry about the team itself, in the caller's transaction."""
    receipt = audit.append(team.pk, [Entry(verb, actor, facts=facts)], at=database_now())[0]
    events.announce(team.pk, receipt.seq)
