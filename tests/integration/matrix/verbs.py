"""What people do, and how each of it is called on each surface. A call answers with the refusal's code, "" when it worked."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib.auth.models import User

from inbox.answers import Answers, Said
from inbox.clock import database_now
from inbox.errors import Refused
from inbox.lifecycle import Verb as Word
from inbox.lines import LineSaid, split
from inbox.models import ApprovalRequest, Feedback, Message, Recall, Revision, Snooze, Vote
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from inbox.selectors.read_back import read_back
from inbox.services import claims, converse
from inbox.services.decide import decide
from inbox.services.escalate_by_hand import escalate
from inbox.services.feedback import give_feedback
from inbox.services.pass_on import delegate
from inbox.services.recall import recall
from inbox.services.snooze import snooze
from inbox.services.undo import undo
from placet import cli
from placet.client import Client as Reviewer
from placet.context import Context
from placet.errors import refusal
from placet.exits import FAILURES, told
from placet.screen import Screen
from placet.transport import Transport
from tests.integration.api.conftest import Caller
from tests.integration.matrix.roles import Cast, Role
from tests.integration.matrix.states import ACTIONS, FILE, SAID, Kind
from tests.integration.pages.cast import decision, page_of


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
    FEEDBACK = "feedback"
    ASK = "ask"
    GUIDE = "guide"
    REGENERATE = "regenerate"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    DELEGATE = "delegate"
    CLAIM = "claim"


class Surface(StrEnum):
    """Where it is done."""

    SERVICE = "service"
    API = "api"
    PAGE = "page"
    TERMINAL = "terminal"


KIND = {
    Verb.RESPOND: Kind.QUESTION,
    Verb.CHOOSE: Kind.CHOICE,
    Verb.PLAN: Kind.PLAN,
    Verb.LINES: Kind.ITEMISED,
}
"""What a verb is tried on; a tool call where none is named."""

REQUEST_PAGES = frozenset(
    [
        "request",
        "decide",
        "say",
        "undo",
        "talk",
        "snooze",
        "unsnooze",
        "escalate",
        "pass_on",
        "claim",
        "release",
        "look",
        "recall",
        "compensate",
        "feedback",
        "why",
        "grant_new",
    ]
)
"""The routes below a request's page, as of which `NOT_DRIVEN` was written."""
COMMANDS = frozenset(
    [
        "answer",
        "approve",
        "ask",
        "break-glass",
        "choose",
        "claim",
        "compensate",
        "defer",
        "delegate",
        "edit",
        "escalate",
        "feedback",
        "guide",
        "lines",
        "list",
        "login",
        "notifications",
        "pause",
        "pauses",
        "plan",
        "recall",
        "regenerate",
        "reject",
        "release",
        "resume",
        "show",
        "undefer",
        "undo",
        "watch",
    ]
)
"""The commands of the terminal, likewise."""
NOT_DRIVEN = {
    Surface.PAGE: frozenset(
        {
            Verb.RECALL,
            Verb.FEEDBACK,
            Verb.ASK,
            Verb.GUIDE,
            Verb.REGENERATE,
            Verb.SNOOZE,
            Verb.ESCALATE,
            Verb.DELEGATE,
            Verb.CLAIM,
        }
    ),
    Surface.TERMINAL: frozenset(Verb) - {Verb.APPROVE, Verb.REJECT},
}
"""Verbs that a surface has and this matrix does not drive there yet; tests beside it walk them once."""

SIGN_IN = "sign-in"
"""What every surface says to whom it does not know, each in its way."""
WHY = "The incident needs this written now."
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


def kind_of(verb: Verb) -> Kind:
    return KIND.get(verb, Kind.TOOL_CALL)


def answers_of(verb: Verb) -> Answers | None:
    """What is said of the actions; None where the verdict says it for all."""
    if verb is Verb.LINES:
        return {"pay": Said(Word.EDIT, _parted().args)}
    return {"call_1": Said(Word.EDIT, OTHERWISE)} if verb is Verb.EDIT else SAID[kind_of(verb)]


def _parted() -> Any:
    return split(ACTIONS[Kind.ITEMISED][0], [LineSaid(2, "defer")])


def by_service(call: Call) -> str:
    """The service itself, past every edge."""
    fields: dict[str, Any] = {
        "person": call.person,
        "team": call.cast.world.team,
        "request_id": call.request.pk,
    }
    said = {"text": "Which one?", "key": uuid4().hex}
    other: dict[Verb, Callable[[], object]] = {
        Verb.UNDO: lambda: undo(**fields),
        Verb.RECALL: lambda: recall(**fields, reason="Wrong one."),
        Verb.FEEDBACK: lambda: give_feedback(**fields, kind="bad", reason="Wrong one."),
        Verb.ASK: lambda: converse.ask(**fields, **said),
        Verb.GUIDE: lambda: converse.guide(**fields, **said),
        Verb.REGENERATE: lambda: converse.regenerate(**fields, **said),
        Verb.SNOOZE: lambda: snooze(**fields, until="time", at=database_now() + timedelta(minutes=15)),
        Verb.ESCALATE: lambda: escalate(**fields, reason="Looks odd."),
        Verb.DELEGATE: lambda: delegate(**fields, to=call.cast.taker.get_username(), reason="Yours."),
        Verb.CLAIM: lambda: claims.claim(**fields),
    }
    try:
        if call.verb in other:
            other[call.verb]()
        else:
            verdict = call.verb.value if call.verb in (Verb.REJECT, Verb.BREAK_GLASS) else "approve"
            decide(
                **fields,
                digest=call.request.digest,
                verdict=verdict,  # type: ignore[arg-type]
                message=WHY if call.verb is Verb.BREAK_GLASS else "",
                idempotency_key=uuid4().hex,
                actions=answers_of(call.verb),
                set_aside=_parted().set_aside if call.verb is Verb.LINES else (),
            )
    except Refused as refused:
        return refused.code
    return ""


def by_api(call: Call) -> str:
    """The reviewer API with a personal token."""
    said = {"text": "Which one?", "idempotency_key": uuid4().hex}
    other: dict[Verb, Mapping[str, Any]] = {
        Verb.UNDO: {"reason": ""},
        Verb.RECALL: {"reason": "Wrong one."},
        Verb.FEEDBACK: {"kind": "bad", "reason": "Wrong one."},
        Verb.ASK: said,
        Verb.GUIDE: said,
        Verb.REGENERATE: said,
        Verb.SNOOZE: {"until": "time", "in": "15m"},
        Verb.ESCALATE: {"reason": "Looks odd."},
        Verb.DELEGATE: {"to": call.cast.taker.get_username(), "reason": "Yours."},
        Verb.CLAIM: {},
    }
    path, sent = (call.verb.value, other[call.verb]) if call.verb in other else ("decide", _decision_in(call))
    caller = Caller(call.cast.tokens[call.role], call.cast.browsers[Role.ANONYMOUS])
    response = caller.call("POST", f"/requests/{call.request.pk}/{path}", sent)
    if response.status_code == 401:
        return SIGN_IN
    return "" if response.status_code < 300 else str(json.loads(response.content)["code"])


def _decision_in(call: Call) -> Mapping[str, Any]:
    if call.verb is Verb.LINES:
        decisions: list[dict[str, Any]] = [{"key": "pay", "type": "approve", "lines": [LINE]}]
    elif (answers := answers_of(call.verb)) is not None:
        decisions = [
            {
                "key": key,
                "type": said.verb.value,
                **({"args": dict(said.args)} if said.args is not None else {}),
                **({"value": said.value} if said.verb.answers else {}),
            }
            for key, said in answers.items()
        ]
    else:
        decisions = [
            {"key": action["key"], "type": call.verb.value} for action in ACTIONS[kind_of(call.verb)]
        ]
    return {
        "digest": call.request.digest,
        "decisions": decisions,
        "note": WHY if call.verb is Verb.BREAK_GLASS else "",
        "idempotency_key": uuid4().hex,
    }


def by_page(call: Call) -> str:
    """A plain form post of the request's page, as a browser without JavaScript sends it."""
    where, fields = _form(call)
    response = call.cast.browsers[call.role].post(page_of(call.cast.world, call.request, where), fields)
    if response.status_code == 404:
        return "not-found"
    if response.status_code == 302:
        to = str(response["Location"])
        return SIGN_IN if to.startswith("/sign-in") else ""
    found = re.search(r'data-code="([^"]*)"', response.content.decode())
    return found[1] if found else f"status {response.status_code} and no code"


def _form(call: Call) -> tuple[str, Mapping[str, Any]]:
    if call.verb is Verb.UNDO:
        return "/undo", {"from": "page"}
    if call.verb in (Verb.APPROVE, Verb.REJECT, Verb.BREAK_GLASS):
        message = WHY if call.verb is Verb.BREAK_GLASS else ""
        return "/decide", decision(call.request, call.verb.value, confirmed="1", message=message)
    revision = call.request.revisions.get(number=call.request.revision_number)
    risk, digest = Risk(call.request.risk), call.request.digest
    asked = asked_of(bytes(revision.payload), risk=risk, digest=digest)
    if call.verb is Verb.LINES:
        asked = read_back(risk, [{"key": "pay", "args": _parted().args}], digest)
    forms: dict[Verb, tuple[str, Mapping[str, Any]]] = {
        Verb.EDIT: ("edit", {"form": "raw", "json": json.dumps(OTHERWISE)}),
        Verb.RESPOND: ("respond", {"text": "The first."}),
        Verb.CHOOSE: ("choose", {"pick": "1"}),
        Verb.PLAN: ("parts", {"stop": "1"}),
        Verb.LINES: ("lines", {"line-2": "defer"}),
    }
    step, own = forms[call.verb]
    every = {"digest": digest, "idempotency_key": uuid4().hex, "step": step, "stage": "commit"}
    return "/say", {**every, "read_back": asked.answer if asked else "", **own}


class InProcess(Transport):
    """The client's calls without a network: straight into the URL configuration."""

    def __init__(self, call: Call) -> None:
        self._caller = Caller(call.cast.tokens[call.role], call.cast.browsers[Role.ANONYMOUS])

    def close(self) -> None:
        """Nothing is open."""

    def get(self, path: str, **query: str | None) -> Any:
        given = urlencode({name: value for name, value in query.items() if value})
        return self._answer("GET", f"/{path}?{given}", None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer("POST", f"/{path}", dict(body))

    def _answer(self, method: str, path: str, body: Any) -> Any:
        response = self._caller.call(method, path, body)
        answer = json.loads(response.content)
        if response.status_code >= 300:
            raise refusal(response.status_code, answer)
        return answer


def by_terminal(call: Call) -> str:
    """The command, on a pipe, as scripts run it."""
    said = {
        Verb.APPROVE: ["--yes", "--digest", call.request.digest],
        Verb.REJECT: ["--reason", "Wrong one."],
    }
    given = cli.parser().parse_args([call.verb.value, str(call.request.pk), *said[call.verb], "--json"])
    out = io.StringIO()
    context = Context(Screen(out, terminal=False), json=True)
    context.__dict__["client"] = Reviewer("", "", surface="cli", transport=InProcess(call))
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            given.run(context, given)
    except FAILURES as error:
        return str(told(error)["code"])
    (result,) = json.loads(out.getvalue())["results"]
    code = cast("str", result.get("error", {}).get("code", ""))
    return SIGN_IN if code == "unauthenticated" else code


BY: dict[Surface, Callable[[Call], str]] = {
    Surface.SERVICE: by_service,
    Surface.API: by_api,
    Surface.PAGE: by_page,
    Surface.TERMINAL: by_terminal,
}


def left(call: Call) -> bool:
    """Whether the rows show that this person did this."""
    person, request = call.person, ApprovalRequest.objects.get(pk=call.request.pk)
    mine = Vote.objects.filter(request=request, person=person, revision_number=request.revision_number)
    said = Message.objects.filter(request=request, person=person)
    traces: dict[Verb, Callable[[], bool]] = {
        Verb.EDIT: lambda: _revised(call, request),
        Verb.LINES: lambda: _revised(call, request),
        Verb.UNDO: lambda: not mine.filter(retracted_at=None).exists(),
        Verb.RECALL: lambda: Recall.objects.filter(decision__request=request, person=person).exists(),
        Verb.FEEDBACK: lambda: Feedback.objects.filter(decision__request=request, person=person).exists(),
        Verb.ASK: lambda: said.filter(kind="question").exists() and request.asked_agent_at is not None,
        Verb.GUIDE: lambda: (
            said.filter(kind="guidance").exists() and request.asked_agent_at == call.request.asked_agent_at
        ),
        Verb.REGENERATE: lambda: (
            said.filter(kind="regenerate").exists() and request.asked_agent_at is not None
        ),
        Verb.SNOOZE: lambda: Snooze.objects.filter(
            request=request, member__user=person, ended_at=None
        ).exists(),
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
