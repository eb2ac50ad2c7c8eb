"""Putting aside: for oneself alone, until a time by the clock or an event in its own transaction, and back with a mark."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.clock import database_now
from inbox.errors import Conflict, Invalid, NotFound
from inbox.models import ApprovalRequest, AuditEvent, RequestGroup, Snooze
from inbox.selectors import queue
from inbox.selectors.changes import changes_since
from inbox.selectors.filters import parse
from inbox.selectors.groups import open_sheet
from inbox.selectors.queue import View
from inbox.selectors.snoozes import clock
from inbox.selectors.tallies import tallies
from inbox.selectors.turn import Turn
from inbox.services import converse
from inbox.services import snooze as service
from inbox.services.closing import leave_group
from inbox.services.snooze import PutAside, preset_time, snooze, unsnooze
from inbox.services.withdraw import withdraw
from tests.checker import check_team
from tests.factories import World, ask, race, vote

ALL = parse("")


def aside(world: World, request: ApprovalRequest, until: str = "time", **more: Any) -> PutAside:
    """dave puts it aside, for 15 minutes unless told otherwise."""
    if until == "time" and "at" not in more:
        more["at"] = preset_time("15m", database_now())
    return snooze(person=world.dave, team=world.team, request_id=request.pk, until=until, **more)


def turn(world: World, name: str = "dave") -> Turn:
    return Turn(world.member(getattr(world, name)), at=database_now())


def listed(listing: queue.Listing) -> dict[Any, str]:
    """The ids on a page with their mark; groups by the one request they hold."""
    rows = {row.request.pk: row.aside.back for block in listing.blocks for row in block.rows}
    only = {group.only.pk: "" for block in listing.blocks for group in block.groups if group.only is not None}
    return rows | only


def views(world: World, name: str = "dave") -> tuple[set[Any], set[Any], set[Any]]:
    """What is this member's turn, waits for others, and is put aside."""
    mine = turn(world, name)
    return (
        set(listed(queue.front(mine, ALL))),
        set(listed(queue.waiting(mine, ALL))),
        set(listed(queue.snoozed(mine, ALL))),
    )


def alone(world: World, **fields: Any) -> ApprovalRequest:
    """A request dave may decide that is in no group."""
    request = ask(world, **fields)
    leave_group([request])
    ApprovalRequest.objects.filter(pk=request.pk).update(batchable=False, group=None)
    request.refresh_from_db()
    return request


def test_for_oneself_alone_and_every_view_and_count_agrees(world: World) -> None:
    kept, put, others = alone(world), alone(world), ask(world, "delete_accounts", {"accounts": [1]})
    aside(world, put)
    assert views(world) == ({kept.pk}, {others.pk}, {put.pk})
    assert queue.your_turn_count(turn(world)) == 1
    assert tallies(turn(world)).snoozed == 1
    assert put.pk in views(world, "carol")[0]
    # Who may decide it does not change: over the API, or from its page.
    assert turn(world).standings([put])[put.pk].turn
    assert vote(world, put, world.dave).decision is not None
    assert views(world)[2] == set()
    assert Snooze.objects.get(request=put).ended_at is not None
    check_team(world.team)


def test_a_time_is_over_by_the_clock_whoever_writes_it_down(world: World) -> None:
    request = alone(world)
    aside(world, request)
    seq = queue.head_seq(world.team.pk)
    Snooze.objects.filter(request=request).update(at=database_now() - timedelta(seconds=1))
    [mark] = listed(queue.front(turn(world), ALL)).values()
    assert mark.startswith("it is past ")
    assert service.end_due() == 1
    assert service.end_due() == 0
    assert listed(queue.front(turn(world), ALL)) == {request.pk: mark}
    assert AuditEvent.objects.filter(request=request, verb="snooze_ended").count() == 1
    # An open page hears of it as of a new one; for others nothing happened.
    assert changes_since(turn(world), seq, View.TURN).new == (request.pk,)
    assert changes_since(turn(world, "carol"), seq, View.TURN).new == ()


def test_it_comes_back_when_the_other_request_is_closed_by_decision_or_withdrawal(world: World) -> None:
    put, other, gone = alone(world), alone(world), alone(world)
    aside(world, put, "decided", other=other.pk)
    vote(world, other, world.carol, "reject")
    assert listed(queue.front(turn(world), ALL))[put.pk] == f"“{other.sentence}” is rejected"
    aside(world, put, "decided", other=gone.pk)
    withdraw(agent=world.agent, request_id=gone.pk)
    assert listed(queue.front(turn(world), ALL))[put.pk].endswith("is withdrawn")
    with pytest.raises(Conflict) as closed:
        aside(world, put, "decided", other=gone.pk)
    assert closed.value.code == "other-closed"
    check_team(world.team)


def test_it_comes_back_when_so_many_alike_wait(world: World) -> None:
    first = ask(world)
    aside(world, first, "alike", count=3)
    second = ask(world)
    assert Snooze.objects.get(request=first).ended_at is None
    group = RequestGroup.objects.select_related("agent").get(pk=first.group_id)
    assert [line.id for line in open_sheet(turn(world), group).lines] == [second.pk]
    ask(world)
    assert len(open_sheet(turn(world), group).lines) == 3
    assert Snooze.objects.get(request=first).ended_because == "3 alike wait"
    with pytest.raises(Conflict) as already:
        aside(world, first, "alike", count=3)
    assert already.value.code == "already-alike"
    with pytest.raises(Invalid) as ungrouped:
        aside(world, alone(world), "alike", count=9)
    assert ungrouped.value.code == "no-group"


def test_it_comes_back_when_the_agent_replies(world: World) -> None:
    request = alone(world)
    with pytest.raises(Conflict) as silent:
        aside(world, request, "reply")
    assert silent.value.code == "nothing-asked"
    said = {"person": world.dave, "team": world.team, "request_id": request.pk}
    converse.ask(**said, text="Which page?", key="q")
    aside(world, request, "reply")
    assert request.pk not in listed(queue.front(turn(world), ALL))
    converse.reply(agent=world.agent, request_id=request.pk, text="The first.", key="a")
    assert AuditEvent.objects.filter(request=request, verb="snooze_ended").count() == 1
    assert listed(queue.front(turn(world), ALL)) == {request.pk: "crm-writer answered"}


def test_the_answer_says_what_silence_does_before_then(world: World) -> None:
    request = alone(world, expires_in=1800)
    assert aside(world, request).warning == ""
    put = aside(world, request, at=database_now() + timedelta(hours=1))
    assert put.warning == f"It will be rejected at {clock(request.expires_at)}, before then."
    ApprovalRequest.objects.filter(pk=request.pk).update(on_timeout="wait")
    assert aside(world, request, at=database_now() + timedelta(hours=1)).warning == ""
    # The last word holds, and only one row does.
    assert Snooze.objects.filter(request=request, ended_at=None).count() == 1


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("missing", {"at": None}),
        ("time-passed", {"at": timedelta(seconds=-1)}),
        ("too-far", {"at": timedelta(days=31)}),
        ("count-out-of-range", {"until": "alike", "count": 1}),
        ("invalid-until", {"until": "doomsday"}),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    world: World, code: str, more: dict[str, Any]
) -> None:
    request = ask(world)
    if isinstance(more.get("at"), timedelta):
        more = {**more, "at": database_now() + more["at"]}
    with pytest.raises(Invalid) as refused:
        aside(world, request, **more)
    assert refused.value.code == code
    assert not Snooze.objects.filter(request=request).exists()


def test_strangers_see_nothing_and_only_ones_own_is_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, second = alone(world), alone(world)
    with pytest.raises(NotFound):
        snooze(person=world.charlie, team=world.team, request_id=request.pk, until="time", at=database_now())
    with pytest.raises(Invalid) as itself:
        aside(world, request, "decided", other=request.pk)
    assert itself.value.code == "other-unknown"
    aside(world, request)
    with pytest.raises(Conflict) as not_hers:
        unsnooze(person=world.carol, team=world.team, request_id=request.pk)
    assert not_hers.value.code == "not-aside"
    monkeypatch.setattr(service, "MOST_ASIDE", 1)
    aside(world, request)
    with pytest.raises(Conflict) as full:
        aside(world, second)
    assert full.value.code == "too-many-aside"
    unsnooze(person=world.dave, team=world.team, request_id=request.pk)
    assert listed(queue.front(turn(world), ALL)) == {request.pk: "", second.pk: ""}


def test_the_lists_cost_the_same_however_much_is_put_aside(world: World) -> None:
    for request in [alone(world) for _ in range(2)]:
        aside(world, request)

    def cost() -> tuple[int, int]:
        found = []
        for read in (queue.front, queue.snoozed):
            mine = turn(world)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                read(mine, ALL)
            found.append(len(queries))
        return found[0], found[1]

    alone(world)
    before = cost()
    for request in [alone(world) for _ in range(6)][:4]:
        aside(world, request)
    assert cost() == before


def test_the_sixth_alike_is_not_missed_by_who_puts_aside_at_that_instant(real_world: World) -> None:
    for _ in range(6):
        first = ask(real_world)
        count = RequestGroup.objects.get(pk=first.group_id).pending + 1
        result = race(
            lambda r=first, n=count: aside(real_world, r, "alike", count=n),  # type: ignore[misc]
            lambda: ask(real_world),
        )
        assert not isinstance(result[1], Exception)
        group = ApprovalRequest.objects.select_related("group").get(pk=first.pk).group
        assert group is not None
        for row in Snooze.objects.filter(request=first, ended_at=None):
            assert row.count is not None
            assert row.count > group.pending
    check_team(real_world.team)
