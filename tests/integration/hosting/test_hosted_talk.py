"""Talking with a run hosted here while it waits: its function answers and drafts anew, and the thread stays where it is."""

from __future__ import annotations

from uuid import uuid4

import pytest

from agents import delivery, leases
from agents.models import Delivery, HostedRun
from inbox.errors import Conflict
from inbox.models import ApprovalRequest, Message
from inbox.models.conversation import TALK
from inbox.selectors import request_page
from inbox.selectors.beside import beside
from inbox.selectors.turn import Turn
from inbox.services import converse
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.stage import approve, begin, claimed, effects, settle, state, values, waiting


def say(world: World, request: ApprovalRequest, act: converse.Say, text: str) -> Message:
    said = act(person=world.alice, team=world.team, request_id=request.pk, text=text, key=uuid4().hex)
    return said.message


def steps(world: World, request: ApprovalRequest) -> frozenset[str]:
    member = world.member(world.alice)
    return beside(request_page.read(Turn(member), request.pk), member).steps


def test_a_waiting_run_answers_and_drafts_anew_and_does_what_was_approved_once(real_world: World) -> None:
    world = real_world
    run = begin(world, "single")
    (request,) = waiting(run)
    assert {"ask", "regenerate", "guide"} <= steps(world, request)
    asked = say(world, request, converse.ask, "For whom?")
    request.refresh_from_db()
    assert request.asked_agent_at is not None
    # A worker that dies after the answer was made calls again; it is recorded once.
    settle(world, lambda: Delivery.objects.get(correlation_id=asked.pk).state == "delivered")
    request.refresh_from_db()
    answer = request.messages.get(kind=Message.Kind.ANSWER)
    assert (answer.text, request.asked_agent_at, request.revision_number) == (
        "It is for given; 1 said.",
        None,
        1,
    )

    before = request.digest
    say(world, request, converse.regenerate, "two")
    settle(world, lambda: ApprovalRequest.objects.get(pk=request.pk).revision_number == 2)
    request.refresh_from_db()
    assert request.digest != before
    assert (request.asked_agent_at, state(run)) == (None, HostedRun.State.PAUSED)
    assert waiting(run) == [request], "it is the same request, at the same interrupt"

    delivery.deliver(claimed(approve(world, request)))
    assert (state(run), effects(run)) == ("done", 1)
    (told,) = values(run)["done"]
    assert (told["type"], told["args"]["text"]) == ("approve", "two")
    check_team(world.team)


def test_people_read_that_there_is_no_answer_and_a_decision_that_was_first_stands(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = real_world
    monkeypatch.setattr(leases, "backoff", lambda attempts: 0.0)
    run = begin(world, "single")
    (request,) = waiting(run)
    asked = say(world, request, converse.ask, "Fail.")
    settle(world, lambda: Delivery.objects.get(correlation_id=asked.pk).state == "delivered")
    request.refresh_from_db()
    answer = request.messages.get(kind=Message.Kind.ANSWER)
    assert (answer.text, request.asked_agent_at) == ("No answer could be had: RuntimeError.", None)
    # Nothing more fits: the turn comes back all the same, and the log says it.
    with monkeypatch.context() as full:
        full.setattr(converse, "MOST_MESSAGES", 3)
        last = say(world, request, converse.ask, "And why?")
        settle(world, lambda: Delivery.objects.get(correlation_id=last.pk).state == "delivered")
    request.refresh_from_db()
    assert (request.messages.count(), request.asked_agent_at) == (3, None)
    late = say(world, request, converse.regenerate, "three")
    row = approve(world, request)
    delivery.deliver(claimed(row))
    settle(world, lambda: not Delivery.objects.filter(team_id=world.team.pk, finished_at=None).exists())
    assert Delivery.objects.get(correlation_id=late.pk, channel=TALK).state == "stale"
    assert (effects(run), values(run)["done"][0]["args"]["text"]) == (1, "one")
    check_team(world.team)


def test_a_run_nobody_answers_for_is_not_asked(real_world: World) -> None:
    run = begin(real_world, "fan", items=["a"])
    (request,) = waiting(run)
    assert steps(real_world, request) & {"ask", "regenerate", "guide"} == {"guide"}
    with pytest.raises(Conflict) as refused:
        say(real_world, request, converse.ask, "Why?")
    assert refused.value.code == "hosted-request"
    assert not request.messages.exists()
