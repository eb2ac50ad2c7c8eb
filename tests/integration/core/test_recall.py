"""Taking back a released decision: until its agent has it, and what is left to do afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.contrib.auth.models import User

from agents import delivery
from agents.contract import ConsumeBody
from agents.models import Delivery, EffectEntry
from inbox import canonical
from inbox.clock import database_now
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from inbox.ladder import safest
from inbox.models import ApprovalRequest, AuditEvent, Feedback, Pickup, Recall, Tool
from inbox.selectors import queue
from inbox.selectors.aftermath import latest
from inbox.selectors.answers import answer, request_of
from inbox.selectors.compensation import compensation_of
from inbox.selectors.filters import parse
from inbox.selectors.ladder import ladder_of
from inbox.selectors.turn import Turn
from inbox.services.compensate import compensate
from inbox.services.feedback import give_feedback
from inbox.services.pickups import begun, consume, had
from inbox.services.recall import recall
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.integration.api.conftest import Caller
from tests.policies import PASS_WRITES, enforce

PERMIT: dict[str, Any] = {"reply": {"channel": "poll", "permit": True}}


def take_back(
    world: World, request: ApprovalRequest, person: User | None = None, reason: str = "Wrong file."
) -> Recall:
    return recall(person=person or world.dave, team=world.team, request_id=request.pk, reason=reason)


def code(error: pytest.ExceptionInfo[Any]) -> str:
    refused: Refused = error.value
    return refused.code


def read(world: World, request: ApprovalRequest) -> None:
    assert not had([request_of(world.agent, request.pk)])


def approved(world: World, **fields: Any) -> ApprovalRequest:
    request = ask(world, **fields)
    vote(world, request, world.dave)
    request.refresh_from_db()
    return request


def on_the_way(request: ApprovalRequest) -> Delivery:
    """The delivery this decision would have had on a channel that is sent."""
    row = Delivery.objects.create(
        team_id=request.team_id,
        agent_id=request.agent_id,
        channel="hosted",
        correlation_id=request.decision.pk,
        thread=request.thread,
        address="0" * 32,
        payload=bytes(request.decision.answer),
    )
    ApprovalRequest.objects.filter(pk=request.pk).update(channel="hosted")
    return row


def test_the_agent_gets_a_no_in_its_place(world: World, client: Any) -> None:
    request = approved(world, **PERMIT)
    with pytest.raises(Invalid):
        take_back(world, request, reason=" ")
    with pytest.raises(NotAllowed) as stranger:
        take_back(world, request, world.carol)
    assert code(stranger) == "not-yours"
    with pytest.raises(NotFound):
        take_back(world, request, world.charlie)
    take_back(world, request, world.erin)
    api = Caller(world.token, client)
    told = json.loads(api.call("GET", f"/requests/{request.pk}").content)
    assert (told["state"], told["outcome"], told["decision"]["recalled"]) == ("decided", "rejected", True)
    (action,) = told["decision"]["actions"]
    assert (action["type"], action["args"]) == ("reject", None)
    assert "Wrong file." in action["message"]
    with pytest.raises(Conflict) as consumed:
        consume(agent=world.agent, request_id=request.pk, body=ConsumeBody(digest=request.digest, holder="w"))
    assert code(consumed) == "recalled"
    with pytest.raises(Conflict) as twice:
        take_back(world, request)
    assert code(twice) == "recalled"
    check_team(world.team)


def test_lists_do_not_say_approved_of_what_was_recalled(world: World) -> None:
    request = approved(world)
    take_back(world, request)
    (row,) = queue.done(Turn(world.member(world.alice)), parse("")).blocks[-1].rows
    assert row.closing is not None
    assert row.closing.text.startswith("Recalled by ")


def test_a_reading_that_began_before_the_recall_brings_the_no(world: World) -> None:
    request = approved(world)
    row = request_of(world.agent, request.pk)
    take_back(world, request)
    assert not had([row])
    told = answer(row, decision=row.decision, seq=0)
    assert (told["outcome"], told["decision"]["actions"][0]["type"]) == ("rejected", "reject")
    assert not Pickup.objects.filter(decision=row.decision).exists()


def test_what_is_had_held_refused_or_policys_is_not_recalled(world: World) -> None:
    no = ask(world)
    vote(world, no, world.dave, "reject")
    picked_up = approved(world)
    read(world, picked_up)
    passed = ask(world, "lookup_order", {"order": "#1"})
    waiting = ask(world)
    wanted = {
        no: "not-approved",
        picked_up: "already-picked-up",
        passed: "not-peoples",
        waiting: "not-decided",
    }
    for request, because in wanted.items():
        with pytest.raises(Conflict) as refused:
            take_back(world, request)
        assert code(refused) == because
    enforce(world, release_at_once=None)
    held = ask(world)
    vote(world, held, world.dave)
    with pytest.raises(Conflict) as undo_it:
        take_back(world, held)
    assert code(undo_it) == "held"
    assert not Recall.objects.exists()


def test_a_delivery_nobody_began_carries_the_no(world: World) -> None:
    request = approved(world)
    row = on_the_way(request)
    take_back(world, request)
    row.refresh_from_db()
    assert canonical.read(bytes(row.payload))["actions"][0]["type"] == "reject"
    check_team(world.team)
    assert begun(row.correlation_id)
    assert not Pickup.objects.filter(decision=row.correlation_id).exists()


@pytest.mark.parametrize("case", ["claimed", "begun before the update"])
def test_a_delivery_somebody_has_is_too_late(world: World, case: str) -> None:
    request = approved(world)
    row = on_the_way(request)
    if case == "claimed":
        assert delivery.claim(row.pk)
    else:
        EffectEntry.objects.create(
            decision_id=row.correlation_id, thread=row.thread, address=row.address, epoch=1
        )
    with pytest.raises(Conflict) as late:
        take_back(world, request)
    assert code(late) == "already-picked-up"


@pytest.mark.parametrize("_round", range(10))
def test_recalling_and_consuming_end_in_one_outcome(real_world: World, _round: int) -> None:
    world = real_world
    request = approved(world, **PERMIT)
    body = ConsumeBody(digest=request.digest, holder="w")
    results: list[Any] = race(
        lambda: take_back(world, request),
        lambda: consume(agent=world.agent, request_id=request.pk, body=body),
    )
    codes = [getattr(one, "code", "") for one in results]
    assert codes in (["", "recalled"], ["already-picked-up", ""]), results
    check_team(world.team)


@pytest.mark.parametrize("_round", range(10))
def test_recalling_and_a_workers_claim_end_in_one_outcome(real_world: World, _round: int) -> None:
    world = real_world
    request = approved(world)
    row = on_the_way(request)
    results: list[Any] = race(lambda: take_back(world, request), lambda: delivery.claim(row.pk))
    recalled, claimed = results
    row.refresh_from_db()
    told = canonical.read(bytes((claimed or row).payload))["actions"][0]["type"]
    if isinstance(recalled, Recall):
        # The worker that comes after, or came at this instant and found the row locked, carries the no.
        assert told == "reject"
    else:
        assert (recalled.code, told) == ("already-picked-up", "approve")
    check_team(world.team)


@pytest.fixture
def reversible(world: World) -> World:
    """Writing a file can be put back for an hour."""
    Tool.objects.filter(team=world.team, name="write_file").update(
        inverse_tool="restore_file", inverse={"file": "path"}, window_seconds=3600
    )
    return world


def put_back(world: World, request: ApprovalRequest, person: User | None = None) -> ApprovalRequest:
    made = compensate(
        person=person or world.dave, team=world.team, request_id=request.pk, reason="Wrong file."
    )
    assert made is not None
    return made


def test_the_inverse_is_asked_for_in_the_agents_name_and_someone_else_decides(
    reversible: World, client: Any
) -> None:
    world = reversible
    request = approved(world)
    with pytest.raises(Conflict) as early:
        put_back(world, request)
    assert code(early) == "not-had"
    read(world, request)
    with pytest.raises(NotAllowed):
        put_back(world, request, world.erin)
    made = put_back(world, request)
    assert (made.tool, made.state, made.requester) == ("restore_file", "pending", world.dave)
    with pytest.raises(NotAllowed) as own:
        vote(world, made, world.dave)
    assert code(own) == "self-approval"
    vote(world, made, world.alice)
    listed = json.loads(Caller(world.token, client).call("GET", "/requests?thread=run-1").content)["items"]
    assert [item["compensates"] for item in listed] == [None, str(request.pk)]
    assert listed[1]["decision"]["actions"][0]["args"] == {"file": "docs/a.md"}
    with pytest.raises(Conflict) as twice:
        put_back(world, request)
    assert code(twice) == "compensated"
    assert compensation_of(request) == made
    with pytest.raises(Invalid) as reserved:
        ask(world, dedupe_key=f"compensates:{request.pk}")
    assert code(reserved) == "reserved-key"
    check_team(world.team)


def test_without_an_inverse_or_after_its_window_nothing_is_asked(reversible: World) -> None:
    world = reversible
    request = approved(world)
    read(world, request)
    with pgtrigger.ignore("inbox.Pickup:pickup_is_immutable"):
        Pickup.objects.filter(decision__request=request).update(at=database_now() - timedelta(hours=2))
    with pytest.raises(Conflict) as late:
        put_back(world, request)
    assert code(late) == "window-over"
    Tool.objects.filter(team=world.team, name="write_file").update(inverse_tool="", inverse={})
    with pytest.raises(Conflict) as none:
        put_back(world, request)
    assert code(none) == "no-inverse"
    assert compensation_of(request) is None


def test_feedback_counts_once_a_person_and_changes_nothing(world: World) -> None:
    request = approved(world)
    before = ApprovalRequest.objects.values().get(pk=request.pk)

    def say(person: User, kind: Any, reason: str = "") -> None:
        give_feedback(person=person, team=world.team, request_id=request.pk, kind=kind, reason=reason)

    say(world.dave, "good")
    say(world.alice, "bad", "It was the draft.")
    say(world.dave, "incident", "It overwrote the contract.")
    with pytest.raises(Invalid) as silent:
        say(world.alice, "incident")
    assert code(silent) == "reason-missing"
    with pytest.raises(NotAllowed):
        say(world.erin, "good")
    with pytest.raises(NotFound):
        say(world.charlie, "good")
    assert [(one.person, one.kind) for one in latest(request.decision)] == [
        (world.dave, "incident"),
        (world.alice, "bad"),
    ]
    assert Feedback.objects.filter(decision__request=request).count() == 3
    assert AuditEvent.objects.filter(request=request, verb="feedback").count() == 3
    assert ApprovalRequest.objects.values().get(pk=request.pk) == before


def test_the_ladder_names_the_safest_way_that_is_open(reversible: World) -> None:
    world = reversible

    def best(request: ApprovalRequest, person: User) -> str:
        request.refresh_from_db()
        found = safest(ladder_of(request, world.member(person), at=database_now()))
        return found.rung.value if found else ""

    enforce(world, release_at_once=None)
    held = approved(world)
    assert (best(held, world.dave), best(held, world.alice)) == ("undo", "")
    enforce(world, PASS_WRITES, release_at_once=["*"])
    passed = ask(world)
    assert best(passed, world.dave) == "compensate"
    enforce(world, release_at_once=["*"])
    request = approved(world)
    assert (best(request, world.dave), best(request, world.erin)) == ("recall", "recall")
    assert best(request, world.carol) == "report"
    read(world, request)
    assert best(request, world.dave) == "compensate"
    put_back(world, request)
    assert best(request, world.dave) == "report"
