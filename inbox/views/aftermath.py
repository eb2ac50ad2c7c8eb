"""After a decision: recall it, have it put back, say how it went. Plain form posts that come back to the request's page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from inbox.forms.beside import FeedbackForm
from inbox.services.compensate import compensate as put_back
from inbox.services.feedback import give_feedback
from inbox.services.recall import recall as take_back
from inbox.views.beside import because, done
from inbox.views.context import TeamRequest, team_page


@require_POST
@team_page
def recall(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Take a released decision back before the agent has it, saying why."""
    return because(request, request_id, "recall", take_back)


@require_POST
@team_page
def compensate(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Ask the agent to put back what it did, saying why; somebody else decides that."""
    return because(request, request_id, "compensate", put_back)


@require_POST
@team_page
def feedback(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Say that a decision was right or wrong, or that it did harm."""

    def record() -> None:
        sent = FeedbackForm(request.POST).checked().cleaned_data
        give_feedback(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            kind=sent["kind"],
            reason=sent["reason"],
        )

    return done(request, request_id, "report", record)
