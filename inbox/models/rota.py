"""Who is on call in turn, and who is away."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.team import Member, Team
from inbox.policy.rota import Turns


class Rota(models.Model):
    """People of a team who are on call in turn. Policies name it by its name, which is permanent."""

    class Period(models.TextChoices):
        DAY = "day", "every day"
        WEEK = "week", "every week"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="rotas")
    name = models.SlugField(max_length=60)
    period = models.CharField(max_length=4, choices=Period, default=Period.WEEK)
    weekday = models.PositiveSmallIntegerField(default=0, help_text="0 is Monday; for weeks only.")
    handover = models.TimeField(help_text="On the wall clock of the time zone.")
    timezone = models.CharField(max_length=60)
    starts_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="rota_name_once_per_team"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="rota_weekday_is_one"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def turns(self) -> Turns:
        """When it hands over."""
        period = "day" if self.period == self.Period.DAY else "week"
        return Turns(period, self.weekday, self.handover, self.timezone, self.starts_on)  # type: ignore[arg-type]


class RotaSeat(models.Model):
    """A member's place in the order of a rota."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="seats")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="seats")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rota", "member"], name="rota_member_once"),
            models.UniqueConstraint(fields=["rota", "position"], name="rota_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. of {self.rota_id}"


class Delegation(models.Model):
    """A member is away, and who is asked instead. It moves routing only: a delegate decides with their own rights."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="delegations")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="stands_in_for", null=True, blank=True
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The first moment they are back.")
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)
    # What the sweep has done of it: waiting requests handed over, and handed back.
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_has_length"),
            models.CheckConstraint(
                condition=Q(delegate__isnull=True) | ~Q(delegate=F("member")),
                name="nobody_stands_in_for_themselves",
            ),
        ]
        indexes = [
            # whoever is away now or later
            models.Index(fields=["team", "ends_at"], name="delegation_open", condition=Q(revoked_at=None)),
            # the sweep
            models.Index(fields=["starts_at"], name="delegation_unfinished", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} away until {self.ends_at:%d %b}"
