"""A decision that was made and has not been released: the time in which it can still be undone."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.batch import Batch
from inbox.models.policy import PolicyVersion
from inbox.models.request import ApprovalRequest


class Hold(models.Model):
    """What will be decided when `release_at` comes on the database clock, unless somebody undoes it before."""

    class End(models.TextChoices):
        RELEASED = "released", "Released to the agent"
        UNDONE = "undone", "Undone by a person"
        GONE = "gone", "The agent took the request back"
        REFUSED = "refused", "Policy refuses it by now"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="holds")
    revision_number = models.PositiveIntegerField()
    digest = models.CharField(max_length=71)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Whose vote completed it; empty where policy lets it pass and a pause keeps it.",
    )
    answers = models.BinaryField(help_text="Canonical bytes of what was said of each action.")
    outcome = models.CharField(max_length=12)
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    message = models.TextField(blank=True)
    via = models.CharField(max_length=20)
    broke_glass = models.BooleanField(default=False)
    facts = models.JSONField(default=dict, help_text="What the audit log says of the vote: tier and slot.")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="holds", null=True)
    held_at = models.DateTimeField(db_default=Now())
    release_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request"], name="one_hold_at_a_time", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="ended_hold_says_how",
            ),
            # To the millisecond: what is released was due.
            models.CheckConstraint(
                condition=~Q(end="released") | Q(ended_at__gte=F("release_at")), name="released_when_due"
            ),
        ]
        indexes = [
            # sweep: what is due
            models.Index(fields=["release_at"], name="hold_due", condition=Q(ended_at__isnull=True)),
            # one undo for a whole batch
            models.Index(fields=["batch"], name="hold_of_batch", condition=Q(ended_at__isnull=True)),
            # a person's latest, for "undo"
            models.Index(fields=["person", "-held_at"], name="hold_latest"),
        ]
        triggers = [
            pgtrigger.Protect(name="hold_stays", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="hold_ends_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF OLD.ended_at IS NOT NULL OR OLD.answers IS DISTINCT FROM NEW.answers
                        OR OLD.release_at IS DISTINCT FROM NEW.release_at OR OLD.digest IS DISTINCT FROM NEW.digest THEN
                        RAISE EXCEPTION 'hold % stays as it is', OLD.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.outcome} until {self.release_at}"
