"""Votes and the one decision they come to."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.lifecycle import Outcome
from inbox.models.policy import PolicyVersion
from inbox.models.request import ApprovalRequest


class Vote(models.Model):
    """One person's verdict on one revision, bound to the digest they were shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="votes")
    revision_number = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    slot = models.CharField(  # noqa: DJ001 - NULLs are distinct in the constraint
        max_length=100, null=True, help_text="Which need it fills; empty for a rejection."
    )
    tier = models.CharField(max_length=40, help_text="The person's tier when they voted.")
    digest = models.CharField(max_length=71)
    approves = models.BooleanField()
    answers = models.BinaryField(
        null=True,
        help_text="Canonical bytes of what was said of each action; empty when all were approved, or rejected, as one.",
    )
    message = models.TextField(blank=True)
    via = models.CharField(max_length=20)
    created_at = models.DateTimeField(db_default=Now())
    retracted_at = models.DateTimeField(
        null=True, help_text="When it was taken back, before anything was released."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "revision_number", "slot"],
                name="slot_filled_once",
                condition=Q(retracted_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["request", "revision_number", "person"],
                name="person_votes_once",
                condition=Q(retracted_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(approves=True, slot__isnull=False) | Q(approves=False, slot__isnull=True),
                name="approval_fills_a_slot",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="vote_stays", operation=pgtrigger.Delete),
            # Taken back once, and only while nothing was released; otherwise as it was cast.
            pgtrigger.Trigger(
                name="vote_is_immutable",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                declare=[("asked", "text")],
                func="""
                    SELECT state INTO asked FROM inbox_approvalrequest WHERE id = NEW.request_id;
                    IF OLD.retracted_at IS NOT NULL OR NEW.retracted_at IS NULL OR asked NOT IN ('pending', 'held')
                        OR to_jsonb(OLD) - 'retracted_at' IS DISTINCT FROM to_jsonb(NEW) - 'retracted_at' THEN
                        RAISE EXCEPTION 'vote % stays as it was cast', OLD.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {'approve' if self.approves else 'reject'}"


class Decision(models.Model):
    """What was decided, by whom, on which bytes: one row a request, for ever."""

    class Kind(models.TextChoices):
        PERSON = "person", "People decided"
        POLICY = "policy", "A policy rule decided"
        TIMEOUT = "timeout", "Nobody decided in time"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="decision")
    kind = models.CharField(max_length=10, choices=Kind)
    outcome = models.CharField(max_length=12, choices=[(o.value, o.value) for o in Outcome])
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=80, blank=True)
    revision_number = models.PositiveIntegerField()
    digest = models.CharField(max_length=71)
    answer = models.BinaryField(
        help_text="Canonical bytes of the per-action answers, as the agent receives them."
    )
    message = models.TextField(blank=True)
    via = models.CharField(max_length=20)
    decided_at = models.DateTimeField()
    seq = models.BigIntegerField()
    chain_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="person", person__isnull=False)
                | (~Q(kind="person") & Q(person__isnull=True)),
                name="people_have_names",
            ),
            models.CheckConstraint(
                condition=~Q(kind="timeout") | Q(outcome="rejected"), name="silence_never_approves"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="decision_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
            # The check above binds the outcome; this binds what the agent is told, and the request it is about.
            pgtrigger.Trigger(
                name="silence_approves_nothing",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                declare=[("asked", "text")],
                func="""
                    SELECT state INTO asked FROM inbox_approvalrequest WHERE id = NEW.request_id;
                    IF (NEW.kind = 'timeout') <> (asked = 'expired') THEN
                        RAISE EXCEPTION 'a % decision on % request', NEW.kind, asked USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.kind = 'timeout' AND (position('"type":"approve"'::bytea IN NEW.answer) > 0
                        OR position('"type":"edit"'::bytea IN NEW.answer) > 0) THEN
                        RAISE EXCEPTION 'silence never approves' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.outcome}"
