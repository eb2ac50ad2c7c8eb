"""How far a decision has come on its way to the agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agents.models import Delivery
from inbox.models import ApprovalRequest, ReportedOutcome
from inbox.selectors.aftermath import pickup_of, recall_of


@dataclass(frozen=True, slots=True)
class Release:
    """How far the decision has come on its way to the agent, in the words of what is certain."""

    text: str
    tone: str
    at: datetime | None


def release_of(request: ApprovalRequest) -> Release | None:
    """None while nothing is decided. Load `decision`, its pickup and recall with the request."""
    decision = getattr(request, "decision", None)
    if decision is None:
        return None
    recalled = recall_of(decision)
    if recalled is not None:
        by = recalled.person.get_username()
        return Release(f"Recalled by {by}: the agent gets a no", "bad", recalled.at)
    reported = ReportedOutcome.objects.filter(request=request).first()
    if reported is not None:
        done = {
            "succeeded": ("Done: the agent reports success", "ok"),
            "failed": ("The agent reports failure", "bad"),
        }
        text, tone = done.get(reported.status, ("The agent does not know how it ended", "warn"))
        return Release(text, tone, reported.reported_at)
    if request.channel == "poll":
        pickup = pickup_of(decision)
        if pickup is not None:
            return Release("Released · the agent has it", "ok", pickup.at)
        if request.permit:
            return Release("Recorded · the agent has not taken its permit yet", "", decision.decided_at)
        return Release("Recorded · the agent reads it with its next call", "", decision.decided_at)
    delivery = Delivery.objects.filter(correlation_id=decision.pk).first()
    if delivery is None:
        return Release("Recorded", "", decision.decided_at)
    words = {
        Delivery.State.QUEUED: ("Recorded · on its way to the agent", ""),
        Delivery.State.SENDING: ("Being handed to the agent", ""),
        Delivery.State.DELIVERED: ("Released · the agent has it", "ok"),
        Delivery.State.STALE: ("Not released: the agent no longer waits for it", "warn"),
        Delivery.State.UNKNOWN: ("Outcome unknown: the worker died while it ran; a person must look", "bad"),
        Delivery.State.DEAD: ("Not delivered: given up after the last attempt", "bad"),
    }
    text, tone = words[Delivery.State(delivery.state)]
    return Release(text, tone, delivery.finished_at or decision.decided_at)
