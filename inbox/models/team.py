"""Teams, the people in them, and the ladder of tiers those people stand on."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Now

from agents.ids import uuid7


class Team(models.Model):
    """A queue with its own people, policy and audit chain. Nothing crosses from one team to another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    cooldown_seconds = models.PositiveIntegerField(
        default=3600, help_text="How long a raised tier waits before it counts in decisions."
    )
    domains = ArrayField(
        models.CharField(max_length=253),
        default=list,
        blank=True,
        help_text="The team's own mail and web domains: what goes elsewhere is external.",
    )
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class TeamStream(models.Model):
    """The head of a team's audit chain. Updated last in every writing transaction, so it is held shortest.

    A sequence would skip numbers and commit out of order; this row's lock makes `seq` gapless and
    commit-ordered, which is what live views and the chain rest on.
    """

    team = models.OneToOneField(Team, on_delete=models.PROTECT, primary_key=True, related_name="stream")
    seq = models.BigIntegerField(default=0)
    chain_head = models.BinaryField(max_length=32, default=bytes(32))

    def __str__(self) -> str:
        return f"{self.team_id} at {self.seq}"


class Tier(models.Model):
    """One step of a team's ladder. A higher rank may fill the slots of every lower one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tiers")
    name = models.SlugField(max_length=40)
    rank = models.PositiveSmallIntegerField(help_text="1 is the lowest step.")

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="tier_name_once_per_team"),
            models.UniqueConstraint(
                fields=["team", "rank"], name="tier_rank_once_per_team", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    """Members, and what bears on their rights."""

    def with_rights(self) -> Self:
        """Each with tier, ceiling and user, and `group_names`, the groups they are in by name."""
        groups = RoleGroup.objects.filter(members=OuterRef("pk")).order_by("name").values("name")
        return self.select_related("tier", "tier_before", "user", "ceiling").annotate(
            group_names=ArraySubquery(groups)
        )


class Member(models.Model):
    """A person's place in a team. Without a tier they may look, and administer if `is_admin`, but not decide."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="members", null=True, blank=True)
    tier_before = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="What counts until a raise has cooled down.",
    )
    tier_counts_from = models.DateTimeField(
        null=True, blank=True, help_text="When a raised tier begins to count; empty when it does already."
    )
    is_admin = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="member_once_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Ceiling(models.Model):
    """What a member may decide at most, beside their tier. An empty limit is none."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="ceiling")
    amount = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    environments = ArrayField(models.CharField(max_length=40), null=True, blank=True)
    tools = ArrayField(models.CharField(max_length=200), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True, currency="")
                | Q(amount__isnull=False, amount__gte=0, currency__regex=r"^[A-Z]{3}$"),
                name="ceiling_amount_has_currency",
            )
        ]

    def __str__(self) -> str:
        return f"ceiling of {self.member_id}"


class RoleGroup(models.Model):
    """People beside the ladder whose vote a policy may ask for: security, finance. Its name is permanent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="role_groups")
    name = models.CharField(max_length=40)
    members = models.ManyToManyField(Member, related_name="role_groups", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="role_group_once_per_team")]

    def __str__(self) -> str:
        return self.name
