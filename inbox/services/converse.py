"""What people and an agent say to each other about a request that waits, one message at a time under its lock.

A question and a call for another draft pass the turn to the agent; its answer, or its next draft (revise.py), passes
it back. Guidance changes nothing: it travels with the decision. Deciding stays possible all the while.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from agents.models import Agent
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import AlreadyClosed, Changed, Conflict, FieldError, Invalid, NotAllowed, NotFound, Refused
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Message, Snooze, Team
from inbox.models.change import CHANNEL
from inbox.selectors.talking import can_answer
from inbox.services.ballot import Table, why_not_waiting
from inbox.services.closing import leave_group
from inbox.services.holds import note
from inbox.services.hosted_asking import send
from inbox.services.notify import assigned, notify
from inbox.services.people import actor_of
from inbox.services.routing import find_able
from inbox.services.snooze import end_snoozes
from inbox.services.verbs import MESSAGE_LENGTH

ANSWER_LENGTH: Final = 20_000
# Enough for any talk about one action; an agent in a loop is stopped by it.
MOST_MESSAGES: Final = 200
VERBS: Final = {
    Message.Kind.QUESTION: "questioned",
    Message.Kind.REGENERATE: "sent_back",
    Message.Kind.GUIDANCE: "guided",
}
_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message on record; `repeated` when an earlier call with the same key recorded it."""

    message: Message
    request: ApprovalRequest
    repeated: bool = False


class Say(Protocol):
    """One of `ask`, `regenerate` and `guide`."""

    def __call__(
        self,
        *,
        person: User,
        team: Team,
        request_id: UUID,
        text: str,
        key: str,
        digest: str = "",
        via: str = "web",
    ) -> Heard: ...


def ask(
    *, person: User, team: Team, request_id: UUID, text: str, key: str, digest: str = "", via: str = "web"
) -> Heard:
    """Ask the agent a question: it is the agent's turn, and the request waits for its answer.

    `text` has at most 2,000 characters; a repeat under the same `key` is the same message. `digest` is that of what
    the person was shown, "" where it does not matter. Raises NotFound, NotAllowed (audited), AlreadyClosed, Expired,
    Changed, Conflict (hosted-request, too-many-messages) or Invalid.
    """
    return _say(Message.Kind.QUESTION, person, team, request_id, text, key, digest, via)


def regenerate(
    *, person: User, team: Team, request_id: UUID, text: str, key: str, digest: str = "", via: str = "web"
) -> Heard:
    """Send a request back for another draft, saying what is wrong with this one. The agent's turn; else as `ask`."""
    return _say(Message.Kind.REGENERATE, person, team, request_id, text, key, digest, via)


def guide(
    *, person: User, team: Team, request_id: UUID, text: str, key: str, digest: str = "", via: str = "web"
) -> Heard:
    """Leave the agent a note. It blocks nothing, passes no turn, and comes with the decision; else as `ask`."""
    return _say(Message.Kind.GUIDANCE, person, team, request_id, text, key, digest, via)


def reply(*, agent: Agent, request_id: UUID, text: str, key: str) -> Heard:
    """The agent's answer to what people asked: it is people's turn again. At most 20,000 characters.

    Raises NotFound for another agent's, AlreadyClosed (also `held`), Expired, Conflict (hosted-request, not-asked,
    too-many-messages) or Invalid.
    """
    text = readable(text, ANSWER_LENGTH)
    with transaction.atomic(durable=True):
        return replied(locked_for(agent, request_id), agent, text, key)


def replied(request: ApprovalRequest, agent: Agent, text: str, key: str) -> Heard:
    """The same of a locked request and readable text, in the caller's transaction."""
    now = database_now()
    earlier = said_before(request, Message.Kind.ANSWER, key, text)
    if earlier is not None:
        return Heard(earlier, request, repeated=True)
    require_open(request, now)
    if not request.messages.filter(person__isnull=False).exists():
        raise Conflict("not-asked", "Not recorded: nobody said anything about this request yet.")
    message = record(request, Message.Kind.ANSWER, key, text, now)
    entries = [_entry("answered", agent_actor(agent), message, request)]
    entries += back_to_people(request, now, f"{agent.handle} answered")
    note(request.team_id, entries, now)
    return Heard(message, request)


def _say(
    kind: Message.Kind,
    person: User,
    team: Team,
    request_id: UUID,
    text: str,
    key: str,
    digest: str,
    via: str,
) -> Heard:
    text = readable(text, MESSAGE_LENGTH)
    with transaction.atomic(durable=True):
        result = _said(kind, person, team, request_id, text, key, digest, via)
        if isinstance(result, NotAllowed):
            refused = Entry("refused", actor_of(person), request_id, {"code": result.code, "via": via})
            note(team.pk, [refused], database_now())
    if isinstance(result, Refused):
        raise result
    return result


def _said(
    kind: Message.Kind,
    person: User,
    team: Team,
    request_id: UUID,
    text: str,
    key: str,
    digest: str,
    via: str,
) -> Heard | Refused:
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "group")
        .filter(team=team, pk=request_id)
        .first()
    )
    if request is None:
        return NotFound()
    now = database_now()
    table = Table.load(person, team, [request], now, batch=True)
    if table.member is None or not table.member.is_active:
        return NotFound()
    earlier = said_before(request, kind, key, text, person)
    if earlier is not None:
        return Heard(earlier, request, repeated=True)
    closed = why_not_waiting(request, now)
    if closed is not None:
        return closed
    may = table.electorate.may(request, person.pk)
    if not may.may and not table.electorate.voted(request, person.pk):
        return NotAllowed(may.code, f"Not sent. {may.reason}")
    if digest and digest != request.digest:
        return Changed(extra={"digest": request.digest, "revision": request.revision_number})
    passes = kind is not Message.Kind.GUIDANCE
    if request.channel == CHANNEL or (passes and not can_answer(request)):
        return Conflict(
            "hosted-request",
            "Not sent: what asks this is paused and can answer nothing before it is decided. "
            "Decide it with a message, or leave guidance.",
        )
    message = record(request, kind, key, text, now, person)
    if passes:
        # It is looked at by itself from now on: in a batch nobody would see what was asked about it.
        leave_group([request])
        request.asked_agent_at = request.asked_agent_at or now
        request.batchable, request.group = False, None
        request.save(update_fields=["asked_agent_at", "batchable", "group"])
        if request.channel == "hosted":
            send(request, message)
    note(team.pk, [_entry(VERBS[kind], actor_of(person), message, request, via=via)], now)
    return Heard(message, request)


def readable(text: str, longest: int, *, required: bool = True) -> str:
    """The text as it is kept. Raises Invalid (message-missing, message-too-long, control-characters)."""
    text = text.replace("\r\n", "\n").strip()
    if required and not text:
        raise _wrong("message-missing", "Not sent: write something first.")
    if len(text) > longest:
        raise _wrong("message-too-long", f"Not sent: the message is over {longest:,} characters.")
    if _UNREADABLE.search(text):
        raise _wrong("control-characters", "Not sent: the message holds control characters.")
    return text


def locked_for(agent: Agent, request_id: UUID, *, channel: str = "poll") -> ApprovalRequest:
    """One of the agent's own requests, locked. Raises NotFound, Conflict (hosted-request) for one of another channel."""
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "policy_version__policy", "group")
        .filter(agent=agent, pk=request_id)
        .first()
    )
    if request is None:
        raise NotFound()
    if request.channel != channel:
        raise Conflict("hosted-request", "Not recorded: a run hosted here asked this; it speaks for itself.")
    return request


def require_open(request: ApprovalRequest, now: datetime) -> None:
    """Raises AlreadyClosed or Expired for a locked request that no longer waits, telling its agent nothing new."""
    if request.state == State.HELD.value:
        # What people said is not the agent's to know before its release.
        raise AlreadyClosed(
            code="held", detail="Not recorded: people have decided this; wait for the answer to be released."
        )
    closed = why_not_waiting(request, now)
    if closed is not None:
        raise closed


def said_before(
    request: ApprovalRequest, kind: Message.Kind, key: str, text: str, person: User | None = None
) -> Message | None:
    """The message under this key. Raises Invalid (idempotency-key-reused) when it is another one."""
    found = Message.objects.filter(request=request, key=key).first()
    if found is not None and (found.kind, found.text, found.person_id) != (
        kind,
        text,
        person.pk if person else None,
    ):
        raise Invalid(
            "idempotency-key-reused", "This key was used for another message. Nothing was recorded."
        )
    return found


def record(
    request: ApprovalRequest,
    kind: Message.Kind,
    key: str,
    text: str,
    at: datetime,
    person: User | None = None,
) -> Message:
    """Store a message of a locked request, as of after its lock: so they stand in the order they were said.

    Raises Conflict (too-many-messages).
    """
    if request.messages.count() >= MOST_MESSAGES:
        raise Conflict("too-many-messages", f"Not recorded: {MOST_MESSAGES} messages were exchanged already.")
    return Message.objects.create(
        request=request,
        revision_number=request.revision_number,
        kind=kind,
        person=person,
        text=text,
        key=key,
        created_at=at,
    )


def back_to_people(request: ApprovalRequest, at: datetime, because: str) -> list[Entry]:
    """It is people's turn again, also of those who put it aside until the agent would reply; whose it is first is told.

    After groups and before the stream. Returns what to record.
    """
    if request.asked_agent_at is not None:
        request.asked_agent_at = None
        request.save(update_fields=["asked_agent_at"])
    ended = end_snoozes([request.pk], because, at, until=[Snooze.Until.REPLY.value])
    if request.assignee_id is None:
        find_able(request, at=at)
    notify(assigned([request]), at)
    return ended


def agent_actor(agent: Agent) -> Actor:
    """The audit's name for an agent."""
    return Actor("agent", agent.handle, str(agent.pk))


def _entry(verb: str, actor: Actor, message: Message, request: ApprovalRequest, *, via: str = "api") -> Entry:
    return Entry(
        verb,
        actor,
        request.pk,
        {
            "text": message.text,
            "id": str(message.pk),
            "digest": request.digest,
            "revision": request.revision_number,
            "via": via,
        },
    )


def _wrong(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, errors=[FieldError("/text", code, detail)])
