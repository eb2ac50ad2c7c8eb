"""A draft of a policy tried on what was really asked, beside the version in force then."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.policy import PolicyVersion
from inbox.models.request import ApprovalRequest
from inbox.models.team import Team
from inbox.policy.compare import Change, Ended


class Backtest(models.Model):
    """One trial of `draft` against `base` on a team's latest closed requests, done in chunks by one worker at a time.

    The chosen requests are those closed from `since` (all when it is empty) to just before `until`; `asked_at` and
    `cursor` say how far it got, in the order in which they were asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="backtests")
    draft = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="backtests")
    base = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    size = models.PositiveIntegerField(help_text="How many requests it will judge.")
    judged = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="inbox.policy.compare.Tally as JSON.")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    cursor = models.UUIDField(null=True)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "base"], name="backtest_runs_once", condition=Q(finished_at__isnull=True)
            ),
        ]
        indexes = [
            # sweep: back-tests nobody works on
            models.Index(
                fields=["created_at"], name="backtest_unfinished", condition=Q(finished_at__isnull=True)
            ),
            models.Index(fields=["draft", "-created_at"], name="backtest_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.draft} on {self.judged} of {self.size}"


class BacktestFinding(models.Model):
    """One request on which the two versions differ, or which people rejected and the draft would pass."""

    id = models.BigAutoField(primary_key=True)
    backtest = models.ForeignKey(Backtest, on_delete=models.PROTECT, related_name="findings")
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveSmallIntegerField(help_text="What must be looked at first is 0.")
    change = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Change])
    ended = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Ended])
    rule = models.CharField(max_length=80, blank=True, help_text="The draft's rule that speaks.")
    before = models.CharField(max_length=300, help_text="What the version in force says, in words.")
    after = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backtest", "request"], name="finding_once_per_request")
        ]
        indexes = [models.Index(fields=["backtest", "weight", "id"], name="finding_first")]

    def __str__(self) -> str:
        return f"{self.change} {self.request_id}"


class BacktestBucket(models.Model):
    """How much of one limit one of the two versions has used so far in the replay, while its hour or day goes on."""

    id = models.BigAutoField(primary_key=True)
    backtest = models.ForeignKey(Backtest, on_delete=models.PROTECT, related_name="buckets")
    of_draft = models.BooleanField()
    key = models.CharField(max_length=71, help_text="As inbox.policy.limits.LimitUse has it.")
    used = models.DecimalField(max_digits=24, decimal_places=6)
    ends = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backtest", "of_draft", "key"], name="backtest_bucket_once")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"
