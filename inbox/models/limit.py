"""How much of a rule's limit is used, one row a bucket: a rule, what it counts, for whom, and the hour or day."""

from __future__ import annotations

from django.db import models

from agents.ids import uuid7
from inbox.models.team import Team


class LimitBucket(models.Model):
    """What passed so far of one limit in one hour or day. `unit` is `times` or a currency code."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="limit_buckets")
    key = models.CharField(max_length=71)
    rule = models.CharField(max_length=80)
    unit = models.CharField(max_length=5)
    used = models.DecimalField(max_digits=24, decimal_places=6, default=0)
    ends = models.DateTimeField(help_text="Purged some time after.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="limit_bucket_once"),
            models.CheckConstraint(condition=models.Q(used__gte=0), name="limit_used_is_no_debt"),
        ]
        # the sweep that purges
        indexes = [models.Index(fields=["ends"], name="limit_bucket_ends")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.used} {self.unit}"
