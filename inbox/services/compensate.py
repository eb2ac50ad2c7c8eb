"""Compensate: the agent is asked to put back what it did, as a request of its own that people decide.

This server runs no tools. The inverse call stands in the team's inbox in the agent's name; whoever asked for it may not
decide it, policy judges it like any call, and the agent finds it in its list (`GET /requests`, `compensates`). Where a run
hosted here asked, a run of the graph that puts its effects back is begun, and asks for just that.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pydantic import ValidationError

from agents.contract import ProposedAction, Submission
from agents.hosting import registry
from agents.hosting.runs import start_run
from agents.models import HostedRun
from inbox import ladder
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Conflict, Invalid
from inbox.models import ApprovalRequest, Decision, Team
from inbox.selectors.compensation import key_of, thread_of, undoing
from inbox.selectors.ladder import inverse_of, standing_of
from inbox.services.holds import note
from inbox.services.intake import Addressed
from inbox.services.people import actor_of
from inbox.services.submit import submit_all
from inbox.services.taking_back import locked, refusal, require_reason

# In the input of a run that puts something back: the key its first question gets.
_COMPENSATES: Final = "compensates"


def compensate(
    *, person: User, team: Team, request_id: UUID, reason: str, via: str = "web"
) -> ApprovalRequest | None:
    """Ask for the inverse of what was approved; there is at most one such request. Returns it, for an agent that calls in.

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
        made = None
        try:
            with transaction.atomic():
                if request.channel == "hosted":
                    facts = {"thread": _begin(request, asked), "sentence": " and ".join(_tools(asked))}
                else:
                    (stored,) = submit_all(
                        agent=request.agent, asked=[Addressed(asked)], channel=request.channel
                    )
                    made = stored.request
                    facts = {"request": str(made.pk), "sentence": made.sentence}
        except IntegrityError:
            raise Conflict("compensated", "Nothing was changed. It has been asked already.") from None
        entry = Entry("compensated", actor_of(person), request.pk, {**facts, "reason": reason, "via": via})
        note(team.pk, [entry], now)
    return made


def asked_by(run: HostedRun, submission: Submission) -> Submission:
    """What a run asks: of one begun to put something back the first question stands for that, and is asked for whom.

    Raises Invalid (no-inverse) when it asks for anything but the inverse.
    """
    if not run.graph.endswith(registry.UNDO) or _COMPENSATES not in run.input:
        return submission
    key = run.input[_COMPENSATES]
    changes: dict[str, Any] = {"on_behalf_of": run.input["by"]}
    if not ApprovalRequest.objects.filter(agent=run.agent_id, dedupe_key=key).exists():
        if [_call(action) for action in submission.actions] != run.input["actions"]:
            raise Invalid("no-inverse", "The graph asked for something else than to put it back.")
        changes["dedupe_key"] = key
    return submission.model_copy(update=changes)


def _begin(request: ApprovalRequest, asked: Submission) -> str:
    graph = undoing(request)
    if graph is None:
        raise Conflict("cannot-be-asked", "Nothing was changed. No graph is named to put it back.")
    run = start_run(
        agent=request.agent,
        graph=graph,
        thread=thread_of(request.pk),
        input={
            "actions": [_call(action) for action in asked.actions],
            "context": asked.context.model_dump(mode="json", exclude_defaults=True),
            _COMPENSATES: asked.dedupe_key,
            "by": asked.on_behalf_of,
        },
    )
    return run.thread


def _call(action: ProposedAction) -> dict[str, Any]:
    return {"key": action.key, "name": action.name, "args": action.args}


def _tools(asked: Submission) -> list[str]:
    return [*dict.fromkeys(action.name for action in asked.actions)]


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
