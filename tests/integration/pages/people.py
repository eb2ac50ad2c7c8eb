"""Ways the page tests use people's pages."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import User
from django.urls import reverse

from inbox.services.teams import add_member
from tests.factories import World


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def ladder(**change: str) -> dict[str, str]:
    """The ladder form of a new team, with something changed."""
    sent = {"base": "1"}
    for risk, tier, count in (
        ("low", "reviewer", 1),
        ("medium", "senior", 1),
        ("high", "lead", 1),
        ("unverifiable", "lead", 1),
        ("critical", "lead", 2),
    ):
        sent |= {f"tier-{risk}": tier, f"count-{risk}": str(count)}
    return sent | change


def admin_with_tier(world: World, tier: str) -> User:
    user = User.objects.create_user(f"fay-{uuid4().hex[:8]}")
    add_member(team=world.team, user=user, tier=tier, is_admin=True)
    return user
