"""The states of the matrix, each made by what people, the agent and the clock do; and the kinds of requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from agents.contract import Submission
from inbox.answers import APPROVED, Answers, Said
from inbox.clock import database_now
from inbox.lifecycle import Verb
from inbox.models import ApprovalRequest
from inbox.selectors.answers import request_of
from inbox.services import claims, converse, pauses
from inbox.services.expire import expire_due
from inbox.services.holds import release_due
from inbox.services.pickups import had
from inbox.services.submit import submit
from inbox.services.withdraw import withdraw
from tests.factories import body, vote
from tests.integration.core.test_holds import due
from tests.integration.matrix.roles import RISKS, Cast, Role
from tests.policies import enforce


class Kind(StrEnum):
    """What is asked."""

    TOOL_CALL = "tool_call"
    QUESTION = "question"
    CHOICE = "choice"
    PLAN = "plan"
    ITEMISED = "itemised"


class State(StrEnum):
    """How it stands with the request. "By me" is by `Role.ME`, "by another" by `Role.PEER`."""

    WAITING = "waiting"
    VOTED = "voted by me, of two"
    EDITED = "edited by me"
    CLAIMED = "claimed by another"
    AGENTS_TURN = "the agent's turn"
    BLOCKED = "blocked"
    PAUSED = "paused"
    HELD_BY_ME = "held by me"
    HELD_BY_ANOTHER = "held by another"
    NOT_HAD = "decided and not had"
    HAD = "decided and had"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


NO_EDITS = frozenset({Kind.QUESTION, Kind.CHOICE})
"""Kinds whose arguments nobody may edit."""

FILE = {"path": "docs/a.md", "text": "hello"}
ACTIONS: dict[Kind, list[dict[str, Any]]] = {
    Kind.TOOL_CALL: [{"key": "call_1", "name": "write_file", "args": FILE}],
    Kind.QUESTION: [{"key": "q", "kind": "question", "name": "ask_person", "description": "Which list?"}],
    Kind.CHOICE: [
        {"key": "c", "kind": "choice", "name": "choose", "options": [{"value": 1}, {"value": 2}]},
    ],
    Kind.PLAN: [
        {"key": "s0", "name": "write_file", "args": FILE},
        {"key": "s1", "name": "write_file", "args": {"path": "docs/b.md", "text": "x"}, "depends_on": ["s0"]},
    ],
    Kind.ITEMISED: [
        {
            "key": "pay",
            "name": "pay_invoices",
            "args": {"invoices": [{"id": f"INV-{n}", "amount": n} for n in range(1, 4)]},
            "lines": "/invoices",
        }
    ],
}
SAID: dict[Kind, Answers | None] = {
    Kind.TOOL_CALL: None,
    Kind.QUESTION: {"q": Said(Verb.RESPOND, value="The first.")},
    Kind.CHOICE: {"c": Said(Verb.CHOOSE, value=[2])},
    Kind.PLAN: {"s0": APPROVED, "s1": Said(Verb.DEFER)},
    Kind.ITEMISED: None,
}
"""What is said of a kind when it is approved; None approves all of it."""
EDITED: dict[Kind, Answers] = {
    Kind.TOOL_CALL: {"call_1": Said(Verb.EDIT, {**FILE, "text": "mine"})},
    Kind.PLAN: {"s0": Said(Verb.EDIT, {**FILE, "text": "mine"}), "s1": APPROVED},
    Kind.ITEMISED: {
        "pay": Said(Verb.EDIT, {"invoices": [{"id": f"INV-{n}", "amount": n + 1} for n in range(1, 4)]})
    },
}


def make(cast: Cast, kind: Kind, state: State) -> ApprovalRequest:
    """A request of this kind that has come to this state."""
    rules = []
    if state is State.BLOCKED:
        names = sorted({action["name"] for action in ACTIONS[kind]})
        needs = [{"tier": "senior", "count": 1}]
        rules = [
            {"id": f"stop-{at}", "tool": name, "then": "break_glass", "needs": needs}
            for at, name in enumerate(names)
        ]
    if rules or state in _OF_TWO:
        count = 2 if state in _OF_TWO else 1
        ladder = {risk: [{"tier": "senior", "count": count}] for risk in RISKS}
        enforce(cast.world, *rules, release_at_once=None, ladder=ladder)
    request = _asked(cast, kind)
    _COME_TO[state](cast, request, kind)
    request.refresh_from_db()
    # Whose it is first is the router's choice, and gives a right to pass it on.
    ApprovalRequest.objects.filter(pk=request.pk).update(assignee=None)
    return request


_OF_TWO = frozenset({State.VOTED, State.EDITED})


def _asked(cast: Cast, kind: Kind, **fields: Any) -> ApprovalRequest:
    requester = cast.people[Role.REQUESTER].get_username()
    sent = {**body(), "actions": ACTIONS[kind], "on_behalf_of": requester, **fields}
    return submit(agent=cast.world.agent, submission=Submission.model_validate(sent)).request


def _waiting(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    """As it was asked."""


def _voted(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    vote(cast.world, request, cast.me, actions=SAID[kind])


def _edited(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    assert vote(cast.world, request, cast.me, actions=EDITED[kind]).proposed


def _claimed(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    claims.claim(person=cast.peer, team=cast.world.team, request_id=request.pk)


def _agents_turn(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    fields = {"person": cast.peer, "team": cast.world.team, "request_id": request.pk}
    converse.ask(**fields, text="Which one?", key=uuid4().hex)


def _paused(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    pauses.pause(person=cast.world.erin, team=cast.world.team, reason="An incident.")


def _held_by_another(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    vote(cast.world, request, cast.peer, actions=SAID[kind])


def _not_had(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    _voted(cast, request, kind)
    due(request)
    assert release_due() == 1


def _had(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    _not_had(cast, request, kind)
    assert not had([request_of(cast.world.agent, request.pk)])


def _expired(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    over = database_now() - timedelta(milliseconds=1)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=over)
    assert expire_due() == 1


def _withdrawn(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    withdraw(agent=cast.world.agent, request_id=request.pk)


def _superseded(cast: Cast, request: ApprovalRequest, kind: Kind) -> None:
    _asked(cast, kind, supersedes=request.dedupe_key)


_COME_TO: dict[State, Callable[[Cast, ApprovalRequest, Kind], None]] = {
    State.WAITING: _waiting,
    State.VOTED: _voted,
    State.EDITED: _edited,
    State.CLAIMED: _claimed,
    State.AGENTS_TURN: _agents_turn,
    State.BLOCKED: _waiting,
    State.PAUSED: _paused,
    State.HELD_BY_ME: _voted,
    State.HELD_BY_ANOTHER: _held_by_another,
    State.NOT_HAD: _not_had,
    State.HAD: _had,
    State.EXPIRED: _expired,
    State.WITHDRAWN: _withdrawn,
    State.SUPERSEDED: _superseded,
}
