"""How each verb is called on each surface. A call answers with the refusal's code, "" when it worked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from django.urls import reverse

from inbox.clock import database_now
from inbox.errors import Refused
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from inbox.selectors.read_back import read_back
from inbox.services import claims, converse
from inbox.services.compensate import compensate
from inbox.services.decide import decide
from inbox.services.escalate_by_hand import escalate
from inbox.services.feedback import give_feedback
from inbox.services.pass_on import delegate
from inbox.services.recall import recall
from inbox.services.snooze import snooze
from inbox.services.undo import undo
from tests.integration.api.conftest import Caller
from tests.integration.matrix.roles import Role
from tests.integration.matrix.states import ACTIONS
from tests.integration.matrix.terminal import by_terminal
from tests.integration.matrix.verbs import (
    LINE,
    OTHERWISE,
    SIGN_IN,
    TEXT,
    WHY,
    Call,
    Verb,
    answers_of,
    kind_of,
    parted,
)
from tests.integration.pages.cast import decision


class Surface(StrEnum):
    """Where it is done. The page is its forms as a browser without JavaScript sends them; htmx sends the same."""

    SERVICE = "service"
    API = "api"
    PAGE = "page"
    TERMINAL = "terminal"


PAGES = {
    Verb.APPROVE: "decide",
    Verb.REJECT: "decide",
    Verb.BREAK_GLASS: "decide",
    Verb.EDIT: "say",
    Verb.RESPOND: "say",
    Verb.CHOOSE: "say",
    Verb.PLAN: "say",
    Verb.LINES: "say",
    Verb.ASK: "talk",
    Verb.GUIDE: "talk",
    Verb.REGENERATE: "talk",
    Verb.DELEGATE: "pass_on",
}
"""The route of a verb's form; its own name where none is named."""
OTHER_PAGES = frozenset({"request", "why", "look", "unsnooze", "release", "grant_new"})
"""Routes below a request that only show it, take back one's own mark on it, or are of what it may lead to."""


def route_of(verb: Verb) -> str:
    return PAGES.get(verb, verb.value)


def hands_on(surface: Surface, verb: Verb) -> bool:
    """Whether it has no rule of its own and only hands on what is said; the others look at the request first."""
    looking = {Surface.PAGE: ("say",), Surface.TERMINAL: ("say", "decide")}
    return surface is not Surface.API and route_of(verb) not in looking.get(surface, ())


def by_service(call: Call) -> str:
    """The service itself, past every edge."""
    fields: dict[str, Any] = {
        "person": call.person,
        "team": call.cast.world.team,
        "request_id": call.request.pk,
    }
    said = {"text": TEXT, "key": uuid4().hex}
    other: dict[Verb, Callable[[], object]] = {
        Verb.UNDO: lambda: undo(**fields),
        Verb.RECALL: lambda: recall(**fields, reason=WHY),
        Verb.COMPENSATE: lambda: compensate(**fields, reason=WHY),
        Verb.FEEDBACK: lambda: give_feedback(**fields, kind="bad", reason=WHY),
        Verb.ASK: lambda: converse.ask(**fields, **said),
        Verb.GUIDE: lambda: converse.guide(**fields, **said),
        Verb.REGENERATE: lambda: converse.regenerate(**fields, **said),
        Verb.SNOOZE: lambda: snooze(**fields, until="time", at=database_now() + timedelta(minutes=15)),
        Verb.ESCALATE: lambda: escalate(**fields, reason=WHY),
        Verb.DELEGATE: lambda: delegate(**fields, to=call.taker, reason=WHY),
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
                set_aside=parted().set_aside if call.verb is Verb.LINES else (),
            )
    except Refused as refused:
        return refused.code
    return ""


def by_api(call: Call) -> str:
    """The reviewer API with a personal token."""
    said = {"text": TEXT, "idempotency_key": uuid4().hex}
    reason = {"reason": WHY}
    other: dict[Verb, Mapping[str, Any]] = {
        Verb.UNDO: {"reason": ""},
        Verb.RECALL: reason,
        Verb.COMPENSATE: reason,
        Verb.FEEDBACK: {"kind": "bad", **reason},
        Verb.ASK: said,
        Verb.GUIDE: said,
        Verb.REGENERATE: said,
        Verb.SNOOZE: {"until": "time", "in": "15m"},
        Verb.ESCALATE: reason,
        Verb.DELEGATE: {"to": call.taker, **reason},
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
    """A plain form post, as a browser without JavaScript sends it, and the page that comes back."""
    address = reverse(route_of(call.verb), args=[call.cast.world.team.slug, call.request.pk])
    response = call.cast.browsers[call.role].post(address, _form(call))
    if response.status_code == 404:
        return "not-found"
    if response.status_code == 302:
        to = str(response["Location"])
        return SIGN_IN if to.startswith("/sign-in") else ""
    found = re.search(r'data-code="([^"]*)"', response.content.decode())
    return found[1] if found else f"status {response.status_code} and no code"


def _form(call: Call) -> Mapping[str, Any]:
    bound = {"digest": call.request.digest, "idempotency_key": uuid4().hex}
    reason = {"reason": WHY}
    forms: dict[Verb, Mapping[str, Any]] = {
        Verb.UNDO: {"from": "page"},
        Verb.RECALL: reason,
        Verb.COMPENSATE: reason,
        Verb.FEEDBACK: {"kind": "bad", **reason},
        **{
            verb: {**bound, "kind": verb.value, "text": TEXT}
            for verb in (Verb.ASK, Verb.GUIDE, Verb.REGENERATE)
        },
        Verb.SNOOZE: {"until": "15m"},
        Verb.ESCALATE: reason,
        Verb.DELEGATE: {"to": call.taker, **reason},
        Verb.CLAIM: {},
    }
    if call.verb in forms:
        return forms[call.verb]
    if route_of(call.verb) == "decide":
        message = WHY if call.verb is Verb.BREAK_GLASS else ""
        return decision(call.request, call.verb.value, confirmed="1", message=message)
    risk = Risk(call.request.risk)
    revision = call.request.revisions.get(number=call.request.revision_number)
    asked = asked_of(bytes(revision.payload), risk=risk, digest=call.request.digest)
    if call.verb is Verb.LINES:
        asked = read_back(risk, [{"key": "pay", "args": parted().args}], call.request.digest)
    filled: dict[Verb, tuple[str, Mapping[str, Any]]] = {
        Verb.EDIT: ("edit", {"form": "raw", "json": json.dumps(OTHERWISE)}),
        Verb.RESPOND: ("respond", {"text": "The first."}),
        Verb.CHOOSE: ("choose", {"pick": "1"}),
        Verb.PLAN: ("parts", {"stop": "1"}),
        Verb.LINES: ("lines", {"line-2": "defer"}),
    }
    step, own = filled[call.verb]
    return {**bound, "step": step, "stage": "commit", "read_back": asked.answer if asked else "", **own}


BY: dict[Surface, Callable[[Call], str]] = {
    Surface.SERVICE: by_service,
    Surface.API: by_api,
    Surface.PAGE: by_page,
    Surface.TERMINAL: by_terminal,
}
