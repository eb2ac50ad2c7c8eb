"""Policies, their versions, and which was in force when. A version never changes; a decision names its own."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.team import Team


class Policy(models.Model):
    """A team's policy: a name, the version in force, and the one that is tried silently beside it, if any.

    `rejudged` is the version by which everything that waits was judged again; it lags behind `current` while that
    goes on (inbox/services/rejudging.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="policy")
    name = models.SlugField(max_length=60)
    current = models.ForeignKey("PolicyVersion", on_delete=models.PROTECT, related_name="+", null=True)
    shadow = models.ForeignKey("PolicyVersion", on_delete=models.PROTECT, related_name="+", null=True)
    rejudged = models.ForeignKey("PolicyVersion", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        verbose_name_plural = "policies"
        indexes = [
            # sweep: teams where a new version has not been held against what waits
            models.Index(
                fields=["id"],
                name="policy_to_rejudge",
                condition=Q(rejudged__isnull=True) | ~Q(rejudged=F("current")),
            ),
        ]

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


class Activation(models.Model):
    """A version came into force: what it replaced, and who put it there. Never updated."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="activations")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="activations")
    previous = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", null=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Who enabled it: for a loosening the second person; empty for the one a team starts with.",
    )
    loosens = models.BooleanField(default=False)
    alone = models.BooleanField(
        default=False, help_text="It loosens, and the team had no second admin who could have approved."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["policy", "-created_at"], name="activation_latest")]
        triggers = [
            pgtrigger.Protect(name="activation_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.version} in force"
