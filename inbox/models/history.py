"""What an agent did before with a tool, kept small: counts of people's decisions, and digests of telling values."""

from __future__ import annotations

from django.db import models

from agents.ids import uuid7
from agents.models import Agent


class ToolHistory(models.Model):
    """How often people approved and rejected one agent's calls of one tool. Made by its first decision."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    tool = models.CharField(max_length=200)
    approved = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    edited = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tool histories"
        constraints = [models.UniqueConstraint(fields=["agent", "tool"], name="history_once_per_tool")]

    def __str__(self) -> str:
        return f"{self.tool}: {self.approved} approved, {self.rejected} rejected"


class SeenValue(models.Model):
    """A recipient, host or account that an approved call of an agent named: a keyed digest, never the value."""

    id = models.BigAutoField(primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    tool = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=16)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "tool", "digest"], name="seen_value_once")]

    def __str__(self) -> str:
        return f"{self.tool} {self.count}"
