"""What people think of a decision afterwards: it was right, it was wrong, or it did harm."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox import ladder
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.models import Decision, Feedback, Team
from inbox.selectors.ladder import standing_of
from inbox.services.holds import note
from inbox.services.people import actor_of
from inbox.services.taking_back import locked, refusal, require_reason

Kind = Literal["good", "bad", "incident"]


def give_feedback(
    *, person: User, team: Team, request_id: UUID, kind: Kind, reason: str = "", via: str = "web"
) -> Feedback:
    """Record what a person says of a decision; their latest word counts. Changes nothing else.

    Raises NotFound, NotAllowed (no-tier), Conflict (not-decided), Invalid (reason-missing for bad and incident,
    message-too-long).
    """
    reason = require_reason(reason, asked=kind != "good")
    with transaction.atomic(durable=True):
        request, member = locked(person, team, request_id)
        step = ladder.report(standing_of(request, member))
        if not step.may:
            raise refusal(step)
        decision = Decision.objects.get(request=request)
        row = Feedback.objects.create(decision=decision, person=person, kind=kind, reason=reason)
        facts = {"decision": str(decision.pk), "kind": kind, "reason": reason, "via": via}
        note(team.pk, [Entry("feedback", actor_of(person), request.pk, facts)], database_now())
    return row
