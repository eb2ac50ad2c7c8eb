"""Recall: a released decision is taken back before its agent has it. What the agent gets in its place says no."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from agents import outbox
from inbox import audit, canonical, events, ladder
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Conflict
from inbox.lifecycle import Outcome, Verb
from inbox.models import Decision, Recall, Team
from inbox.selectors.ladder import standing_of
from inbox.services.people import actor_of
from inbox.services.taking_back import locked, refusal, require_reason


def recall(*, person: User, team: Team, request_id: UUID, reason: str, via: str = "web") -> Recall:
    """Take a decision of people back; whoever voted on it may, and admins. The request stays decided.

    Raises NotFound, Invalid (reason-missing, message-too-long), NotAllowed (not-yours), Conflict (already-picked-up,
    recalled, not-decided, held, not-approved, not-peoples, own-rules).
    """
    reason = require_reason(reason)
    with transaction.atomic(durable=True):
        # Reading and consuming wait at the same row, and see this recall when they go on.
        request, member = locked(person, team, request_id)
        step = ladder.recall(standing_of(request, member))
        if not step.may:
            raise refusal(step)
        decision = Decision.objects.get(request=request)
        if not outbox.unbegun(decision.pk):
            raise Conflict(
                "already-picked-up", f"Nothing was changed. {request.agent.handle} has it, or is being told."
            )
        now = database_now()
        answer = _no(decision, person, reason, now)
        outbox.replace(decision.pk, answer)
        receipt = audit.append(
            team.pk,
            [
                Entry(
                    "recalled",
                    actor_of(person),
                    request.pk,
                    {
                        "decision": str(decision.pk),
                        "outcome": decision.outcome,
                        "digest": decision.digest,
                        "answer_digest": canonical.sha256(answer),
                        "reason": reason,
                        "via": via,
                    },
                )
            ],
            at=now,
        )[-1]
        row = Recall.objects.create(
            decision=decision, person=person, reason=reason, answer=answer, at=now, seq=receipt.seq
        )
        events.announce(team.pk, receipt.seq)
    return row


def _no(decision: Decision, person: User, reason: str, at: datetime) -> bytes:
    """What the agent receives in place of the decision's answer."""
    told = canonical.read(bytes(decision.answer))
    return canonical.dumps(
        {
            **told,
            "outcome": Outcome.REJECTED.value,
            "actions": [
                {
                    "key": action["key"],
                    "type": Verb.REJECT.value,
                    "args": None,
                    "args_digest": None,
                    "message": f"Taken back by {person.get_username()}: {reason}",
                }
                for action in told["actions"]
            ],
            "by": {"kind": "person", "name": person.get_username()},
            "decided_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "recalled": True,
        }
    )
