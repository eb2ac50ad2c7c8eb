"""The agent's next draft, in place of the one people look at.

It binds to the digest it replaces, needs at least the people the drafts before it needed, outdates the votes on
them, and is never approved by policy alone: who looked at it asked for something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from agents.contract import RevisionBody
from agents.models import Agent
from inbox import canonical
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Changed, Conflict, Invalid
from inbox.models import ApprovalRequest, Message, Revision
from inbox.policy.words import Outcome as Says
from inbox.rendering.diff import diff, summary
from inbox.selectors.envelopes import bytes_of
from inbox.services.closing import close, leave_group
from inbox.services.converse import (
    ANSWER_LENGTH,
    agent_actor,
    back_to_people,
    locked_for,
    readable,
    record,
    require_open,
)
from inbox.services.holds import note
from inbox.services.rejudging import held_version, refusal
from inbox.services.revisions import revise
from inbox.services.routing import COLUMNS, route
from inbox.services.submit import refuse_own_tools, require_context

MOST_REVISIONS: Final = 100


def redraft(*, agent: Agent, request_id: UUID, draft: RevisionBody) -> ApprovalRequest:
    """Store the agent's next draft of a request that waits. A repeat under the same key and body changes nothing more.

    Where policy refuses the new bytes, the request is closed as rejected by policy. Raises NotFound for another
    agent's, AlreadyClosed (also `held`), Expired, Changed when `digest` is not the current one, Conflict
    (hosted-request, too-many-revisions, too-many-messages) or Invalid.
    """
    with transaction.atomic(durable=True):
        return redrafted(locked_for(agent, request_id), agent, draft)


def redrafted(request: ApprovalRequest, agent: Agent, draft: RevisionBody) -> ApprovalRequest:
    """The same of a locked request, in the caller's transaction."""
    refuse_own_tools(draft.actions)
    said = readable(draft.note, ANSWER_LENGTH, required=False)
    now = database_now()
    if _came_before(request, draft, said):
        return request
    require_open(request, now)
    if draft.digest != request.digest:
        raise Changed(
            detail="Not recorded: this is no longer the draft people look at. Read the request again.",
            extra={"digest": request.digest, "revision": request.revision_number},
        )
    if request.revision_number >= MOST_REVISIONS:
        raise Conflict("too-many-revisions", f"Not recorded: this is revision {MOST_REVISIONS} already.")
    before = bytes_of([request])[request.pk].actions
    after = {action.key: action.model_dump(mode="json") for action in draft.actions}
    if [*before.values()] == [*after.values()] and draft.context is None and draft.claims is None:
        raise Invalid("nothing-revised", "Not recorded: this draft is the one people look at.")
    version = held_version(request.team_id)
    revised = revise(
        request, draft.actions, version=version, at=now, context=draft.context, claims=draft.claims
    )
    require_context([revised.verdict])
    record(request, Message.Kind.ANSWER, draft.key, said, now)
    facts = {**revised.facts, "changes": changes_between(before, after), "message": said}
    if revised.verdict.outcome is Says.DENY:
        request.asked_agent_at = None
        request.save(update_fields=["asked_agent_at"])
        entry = Entry("revised", agent_actor(agent), request.pk, facts)
        ending = refusal(request, revised.verdict, version, list(after))
        close(request.team_id, [ending], at=now, before=[entry], leaving=revised.leaving)
        return request
    # It may need other people by now.
    routed = route(request.team_id, [request], at=now, current=version)[request.pk]
    request.save(update_fields=["flags", *COLUMNS])
    leave_group(revised.leaving)
    entries = [Entry("revised", agent_actor(agent), request.pk, {**facts, **routed})]
    entries += back_to_people(request, now, f"{agent.handle} sent another draft")
    note(request.team_id, entries, now)
    return request


def changes_between(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """What became of each action, in a few words, by its key."""
    found = {}
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            found[key] = "taken out"
        elif key not in before:
            found[key] = "new"
        elif before[key] != after[key]:
            found[key] = summary(diff(before[key], after[key]))
    return found


def _came_before(request: ApprovalRequest, draft: RevisionBody, said: str) -> bool:
    """Whether this very draft is stored. Raises Invalid (idempotency-key-reused) when its key is another message's."""
    message = Message.objects.filter(request=request, key=draft.key).first()
    if message is None:
        return False
    drafts = {
        one.number: one
        for one in Revision.objects.filter(
            request=request, number__in=(message.revision_number - 1, message.revision_number)
        )
    }
    replaced, stored = drafts.get(message.revision_number - 1), drafts[message.revision_number]
    same = (
        (message.kind, message.text) == (Message.Kind.ANSWER, said)
        and replaced is not None
        and replaced.digest == draft.digest
        and stored.author_id is None
        and canonical.read(bytes(stored.payload))["actions"]
        == [action.model_dump(mode="json") for action in draft.actions]
    )
    if not same:
        raise Invalid("idempotency-key-reused", "This key was used for something else. Nothing was recorded.")
    return True
