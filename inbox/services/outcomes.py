"""What the agent says happened after it resumed."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from agents.contract import OutcomeReport
from agents.models import Agent
from inbox import audit, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import Conflict, NotFound
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, ReportedOutcome


def report(*, agent: Agent, request_id: UUID, outcome: OutcomeReport) -> ReportedOutcome:
    """Store the outcome of a decided request once; the same report again returns the first.

    Raises NotFound for another agent's, Conflict (not-decided, outcome-reported) otherwise.
    """
    with transaction.atomic(durable=True):
        request = ApprovalRequest.objects.select_for_update().filter(agent=agent, pk=request_id).first()
        if request is None:
            raise NotFound()
        if request.state != State.DECIDED.value:
            raise Conflict("not-decided", f"No outcome to report: this request is {request.state}.")
        earlier = ReportedOutcome.objects.filter(request=request).first()
        if earlier is not None:
            if (earlier.status, earlier.detail) == (outcome.status, outcome.detail):
                return earlier
            raise Conflict("outcome-reported", "Another outcome was reported before. The first one stands.")
        row = ReportedOutcome.objects.create(request=request, status=outcome.status, detail=outcome.detail)
        receipt = audit.append(
            request.team_id,
            [
                Entry(
                    "outcome_reported",
                    Actor("agent", agent.handle, str(agent.pk)),
                    request.pk,
                    {"status": outcome.status, "detail": outcome.detail},
                )
            ],
            at=database_now(),
        )[0]
        events.announce(request.team_id, receipt.seq)
    return row
