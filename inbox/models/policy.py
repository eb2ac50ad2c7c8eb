"""Policies and their versions. A version never changes; a decision names the one it rests on."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.team import Team


class Policy(models.Model):
    """A team's policy: a name and the version in force."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="policy")
    name = models.SlugField(max_length=60)
    current = models.ForeignKey("PolicyVersion", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One immutable document of a policy, numbered from 1, with the digest of its canonical bytes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.BinaryField(help_text="Canonical JSON of inbox.policy.document.PolicyDocument.")
    digest = models.CharField(max_length=71)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")]
        triggers = [
            pgtrigger.Protect(name="version_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.policy}@{self.number}"
