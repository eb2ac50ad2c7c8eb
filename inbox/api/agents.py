"""What agents call: ask, read, wait, take back, consume, report."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field, ValidationError

from agents.contract import ConsumeBody, Identifier, OutcomeReport, Submission, ThreadStatus
from agents.models import Agent
from inbox import canonical
from inbox.api.callers import PROBLEMS, AgentBearer, agent_of
from inbox.api.schemas.requests import (
    BulkIn,
    BulkOut,
    EventsOut,
    OutcomeOut,
    RequestOut,
    RequestPage,
    ThreadOut,
    WithdrawIn,
)
from inbox.errors import FieldError, Invalid, NotFound, Refused
from inbox.models import ApprovalRequest
from inbox.selectors import answers
from inbox.selectors.conversation import messages_on
from inbox.selectors.happened import events_of
from inbox.services import pickups
from inbox.services.outcomes import report
from inbox.services.submit import submit
from inbox.services.threads import report_thread
from inbox.services.withdraw import withdraw

MAX_WAIT = 60
Wait = Annotated[float, Field(ge=0, le=MAX_WAIT, allow_inf_nan=False)]
MAX_WAIT_ASKING = 25
WaitAsking = Annotated[float, Field(ge=0, le=MAX_WAIT_ASKING, allow_inf_nan=False)]
After = Annotated[int, Field(ge=0, le=2**62)]
Answer = Status[dict[str, Any]]
router = Router(auth=AgentBearer(), tags=["agents"])


@router.post("/requests", response={200: RequestOut, 201: RequestOut, **PROBLEMS}, summary="Ask for approval")
def create(request: HttpRequest, body: Submission, wait: WaitAsking = 0) -> Answer:
    """201 for a new request, 200 when the same `dedupe_key` and body came before; 422 for the key with another body.

    With `wait` it is stored at once, and the answer comes when it is closed or the seconds are over: as it stands then.
    """
    return _create(agent_of(request), body)


def _create(agent: Agent, body: Submission) -> Answer:
    made = submit(agent=agent, submission=body)
    if not made.created:
        return Status(200, answer_of(answers.request_of(agent, made.request.pk)))
    return Status(201, answers.answer(made.request, decision=made.decision, seq=made.seq))


def answer_of(row: ApprovalRequest) -> dict[str, Any]:
    """What the agent reads of a request of its own, read with its decision and team."""
    withheld = bool(pickups.had([row]))
    return answers.answer(
        row,
        decision=answers.decision_of(row),
        seq=answers.stream_seq(row.team_id),
        messages=messages_on([row.pk]).get(row.pk, ()),
        withheld=withheld,
    )


@router.post("/requests/bulk", response={200: BulkOut, **PROBLEMS}, summary="Ask for up to 500 at once")
def create_bulk(request: HttpRequest, body: BulkIn) -> dict[str, Any]:
    """Each item is stored or refused by itself; the answer has one result an item, in order."""
    agent = agent_of(request)
    return {"items": [_create_one(agent, item) for item in body.items]}


def _create_one(agent: Agent, item: dict[str, Any]) -> dict[str, Any]:
    try:
        raw = canonical.dumps(item)
        canonical.loads(raw, max_bytes=settings.ENV.placet_body_limit)
        answer = _create(agent, Submission.model_validate_json(raw))
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        return _bulk_problem(
            Invalid(
                first["type"].replace("_", "-"),
                f"{pointer}: {first['msg']}",
                errors=[FieldError(pointer, first["type"])],
            )
        )
    except canonical.JsonRefused as error:
        return {"status": error.status, "problem": {"code": error.code, "detail": error.detail, "errors": []}}
    except Refused as error:
        return _bulk_problem(error)
    except OperationalError:
        return {
            "status": 503,
            "problem": {"code": "overloaded", "detail": "Not stored. Try this item again.", "errors": []},
        }
    return {"status": answer.status_code, "request": answer.value}


def _bulk_problem(error: Refused) -> dict[str, Any]:
    errors = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors]
    return {
        "status": error.status,
        "problem": {**error.extra, "code": error.code, "detail": error.detail, "errors": errors},
    }


@router.get(
    "/requests/{request_id}",
    response={200: RequestOut, **PROBLEMS},
    summary="Read a request, or wait for its decision",
)
def read(
    request: HttpRequest, request_id: UUID, wait: Wait = 0, after: UUID | Literal["none"] | None = None
) -> dict[str, Any]:
    """With `wait`, the answer comes when the request is closed, when people say something, or when the seconds are over.

    `after` is the last message the agent has read, `none` before the first: what came since is answered at once.
    Without it, only what is said during the wait ends it. The waiting is done before this view, by the live front
    (config/live.py), without a database connection.
    """
    row = answers.request_of(agent_of(request), request_id)
    if isinstance(after, UUID) and not row.messages.filter(pk=after).exists():
        raise Invalid(
            "unknown-message",
            "after is no message of this request.",
            errors=[FieldError("/after", "unknown-message")],
        )
    return answer_of(row)


@router.get("/requests", response={200: RequestPage, **PROBLEMS}, summary="List one's requests")
def page(
    request: HttpRequest,
    thread: Identifier | None = None,
    state: str | None = None,
    cursor: UUID | None = None,
) -> dict[str, Any]:
    """Fifty of the agent's own requests, oldest first, by thread and state."""
    agent = agent_of(request)
    rows, following = answers.requests_of(agent, thread=thread, state=state, after=cursor)
    withheld = pickups.had(rows)
    seq = answers.stream_seq(agent.team_id)
    said = messages_on(row.pk for row in rows)
    return {
        "items": [
            answers.answer(
                row,
                decision=answers.decision_of(row),
                seq=seq,
                messages=said.get(row.pk, ()),
                withheld=row.pk in withheld,
            )
            for row in rows
        ],
        "next": str(following) if following else None,
    }


@router.get("/events", response={200: EventsOut, **PROBLEMS}, summary="Hear what happens to one's requests")
def what_happened(request: HttpRequest, after: After | None = None) -> dict[str, Any]:
    """Without `after`, from now on. With `Accept: text/event-stream` one stream that goes on (config/streams.py)."""
    agent = agent_of(request)
    found = events_of(agent, after=after)
    return {
        "stream": str(agent.team_id),
        "items": [
            {"id": str(one.request_id) if one.request_id else None, "state": one.state, "seq": one.seq}
            for one in found.items
        ],
        "next": found.next,
    }


@router.post(
    "/requests/{request_id}/withdraw", response={200: RequestOut, **PROBLEMS}, summary="Take a request back"
)
def take_back(request: HttpRequest, request_id: UUID, body: WithdrawIn) -> dict[str, Any]:
    """409 when a decision or the deadline was first."""
    agent = agent_of(request)
    withdraw(agent=agent, request_id=request_id, reason=body.reason)
    return answer_of(answers.request_of(agent, request_id))


@router.post(
    "/requests/{request_id}/consume",
    response={200: RequestOut, **PROBLEMS},
    summary="Take the permit to act on a decision",
)
def consume(request: HttpRequest, request_id: UUID, body: ConsumeBody) -> dict[str, Any]:
    """Once, for one holder, who gets the same answer again; for requests that were asked with `reply.permit`."""
    row = pickups.consume(agent=agent_of(request), request_id=request_id, body=body)
    return answers.answer(row, decision=answers.decision_of(row), seq=answers.stream_seq(row.team_id))


@router.post(
    "/requests/{request_id}/outcome", response={200: OutcomeOut, **PROBLEMS}, summary="Say what happened"
)
def outcome(request: HttpRequest, request_id: UUID, body: OutcomeReport) -> dict[str, Any]:
    """Once per decided request; the same report again is answered alike, another one with 409."""
    row = report(agent=agent_of(request), request_id=request_id, outcome=body)
    row.refresh_from_db()
    return {"status": row.status, "detail": row.detail, "reported_at": row.reported_at.isoformat()}


@router.put(
    "/threads/{path:thread}", response={200: ThreadOut, **PROBLEMS}, summary="Say what a thread is doing"
)
def thread_status(request: HttpRequest, thread: str, body: ThreadStatus) -> dict[str, Any]:
    """For the agents board; the last word wins. `done` and `failed` withdraw what the thread still asks."""
    if len(thread) > 200 or not thread.isascii() or not thread.isprintable():
        raise NotFound()
    row = report_thread(agent=agent_of(request), thread=thread, status=body)
    row.refresh_from_db()
    return {
        "thread": row.thread,
        "status": row.status,
        "goal": row.goal,
        "step": row.step,
        "progress": row.progress,
        "updated_at": row.updated_at.isoformat(),
    }
