"""What became of a decision after it was made: had, taken back, judged by people, reported by its agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inbox.models import Decision, Feedback, Pickup, Recall, ReportedOutcome


def pickup_of(decision: Decision) -> Pickup | None:
    """How and when the agent came to have it, if it has."""
    found: Pickup | None = getattr(decision, "pickup", None)
    return found


def recall_of(decision: Decision) -> Recall | None:
    """How it was taken back, if it was."""
    found: Recall | None = getattr(decision, "recall", None)
    return found


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Everything known of what followed. `feedback` is the latest word of each person, newest first."""

    pickup: Pickup | None
    recall: Recall | None
    outcome: ReportedOutcome | None
    feedback: Sequence[Feedback]

    @property
    def incident(self) -> bool:
        """Whether somebody says that it did harm."""
        return any(one.kind == Feedback.Kind.INCIDENT.value for one in self.feedback)


def aftermath_of(decision: Decision) -> Aftermath:
    """Three small queries, and none for what is loaded with the decision."""
    return Aftermath(
        pickup_of(decision),
        recall_of(decision),
        ReportedOutcome.objects.filter(request=decision.request_id).first(),
        latest(decision),
    )


def latest(decision: Decision) -> list[Feedback]:
    """The latest word of each person on a decision, newest first."""
    rows = Feedback.objects.filter(decision=decision).select_related("person")
    last = rows.order_by("person", "-created_at", "-pk").distinct("person")
    return sorted(last, key=lambda one: (one.created_at, one.pk), reverse=True)
