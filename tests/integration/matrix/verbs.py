"""What people do with one request, what is said with it, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from inbox.answers import Answers, Said
from inbox.lifecycle import Verb as Word
from inbox.lines import LineSaid, split
from inbox.models import ApprovalRequest, Feedback, Message, Recall, Revision, Snooze, Vote
from inbox.selectors.compensation import compensation_of
from tests.integration.matrix.roles import Cast, Role
from tests.integration.matrix.states import ACTIONS, FILE, SAID, Kind


class Verb(StrEnum):
    """Everything a person may do with one request."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RESPOND = "respond"
    CHOOSE = "choose"
    PLAN = "part of a plan"
    LINES = "lines"
    BREAK_GLASS = "break_glass"
    UNDO = "undo"
    RECALL = "recall"
    COMPENSATE = "compensate"
    FEEDBACK = "feedback"
    ASK = "ask"
    GUIDE = "guide"
    REGENERATE = "regenerate"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    DELEGATE = "delegate"
    CLAIM = "claim"


KIND = {
    Verb.RESPOND: Kind.QUESTION,
    Verb.CHOOSE: Kind.CHOICE,
    Verb.PLAN: Kind.PLAN,
    Verb.LINES: Kind.ITEMISED,
}
"""What a verb is tried on; a tool call where none is named."""

SIGN_IN = "sign-in"
"""What every surface says to whom it does not know, each in its way."""
WHY = "The incident needs this written now."
TEXT = "Which one?"
OTHERWISE = {**FILE, "text": "otherwise"}
LINE = {"index": 2, "type": "defer"}


@dataclass(frozen=True)
class Call:
    """One role trying one verb on a request."""

    cast: Cast
    role: Role
    verb: Verb
    request: ApprovalRequest

    @property
    def person(self) -> User:
        return self.cast.people[self.role]

    @property
    def taker(self) -> str:
        """Whom it is passed on to."""
        return self.cast.taker.get_username()


def kind_of(verb: Verb) -> Kind:
    return KIND.get(verb, Kind.TOOL_CALL)


def answers_of(verb: Verb) -> Answers | None:
    """What is said of the actions; None where the verdict says it for all."""
    if verb is Verb.LINES:
        return {"pay": Said(Word.EDIT, parted().args)}
    return {"call_1": Said(Word.EDIT, OTHERWISE)} if verb is Verb.EDIT else SAID[kind_of(verb)]


def parted() -> Any:
    return split(ACTIONS[Kind.ITEMISED][0], [LineSaid(2, "defer")])


def left(call: Call) -> bool:
    """Whether the rows show that this person did this."""
    person, request = call.person, ApprovalRequest.objects.get(pk=call.request.pk)
    mine = Vote.objects.filter(request=request, person=person, revision_number=request.revision_number)
    said = Message.objects.filter(request=request, person=person)
    aside = Snooze.objects.filter(request=request, member__user=person, ended_at=None)
    traces: dict[Verb, Callable[[], bool]] = {
        Verb.EDIT: lambda: _revised(call, request),
        Verb.LINES: lambda: _revised(call, request),
        Verb.UNDO: lambda: not mine.filter(retracted_at=None).exists(),
        Verb.RECALL: lambda: Recall.objects.filter(decision__request=request, person=person).exists(),
        Verb.COMPENSATE: lambda: (back := compensation_of(request)) is not None and back.requester == person,
        Verb.FEEDBACK: lambda: Feedback.objects.filter(decision__request=request, person=person).exists(),
        Verb.ASK: lambda: said.filter(kind="question").exists() and request.asked_agent_at is not None,
        Verb.GUIDE: lambda: (
            said.filter(kind="guidance").exists() and request.asked_agent_at == call.request.asked_agent_at
        ),
        Verb.REGENERATE: lambda: (
            said.filter(kind="regenerate").exists() and request.asked_agent_at is not None
        ),
        Verb.SNOOZE: lambda: aside.exists(),
        Verb.ESCALATE: lambda: request.needs != call.request.needs,
        Verb.DELEGATE: lambda: (
            request.assignee is not None and request.assignee.user_id == call.cast.taker.pk
        ),
        Verb.CLAIM: lambda: request.claimed_by is not None and request.claimed_by.user_id == person.pk,
    }
    return traces.get(call.verb, lambda: mine.filter(retracted_at=None).exists())()


def _revised(call: Call, request: ApprovalRequest) -> bool:
    number = call.request.revision_number + 1
    made = Revision.objects.filter(request=request, number=number, author=call.person)
    return made.exists() and request.revision_number == number
