"""A version judged silently beside the one in force, and where it would have answered differently."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.policy import Policy, PolicyVersion
from inbox.models.request import ApprovalRequest
from inbox.policy.compare import Change


class ShadowRun(models.Model):
    """One stretch of time in which a version ran in shadow. The counters move in the transaction that asks."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="shadow_runs")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="shadow_runs")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True)
    judged = models.PositiveBigIntegerField(default=0)
    differed = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy"], name="one_shadow_a_policy", condition=Q(stopped_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["version", "-started_at"], name="shadow_latest")]

    def __str__(self) -> str:
        return f"{self.version} in shadow"


class ShadowVerdict(models.Model):
    """One request on which the version in shadow differed from what was answered."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ShadowRun, on_delete=models.PROTECT, related_name="verdicts")
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="shadow_verdict")
    change = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Change])
    rule = models.CharField(max_length=80, blank=True)
    before = models.CharField(max_length=300, help_text="What was answered, in words.")
    after = models.CharField(max_length=300)

    class Meta:
        indexes = [models.Index(fields=["run", "-id"], name="shadow_verdict_latest")]

    def __str__(self) -> str:
        return f"{self.change} {self.request_id}"
