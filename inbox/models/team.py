"""Teams, the people in them, and the ladder of tiers those people stand on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from agents.ids import uuid7


class Team(models.Model):
    """A queue with its own people, policy and audit chain. Nothing crosses from one team to another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
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


class Member(models.Model):
    """A person's place in a team. Without a tier they may look, and administer if `is_admin`, but not decide."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="members", null=True, blank=True)
    is_admin = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="member_once_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
