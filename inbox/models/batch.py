"""A batch: a frozen list of (request, digest) one person decided as one, with an outcome for each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.team import Team


class Batch(models.Model):
    """One sheet decided at once. Its list is stored before the first item is touched, so a crash can go on."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="batches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=[("approve", "approve"), ("reject", "reject")])
    message = models.TextField(blank=True)
    via = models.CharField(max_length=20)
    idempotency_key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=71)
    total = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["person", "idempotency_key"], name="batch_once_per_key")
        ]
        indexes = [
            # sweep: batches a dead process left
            models.Index(
                fields=["lease_until"], name="batch_unfinished", condition=Q(finished_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.total}"


class BatchItem(models.Model):
    """One line of a batch. `outcome` is written in the same transaction as the decision it reports."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    reference = models.CharField(max_length=64, help_text="The id as it was sent, which may be no id at all.")
    digest = models.CharField(max_length=80)
    outcome = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="batch_position_once"),
            models.UniqueConstraint(fields=["batch", "reference"], name="batch_item_once"),
        ]
        indexes = [
            models.Index(fields=["batch", "position"], name="batch_item_open", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.outcome or 'open'}"
