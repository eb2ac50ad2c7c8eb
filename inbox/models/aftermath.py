"""What happens to a decision after it was released: fetched, recalled, judged good or bad."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.decision import Decision


class Pickup(models.Model):
    """The agent has the decision. From then on it cannot be recalled: one permit, for one holder."""

    class How(models.TextChoices):
        READ = "read", "Read over the API"
        CONSUMED = "consumed", "Consumed as a permit"
        DELIVERED = "delivered", "Delivered to its run"

    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, primary_key=True, related_name="pickup"
    )
    how = models.CharField(max_length=10, choices=How)
    holder = models.CharField(max_length=200, blank=True, help_text="The consumer's own key, for a permit.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [
            pgtrigger.Protect(name="pickup_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.how}"


class Recall(models.Model):
    """A released decision taken back before the agent had it: what the agent gets instead says no."""

    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, primary_key=True, related_name="recall"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    answer = models.BinaryField(
        help_text="Canonical bytes of what the agent receives in place of the decision's."
    )
    at = models.DateTimeField()
    seq = models.BigIntegerField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="recall_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
            # Under the request's lock both are looked for; this is for whoever forgets the lock.
            pgtrigger.Trigger(
                name="recall_before_pickup",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    IF EXISTS (SELECT 1 FROM inbox_pickup p WHERE p.decision_id = NEW.decision_id) THEN
                        RAISE EXCEPTION 'the agent has decision %', NEW.decision_id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} recalled"


class Feedback(models.Model):
    """What a person thinks of a past decision, with the reason; the latest of each person counts."""

    class Kind(models.TextChoices):
        GOOD = "good", "It was right"
        BAD = "bad", "It was wrong"
        INCIDENT = "incident", "It did harm"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "feedback"
        indexes = [models.Index(fields=["decision", "-created_at"], name="feedback_latest")]
        triggers = [
            pgtrigger.Protect(name="feedback_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason[:40]}"
