"""Compensate: the agent is asked to put back what it did, as a request of its own that people decide.

This server runs no tools. The inverse call stands in the team's inbox in the agent's name; whoever asked for it may not
decide it, policy judges it like any call, and the agent finds it in its list (`GET /requests`, `compensates`).
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pydantic import ValidationError

from agents.contract import Submission
from inbox import ladder
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Conflict
from inbox.models import ApprovalRequest, Decision, Team
from inbox.selectors.compensation import key_of
from inbox.selectors.ladder import inverse_of, standing_of
from inbox.services.holds import note
from inbox.services.intake import Addressed
from inbox.services.people import actor_of
from inbox.services.submit import submit_all
from inbox.services.taking_back import locked, refusal, require_reason


def compensate(
    *, person: User, team: Team, request_id: UUID, reason: str, via: str = "web"
) -> ApprovalRequest:
    """Ask for the inverse of what was approved; there is at most one such request. Returns it.

    Raises NotFound, Invalid (reason-missing, message-too-long), NotAllowed (no-tier), Conflict (no-inverse, window-over,
    not-had, compensated, cannot-be-asked, not-decided, held, recalled, not-approved).
    """
    reason = require_reason(reason)
    with transaction.atomic(durable=True):
        request, member = locked(person, team, request_id)
        now = database_now()
        step = ladder.compensate(standing_of(request, member), now)
        if not step.may:
            raise refusal(step)
        asked = _submission(request, person, reason)
        try:
            with transaction.atomic():
                (made,) = submit_all(agent=request.agent, asked=[Addressed(asked)], channel=request.channel)
        except IntegrityError:
            raise Conflict("compensated", "Nothing was changed. It has been asked already.") from None
        entry = Entry(
            "compensated",
            actor_of(person),
            request.pk,
            {
                "request": str(made.request.pk),
                "sentence": made.request.sentence,
                "reason": reason,
                "via": via,
            },
        )
        note(team.pk, [entry], now)
    return made.request


def _submission(request: ApprovalRequest, person: User, reason: str) -> Submission:
    inverse = inverse_of(request, Decision.objects.get(request=request))
    try:
        return Submission.model_validate(
            {
                "dedupe_key": key_of(request.pk),
                "thread": request.thread,
                "actions": list(inverse.actions),
                "context": {
                    "goal": f"Put back: {request.sentence}",
                    "rationale": f"{person.get_username()} asked for it: {reason}",
                },
                "on_behalf_of": person.get_username(),
                "reply": {"channel": "poll", "permit": request.permit},
            }
        )
    except ValidationError as error:
        raise Conflict(
            "no-inverse",
            f"Nothing was changed. Its inverse is no call an agent could ask for: {error.errors()[0]['msg']}.",
        ) from None
