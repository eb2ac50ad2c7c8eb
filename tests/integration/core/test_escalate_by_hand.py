"""Escalating by hand and passing on: more people or another name first, never another right."""

from __future__ import annotations

from typing import Any

import pytest

from inbox import canonical
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from inbox.models import ApprovalRequest, AuditEvent, RequestGroup
from inbox.services.escalate_by_hand import escalate
from inbox.services.pass_on import delegate
from tests.checker import check_team
from tests.factories import World, ask, vote
from tests.waiting import every_risk, in_force


def unsure(world: World, request: ApprovalRequest, name: str = "dave", reason: str = "Looks odd.") -> Any:
    return escalate(
        person=getattr(world, name), team=world.team, request_id=request.pk, reason=reason, via="test"
    )


def to(world: World, request: ApprovalRequest, giver: str, taker: str, reason: str = "Yours.") -> Any:
    return delegate(
        person=getattr(world, giver),
        team=world.team,
        request_id=request.pk,
        to=getattr(world, taker).get_username(),
        reason=reason,
    )


def needs(request: ApprovalRequest) -> list[tuple[str, int]]:
    request.refresh_from_db()
    return [(need["tier"], need["count"]) for need in request.needs]


def test_step_by_step_up_the_ladder_until_nobody_is_further_up(world: World) -> None:
    request = ask(world)
    group = request.group_id
    assert needs(request) == [("reviewer", 1)]
    unsure(world, request)
    assert needs(request) == [("senior", 1)]
    assert (request.batchable, request.group_id) == (False, None)
    assert RequestGroup.objects.get(pk=group).pending == 0
    with pytest.raises(NotAllowed):
        vote(world, request, world.dave)
    unsure(world, request, "carol")
    assert needs(request) == [("lead", 1)]
    with pytest.raises(Conflict) as top:
        unsure(world, request, "alice")
    assert top.value.code == "nobody-further-up"
    # Who escalated keeps their rights.
    assert vote(world, request, world.alice).decision is not None
    [first, _] = AuditEvent.objects.filter(request=request, verb="escalated").order_by("seq")
    assert first.actor == world.dave.get_username()
    assert canonical.read(bytes(first.entry))["facts"]["reason"] == "Looks odd."
    check_team(world.team)


def test_policys_own_step_comes_first_whatever_silence_does(world: World) -> None:
    in_force(
        world.team,
        on_timeout=every_risk("reject"),
        escalation=every_risk([{"after_seconds": 60, "needs": [{"tier": "lead", "count": 2}]}]),
    )
    request = ask(world)
    unsure(world, request)
    assert needs(request) == [("lead", 2)]
    with pytest.raises(Conflict):
        unsure(world, request)


def test_a_reason_is_required_and_strangers_and_the_closed_are_refused(world: World) -> None:
    request = ask(world)
    for bad, code in (("  \n ", "reason-missing"), ("x" * 501, "reason-too-long")):
        with pytest.raises(Invalid) as refused:
            unsure(world, request, reason=bad)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        unsure(world, request, "charlie")
    vote(world, request, world.dave)
    with pytest.raises(Refused) as closed:
        unsure(world, request)
    assert closed.value.code == "already-decided"


def test_passing_on_names_a_person_and_gives_no_right(world: World) -> None:
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(needs=[{"tier": "lead", "count": 2}])
    refusals = [
        ("alice", "alice", Invalid, "yourself"),
        ("alice", "dave", Conflict, "may-not-decide"),
        ("alice", "charlie", Invalid, "unknown-person"),
        ("dave", "bob", NotAllowed, "not-yours"),
        ("charlie", "bob", NotFound, "not-found"),
    ]
    for giver, taker, kind, code in refusals:
        with pytest.raises(kind) as refused:
            to(world, request, giver, taker)
        assert refused.value.code == code
    before = needs(request)
    to(world, request, "alice", "bob", "You know\nthe customer.")
    request.refresh_from_db()
    assert request.assignee == world.member(world.bob)
    assert request.assigned_because == f"passed on by {world.alice.get_username()}: You know the customer."
    assert needs(request) == before
    with pytest.raises(Conflict) as again:
        to(world, request, "alice", "bob")
    assert again.value.code == "already-theirs"
    vote(world, request, world.alice)
    with pytest.raises(Conflict) as voted:
        to(world, request, "bob", "alice")
    assert voted.value.code == "may-not-decide"


def test_after_five_hands_it_is_decided_or_escalated(world: World) -> None:
    request = ask(world)
    for giver, taker in (("alice", "bob"), ("bob", "alice")) * 2:
        to(world, request, giver, taker)
    to(world, request, "alice", "carol")
    with pytest.raises(Conflict) as full:
        to(world, request, "carol", "dave")
    assert full.value.code == "too-many-hands"
    assert AuditEvent.objects.filter(request=request, verb="delegated").count() == 5
