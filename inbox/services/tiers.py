"""The ladder of tiers. Names are permanent, because policies, votes and the audit log refer to them; the order moves."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from inbox.errors import FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Member, Policy, Team, Tier
from inbox.policy.document import check_ladder
from inbox.selectors.policy import current_version, document_of
from inbox.services.people import actor_of, admin_held
from inbox.services.teams import record

LONGEST_COOLDOWN_SECONDS = 30 * 24 * 3600


def add_tier(*, admin: Member, name: str) -> Tier:
    """A new tier on top of the ladder. Raises Invalid when the name is taken or no identifier."""
    _check_name(name)
    with transaction.atomic():
        admin = admin_held(admin)
        top = Tier.objects.select_for_update(no_key=True).filter(team=admin.team).order_by("-rank").first()
        try:
            with transaction.atomic():
                tier = Tier.objects.create(team=admin.team, name=name, rank=top.rank + 1 if top else 1)
        except IntegrityError:
            raise _taken(name) from None
        record(admin.team, "tier_changed", actor_of(admin.user), {"added": name, "rank": tier.rank})
    return tier


def move_tier(*, admin: Member, tier_id: UUID, up: bool) -> Tier:
    """Swap a tier with its neighbour above or below; at the end of the ladder nothing changes.

    The ladder is an order by rank, and only ever turned round by such swaps, so it has no cycle to find.
    """
    with transaction.atomic():
        admin = admin_held(admin)
        # The ladder in force must not change while it is held against the new order.
        Policy.objects.select_for_update(no_key=True).get(team=admin.team)
        ladder = list(Tier.objects.select_for_update(no_key=True).filter(team=admin.team).order_by("rank"))
        place = next((i for i, tier in enumerate(ladder) if tier.pk == tier_id), None)
        if place is None:
            raise NotFound()
        other = place + (1 if up else -1)
        if not 0 <= other < len(ladder):
            return ladder[place]
        if admin.tier_id == ladder[place].pk and up:
            raise NotAllowed(
                "own-tier", "Not changed: moving your own tier up would raise you; another admin must do it."
            )
        if admin.tier_id == ladder[other].pk and not up:
            raise NotAllowed(
                "own-tier", "Not changed: this would raise your own tier; another admin must do it."
            )
        a, b = ladder[place], ladder[other]
        a.rank, b.rank = b.rank, a.rank
        _check_ladder(admin, {tier.name: tier.rank for tier in ladder})
        Tier.objects.bulk_update([a, b], ["rank"])
        record(
            admin.team,
            "tier_changed",
            actor_of(admin.user),
            {"moved": a.name, "rank": a.rank, "swapped_with": b.name},
        )
    return a


def set_cooldown(*, admin: Member, seconds: int) -> Team:
    """How long a raised tier waits before it counts, from 0 to 30 days; raises already waiting keep their time.

    Raises NotAllowed for members who are no admins, Invalid for any other length.
    """
    if not 0 <= seconds <= LONGEST_COOLDOWN_SECONDS:
        message = "Give a length from 0 minutes to 30 days."
        raise Invalid(
            "invalid-cooldown", message, errors=[FieldError("/minutes", "invalid-cooldown", message)]
        )
    with transaction.atomic():
        admin = admin_held(admin)
        team = Team.objects.select_for_update(no_key=True).get(pk=admin.team_id)
        before, team.cooldown_seconds = team.cooldown_seconds, seconds
        if before != seconds:
            team.save(update_fields=["cooldown_seconds"])
            record(
                team,
                "team_changed",
                actor_of(admin.user),
                {"before": {"cooldown_seconds": before}, "after": {"cooldown_seconds": seconds}},
            )
    return team


def _check_ladder(admin: Member, ranks: dict[str, int]) -> None:
    """A swap must not leave a higher risk needing less than a lower one."""
    problems = check_ladder(document_of(current_version(admin.team_id)), ranks)
    if problems:
        raise Invalid("ladder-falls", "Not moved. " + " ".join(problem.message for problem in problems))


def _check_name(name: str) -> None:
    if (
        not name
        or len(name) > 40
        or not name.isascii()
        or not name.replace("-", "").isalnum()
        or name != name.lower()
    ):
        raise Invalid(
            "invalid-tier-name",
            "Use lower-case letters, digits and dashes, at most 40.",
            errors=[FieldError("/name", "invalid-tier-name")],
        )


def _taken(name: str) -> Invalid:
    return Invalid(
        "tier-taken", f"There is a tier {name} already.", errors=[FieldError("/name", "tier-taken")]
    )
