"""A change of the team's own rules that waits for a second person, as a request in the team's own inbox."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.request import ApprovalRequest
from inbox.models.team import Team

CHANNEL = "change"
"""The channel of the requests that ask for changes of the team's own rules."""


class ChangeRequest(models.Model):
    """What exactly is to change, who proposed it, and what became of it. The request's own bytes repeat `body`."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a second person"
        APPLIED = "applied", "Approved and applied"
        NOT_APPLIED = "not_applied", "Approved, but what it was based on had changed"
        REJECTED = "rejected", "Rejected, or nobody decided in time"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=200, help_text="What it is about; one change waits a subject.")
    body = models.JSONField()
    digest = models.CharField(max_length=71, help_text="Of the canonical bytes of kind, subject and body.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request = models.OneToOneField(
        ApprovalRequest, on_delete=models.PROTECT, related_name="change", null=True
    )
    alone = models.BooleanField(
        default=False, help_text="Applied at once: the team had no second admin who could have approved."
    )
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "kind", "subject"], name="one_change_waits", condition=Q(state="waiting")
            ),
            models.CheckConstraint(
                condition=Q(request__isnull=False) | Q(alone=True), name="change_is_asked_unless_alone"
            ),
        ]
        indexes = [models.Index(fields=["team", "-created_at"], name="change_latest")]
        triggers = [
            pgtrigger.Protect(name="change_stays", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="change_is_bound",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "OLD.body IS DISTINCT FROM NEW.body OR OLD.kind <> NEW.kind OR OLD.digest <> NEW.digest"
                    " OR OLD.author_id <> NEW.author_id OR OLD.request_id IS DISTINCT FROM NEW.request_id"
                    " OR (OLD.state <> 'waiting' AND OLD.state <> NEW.state)"
                ),
                func="RAISE EXCEPTION 'change %: what was proposed never changes', OLD.id USING ERRCODE = 'check_violation';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
