"""Grants: one person lets calls like this one pass for a while. Bound for ever to what they were given for."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.ids import uuid7
from agents.models import Agent
from inbox.models.request import ApprovalRequest
from inbox.models.team import Team


class Grant(models.Model):
    """What may pass, for whom, until when. Only its uses and its end ever change."""

    class Ended(models.TextChoices):
        REVOKED = "revoked", "Revoked"
        EXPIRED = "expired", "Expired"
        USED_UP = "used-up", "Used up"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="grants")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    tool = models.CharField(max_length=200)
    schema_digest = models.CharField(
        max_length=71, help_text="Of the tool's schema: a later schema is not meant."
    )
    pattern = models.JSONField(help_text="One test an argument (inbox.policy.grants).")
    thread = models.CharField(max_length=200, blank=True, help_text="Only this run; empty for all.")
    request = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="grants", help_text="Made from this one."
    )
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=Ended, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(uses__lte=F("max_uses")), name="grant_is_not_overdrawn"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="grant_ends_later"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_because="")
                | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="grant_end_has_reason",
            ),
        ]
        indexes = [
            # submit: what may let a call of this agent pass
            models.Index(fields=["agent", "tool"], name="grant_in_force", condition=Q(ended_at__isnull=True)),
            # the sweep that ends what has expired
            models.Index(fields=["expires_at"], name="grant_expires", condition=Q(ended_at__isnull=True)),
            # the page of a team's grants, newest first
            models.Index(fields=["team", "-id"], name="grant_latest"),
        ]
        triggers = [
            pgtrigger.Protect(name="grant_stays", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="grant_is_bound",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.agent_id IS DISTINCT FROM NEW.agent_id"
                    " OR OLD.tool IS DISTINCT FROM NEW.tool OR OLD.pattern IS DISTINCT FROM NEW.pattern"
                    " OR OLD.schema_digest IS DISTINCT FROM NEW.schema_digest"
                    " OR OLD.thread IS DISTINCT FROM NEW.thread OR OLD.max_uses IS DISTINCT FROM NEW.max_uses"
                    " OR OLD.granted_by_id IS DISTINCT FROM NEW.granted_by_id"
                    " OR OLD.expires_at IS DISTINCT FROM NEW.expires_at OR NEW.uses < OLD.uses"
                    " OR (OLD.ended_at IS NOT NULL AND (NEW.uses > OLD.uses OR NEW.ended_at IS NULL))"
                ),
                func="RAISE EXCEPTION 'grant %: what it lets pass never changes', OLD.id USING ERRCODE = 'check_violation';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool} until {self.expires_at:%Y-%m-%d %H:%M}"


class GrantUse(models.Model):
    """A request that passed by a grant; `count` of its actions did."""

    id = models.BigAutoField(primary_key=True)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="used_by")
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="passed_by")
    count = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "request"], name="grant_use_once_per_request")
        ]
        triggers = [
            pgtrigger.Protect(name="grant_use_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} for {self.request_id}"
