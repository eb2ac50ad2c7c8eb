"""Putting a waiting request aside for oneself: until a time, or until something happens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.request import ApprovalRequest
from inbox.models.team import Member


class Snooze(models.Model):
    """One member's deferral of one request. It changes nothing for anybody else, and the deadline keeps counting."""

    class Until(models.TextChoices):
        TIME = "time", "until a time"
        REPLY = "reply", "until the agent replies"
        DECIDED = "decided", "until another request is decided"
        ALIKE = "alike", "until so many alike wait"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="snoozes")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="snoozes")
    until = models.CharField(max_length=10, choices=Until)
    at = models.DateTimeField(null=True, help_text="For a time: when it comes back.")
    other = models.ForeignKey(
        ApprovalRequest,
        on_delete=models.PROTECT,
        related_name="snoozing",
        null=True,
        help_text="For another request's decision: that request.",
    )
    count = models.PositiveIntegerField(null=True, help_text="For so many alike: how many in its group.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "member"], name="snoozed_once", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(until="time", at__isnull=False, other__isnull=True, count__isnull=True)
                | Q(until="reply", at__isnull=True, other__isnull=True, count__isnull=True)
                | Q(until="decided", at__isnull=True, other__isnull=False, count__isnull=True)
                | Q(until="alike", at__isnull=True, other__isnull=True, count__isnull=False),
                name="snooze_says_until_what",
            ),
        ]
        indexes = [
            # what a member put aside
            models.Index(
                fields=["member", "request"], name="snooze_of_member", condition=Q(ended_at__isnull=True)
            ),
            # what waits for another request
            models.Index(fields=["other"], name="snooze_for_other", condition=Q(ended_at__isnull=True)),
            # the sweep that ends those whose time came
            models.Index(fields=["at"], name="snooze_due", condition=Q(ended_at__isnull=True, until="time")),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.until}"
