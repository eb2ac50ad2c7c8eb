"""What a member is told inside the product: collapsed by what it is about, never twice."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.request import ApprovalRequest
from inbox.models.team import Member

# The key of the one line for all that waits for a member as for others.
TEAM: Final = "team"


class Notification(models.Model):
    """One line in a member's list. While it is unread, the same thing happening again only counts it up."""

    class Kind(models.TextChoices):
        YOUR_TURN = "your_turn", "It is your turn"
        ESCALATED = "escalated", "Escalated to you"
        DELEGATED = "delegated", "Passed on to you"
        CLAIM_ENDING = "claim_ending", "Your claim is about to lapse"
        CLAIM_TAKEN = "claim_taken", "Somebody took over what you had claimed"
        NOT_LANDED = "not_landed", "Your decision did not reach the agent"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=15, choices=Kind)
    key = models.CharField(
        max_length=80, help_text="What collapses into one line: a request's or a group's id."
    )
    request = models.ForeignKey(
        ApprovalRequest,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="The latest it is about.",
    )
    detail = models.CharField(max_length=500, blank=True)
    count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind", "key"], name="unread_once", condition=Q(read_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-updated_at"], name="notification_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} × {self.count}"
