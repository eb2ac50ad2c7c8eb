"""What members are told: one line a thing while unread, in one statement, true for as long as it is unread."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import signals
from agents.contract import Submission
from agents.models import Agent, Delivery
from inbox.clock import database_now
from inbox.models import ApprovalRequest, Decision, Delegation, Member, Notification
from inbox.selectors import notifications
from inbox.services.escalate_by_hand import escalate
from inbox.services.intake import Addressed
from inbox.services.notify import AGAIN, Kind, Notice, mark_read, notify
from inbox.services.pass_on import delegate
from inbox.services.submit import submit_all
from inbox.services.undo import undo
from inbox.services.withdraw import withdraw
from tests.checker import check_team
from tests.factories import World, ask, body, race, vote
from tests.policies import enforce

Line = tuple[str, str, int]


def routed(world: World, **more: Any) -> World:
    enforce(world, routing={"strategy": "least_loaded"}, **more)
    Member.objects.filter(team=world.team).exclude(user__in=[world.dave, world.carol]).update(tier=None)
    return world


def only(world: World, name: str) -> None:
    """Of carol and dave only this one is there."""
    Member.objects.filter(team=world.team, user__in=[world.dave, world.carol]).update(is_active=False)
    Member.objects.filter(team=world.team, user=getattr(world, name)).update(is_active=True)


def everybody(world: World) -> None:
    Member.objects.filter(team=world.team).update(is_active=True)


def unread(world: World, name: str) -> list[tuple[str, int]]:
    lines = notifications.latest(world.member(getattr(world, name)))
    return [(line.kind, line.count) for line in lines if line.read_at is None]


def many(world: World, count: int) -> int:
    """So many at once; returns how many statements wrote notifications."""
    asked = [
        Addressed(Submission.model_validate(body(args={"path": f"a{n}", "text": "x"}))) for n in range(count)
    ]
    with CaptureQueriesContext(connection) as queries:
        submit_all(agent=world.agent, asked=asked, channel="poll")
    return sum("INSERT INTO inbox_notification" in query["sql"] for query in queries)


def test_alike_collapse_and_many_are_one_statement(world: World) -> None:
    only(routed(world), "dave")
    assert many(world, 40) == 1
    assert unread(world, "dave") == [("your_turn", 40)]
    [line] = notifications.latest(world.member(world.dave))
    assert line.request is not None
    assert line.key == str(line.request.group_id)
    assert notifications.unread_count(world.member(world.dave)) == 1
    assert mark_read(world.member(world.carol), [line.pk]) == 0
    assert mark_read(world.member(world.dave), [line.pk]) == 1
    assert many(world, 2) == 1
    assert unread(world, "dave") == [("your_turn", 2)]


def test_a_line_stays_unread_only_while_it_is_true(world: World) -> None:
    only(routed(world), "dave")
    first, second = ask(world), ask(world)
    vote(world, first, world.dave)
    assert unread(world, "dave") == [("your_turn", 2)]
    withdraw(agent=world.agent, request_id=second.pk)
    assert unread(world, "dave") == []


def test_passed_on_and_escalated_the_line_goes_along(world: World) -> None:
    only(routed(world), "dave")
    request, grouped = ask(world, "write_file"), ask(world)
    everybody(world)
    carol, dave = world.carol, world.dave
    delegate(person=dave, team=world.team, request_id=request.pk, to=carol.get_username(), reason="Yours.")
    assert unread(world, "carol") == [("delegated", 1)]
    assert unread(world, "dave") == [("your_turn", 2)]
    escalate(person=dave, team=world.team, request_id=grouped.pk, reason="Unsure.")
    assert unread(world, "dave") == []
    assert unread(world, "carol") == [("escalated", 1), ("delegated", 1)]
    vote(world, request, dave)
    vote(world, grouped, carol)
    assert unread(world, "carol") == []


def test_what_is_held_is_no_longer_theirs_until_it_is_undone(world: World) -> None:
    only(routed(world, release_at_once=None), "dave")
    request = ask(world)
    assert unread(world, "dave") == [("your_turn", 1)]
    vote(world, request, world.dave)
    assert unread(world, "dave") == []
    undo(person=world.dave, team=world.team, request_id=request.pk)
    assert unread(world, "dave") == [("your_turn", 1)]


def test_who_decided_hears_that_it_did_not_land_until_it_has(world: World) -> None:
    request = ask(world)
    vote(world, request, world.dave)
    decision = Decision.objects.get(request=request)
    letter = Delivery(
        agent=world.agent,
        team_id=world.team.pk,
        correlation_id=decision.pk,
        channel="hosted",
        state=Delivery.State.DEAD,
    )
    signals.delivery_ended.send(sender=None, delivery=letter, detail="no answer")
    line = notifications.latest(world.member(world.dave))[0]
    assert (line.kind, line.detail) == ("not_landed", "Given up after the last attempt: no answer")
    letter.state = Delivery.State.DELIVERED
    signals.delivery_ended.send(sender=None, delivery=letter, detail="")
    assert unread(world, "dave") == []


def test_reading_costs_one_query_each_and_the_inactive_are_not_told(world: World) -> None:
    request, member = ask(routed(world)), world.member(world.dave)
    Notification.objects.all().delete()
    for _ in range(3):
        notify([Notice(member.pk, Kind.ESCALATED, request.pk, f"{_}", "Why.")], database_now())
    with CaptureQueriesContext(connection) as queries:
        assert [line.request.agent.handle for line in notifications.latest(member) if line.request]
    assert len(queries) == 1
    Member.objects.filter(pk=member.pk).update(is_active=False)
    notify([Notice(member.pk, Kind.ESCALATED, request.pk, "0", "Again.")], database_now())
    assert Notification.objects.filter(member=member).count() == 3


def test_the_same_at_the_same_instant_is_one_line_that_counts(real_world: World) -> None:
    request = ask(routed(real_world))
    Notification.objects.filter(request=request).delete()
    members = [real_world.member(person).pk for person in (real_world.alice, real_world.bob, real_world.dave)]
    key = str(request.pk)

    def tell(order: int) -> None:
        # Crosswise on purpose: rows are taken in the order of their index, or this deadlocks.
        notices = [Notice(member, Kind.YOUR_TURN, request.pk, key) for member in members[::order]]
        for _ in range(10):
            with transaction.atomic():
                notify(notices, database_now())

    results = race(*[lambda way=way: tell(way) for way in (1, -1, 1, -1)])  # type: ignore[misc]
    assert results == [None] * 4
    counts = Notification.objects.filter(request=request).values_list("count", flat=True)
    assert list(counts) == [40, 40, 40]


def test_what_comes_and_goes_at_the_same_instant_leaves_true_lines(real_world: World) -> None:
    only(routed(real_world), "dave")
    for _ in range(6):
        first, second = ask(real_world), ask(real_world)
        results = race(
            lambda r=first: vote(real_world, r, real_world.dave),  # type: ignore[misc]
            lambda r=second: withdraw(agent=real_world.agent, request_id=r.pk),  # type: ignore[misc]
            lambda: ask(real_world),
        )
        assert not [result for result in results if isinstance(result, Exception)]
        [(kind, _)] = unread(real_world, "dave")
        assert kind == "your_turn"
        assert isinstance(results[2], ApprovalRequest)
        vote(real_world, results[2], real_world.dave)
        assert unread(real_world, "dave") == []
    check_team(real_world.team)


def test_routed_to_nobody_everybody_able_has_one_line_for_all_that_waits(world: World) -> None:
    """Told once however much is asked, never who is barred or away; gone when nothing waits, and told anew after."""
    Agent.objects.filter(pk=world.agent.pk).update(owner=world.dave)
    away = world.member(world.carol)
    now = database_now()
    Delegation.objects.create(
        team=world.team, member=away, starts_at=now, ends_at=now + timedelta(days=1), created_by=world.carol
    )
    assert many(world, 30) == 1
    for n in range(3):
        ask(world, "write_file", {"path": f"docs/{n}", "text": "x"})
    lines = Notification.objects.filter(member__team=world.team)
    told = set(lines.values_list("member__user__username", flat=True))
    assert {world.alice.username, world.bob.username} <= told
    assert not {world.dave.username, world.carol.username, world.charlie.username} & told
    assert lines.count() == len(told)
    assert unread(world, "alice") == [("your_turn", 33)]
    before = lines.get(member=world.member(world.alice)).updated_at
    lines.update(updated_at=before - AGAIN - timedelta(seconds=1))
    ask(world)
    assert lines.get(member=world.member(world.alice)).updated_at >= before
    mark_read(world.member(world.alice), None)
    assert unread(world, "alice") == []
    ask(world)
    assert unread(world, "alice") == [("your_turn", 35)]
    assert notifications.unread_count(world.member(world.alice)) == 1
    for request in ApprovalRequest.objects.filter(team=world.team, state="pending"):
        withdraw(agent=world.agent, request_id=request.pk)
    assert unread(world, "alice") == []
    assert notifications.unread_count(world.member(world.alice)) == 0


def test_asked_at_once_and_marked_read_at_once_nobody_is_told_twice_or_not_at_all(real_world: World) -> None:
    world = real_world
    alice = world.member(world.alice)
    race(*[lambda: ask(world) for _ in range(4)])
    lines = Notification.objects.filter(member=alice)
    assert lines.count() == 1
    for _ in range(5):
        race(lambda: ask(world), lambda: mark_read(alice, None))  # type: ignore[arg-type, return-value]
        assert lines.filter(read_at=None).count() <= 1
        latest = ApprovalRequest.objects.filter(team=world.team).latest("id")
        newest = lines.latest("id")
        # Read only after it was asked, or told of anew.
        assert newest.read_at is None or newest.read_at >= latest.created_at
