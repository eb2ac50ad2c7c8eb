"""What happened to one request, as its page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inbox import canonical
from inbox.models import ApprovalRequest, AuditEvent
from inbox.selectors.audit_words import action_word, detail_of

LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `unsure` is why somebody escalated it, "" for everything else."""

    at: datetime
    actor: str
    word: str
    detail: str
    unsure: str = ""


def timeline(request: ApprovalRequest) -> tuple[Moment, ...]:
    """The first hundred events, oldest first."""
    moments = []
    for event in AuditEvent.objects.filter(request=request).order_by("seq")[:LONGEST]:
        facts: dict[str, Any] = canonical.read(bytes(event.entry))["facts"]
        moments.append(
            Moment(
                event.created_at,
                event.actor,
                action_word(event.verb, facts),
                detail_of(event.verb, facts),
                str(facts.get("reason", "")) if event.verb == "escalated" else "",
            )
        )
    return tuple(moments)
