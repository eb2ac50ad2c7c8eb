"""Where the demo tools write instead of the world."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class LedgerEntry(models.Model):
    """One effect of a demo tool. There is no unique key on purpose: an effect that happened twice must show."""

    id = models.BigAutoField(primary_key=True)
    team_id = models.UUIDField()
    thread = models.CharField(max_length=200)
    tool = models.CharField(max_length=200)
    args = models.JSONField()
    effect_key = models.CharField(
        max_length=300, help_text="decision:action, the idempotency key a real tool would be given."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = [models.Index(fields=["team_id", "-id"], name="ledger_latest")]

    def __str__(self) -> str:
        return f"{self.tool} {self.effect_key}"
