"""What people and an agent say to each other about a request while it waits."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from inbox.models.request import ApprovalRequest

TALK = "talk"
"""The outbox channel of what people ask runs hosted here."""


class Message(models.Model):
    """One thing said. A question and a call for another draft pass the turn to the agent, its answer passes it back."""

    class Kind(models.TextChoices):
        QUESTION = "question", "A person asks; the agent's turn"
        REGENERATE = "regenerate", "A person wants another draft; the agent's turn"
        GUIDANCE = "guidance", "A person's note, which blocks nothing"
        ANSWER = "answer", "The agent answers; people's turn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="messages")
    revision_number = models.PositiveIntegerField(help_text="The revision it was said of.")
    kind = models.CharField(max_length=12, choices=Kind)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Who said it; empty for the agent.",
    )
    text = models.TextField()
    key = models.CharField(max_length=200, help_text="The sender's own key: a repeat is the same message.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "key"], name="message_once_per_key"),
            models.CheckConstraint(
                condition=Q(kind="answer", person__isnull=True)
                | (~Q(kind="answer") & Q(person__isnull=False)),
                name="agents_answer_people_ask",
            ),
        ]
        indexes = [models.Index(fields=["request", "created_at"], name="message_in_order")]
        triggers = [
            pgtrigger.Protect(name="message_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text[:40]}"
