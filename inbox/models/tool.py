"""The tool catalogue: what admins vouch for about each tool. Agents cannot write here."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.team import Team
from inbox.policy.words import Effect, Risk


class Tool(models.Model):
    """What a tool does, in an admin's words. A tool without a row here is unknown: it passes only where all of it merely reads."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tools")
    name = models.CharField(max_length=200)
    effect = models.CharField(max_length=12, choices=[(e.value, e.value) for e in Effect])
    reversible = models.BooleanField(
        default=False, help_text="What it does can be put back with a further call."
    )
    harmless = models.BooleanField(
        default=False, help_text="A read that discloses nothing it should not: passes without a person."
    )
    risk_floor = models.CharField(
        max_length=12,
        blank=True,
        choices=[(r.value, r.value) for r in Risk],
        help_text="Never judged below this.",
    )
    template = models.CharField(
        max_length=300,
        blank=True,
        help_text="Sentence shown to reviewers, such as `Refund {amount|money:USD} to {customer}`.",
    )
    idempotent = models.BooleanField(
        default=False,
        help_text="Safe to run again with the same key after a crash; otherwise a person must look.",
    )
    rejection_presets = models.JSONField(
        default=list, blank=True, help_text="Up to nine sentences told to the agent."
    )
    impact = models.JSONField(
        default=dict,
        blank=True,
        help_text="Which arguments count recipients, money, rows (inbox.policy.templates.ImpactAdapter).",
    )
    window_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="For how long after it ran it can be put back; empty: no limit known.",
    )
    inverse_tool = models.CharField(max_length=200, blank=True, help_text="The tool that puts it back.")
    inverse = models.JSONField(
        default=dict, blank=True, help_text="Its arguments, each with a path into this tool's."
    )
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="tool_once_per_team"),
            models.CheckConstraint(
                condition=models.Q(harmless=False) | models.Q(effect=Effect.READ.value),
                name="only_reads_are_harmless",
            ),
            models.CheckConstraint(
                condition=models.Q(inverse_tool="", inverse={}) | ~models.Q(inverse_tool=""),
                name="inverse_names_its_tool",
            ),
        ]

    def __str__(self) -> str:
        return self.name
