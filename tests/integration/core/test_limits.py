"""Limits of allow rules: taken once, all or none, never by two at once beyond the ceiling."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import transaction

from agents.contract import Submission
from inbox.clock import database_now
from inbox.errors import Invalid
from inbox.models import ApprovalRequest, LimitBucket
from inbox.services.limits import purge
from inbox.services.submit import Addressed, submit, submit_all
from tests.checker import check_team
from tests.factories import World, ask, body, in_force, race

ALLOW = {"id": "notes", "tool": "write_file", "then": "allow"}


def limited(world: World, **limit: Any) -> None:
    in_force(world, {**ALLOW, "limits": [{"per": "day", **limit}]})


def test_what_is_over_the_limit_is_asked_with_the_reason(world: World) -> None:
    limited(world, count=2)
    states = [ask(world, args={"path": f"{n}.md", "text": ""}) for n in range(3)]
    assert [request.state for request in states] == ["decided", "decided", "pending"]
    assert states[2].needs == [{"tier": "reviewer", "count": 1}]
    text = next(reason["text"] for reason in states[2].reasons if reason["code"] == "limit-reached")
    assert text == "Rule notes would let it pass, but its limit is used up: 2 times a day, until 00:00 UTC"
    assert LimitBucket.objects.get(team=world.team).used == 2


def test_all_limits_of_a_call_are_taken_or_none(world: World) -> None:
    in_force(
        world,
        {**ALLOW, "limits": [{"count": 5, "per": "day"}, {"count": 1, "per": "hour", "by": "target"}]},
    )
    first = ask(world, args={"path": "/srv/a.md", "text": ""})
    again = ask(world, args={"path": "/srv/a.md", "text": ""})
    assert (first.state, again.state) == ("decided", "pending")
    assert set(LimitBucket.objects.filter(team=world.team).values_list("used", flat=True)) == {Decimal(1)}


def test_a_repeated_key_takes_nothing_again(world: World) -> None:
    limited(world, count=5)
    with transaction.atomic():
        ask(world, dedupe_key="once")
    for changed in ({}, {"args": {"path": "b", "text": ""}}):
        sent = body(dedupe_key="once", **changed)
        try:
            with transaction.atomic():
                submit(agent=world.agent, submission=Submission.model_validate(sent))
        except Invalid:
            pass
    assert LimitBucket.objects.get(team=world.team).used == 1


def test_a_submit_that_is_rolled_back_takes_nothing(world: World) -> None:
    limited(world, count=5)
    saved = transaction.savepoint()
    ask(world)
    assert LimitBucket.objects.get(team=world.team).used == 1
    transaction.savepoint_rollback(saved)
    assert not LimitBucket.objects.filter(team=world.team).exists()


def test_requests_submitted_together_share_a_limit_in_their_order(world: World) -> None:
    limited(world, count=3)
    asked = [Addressed(Submission.model_validate(body())) for _ in range(5)]
    made = submit_all(agent=world.agent, asked=asked, channel="poll")
    assert [one.request.state for one in made] == ["decided"] * 3 + ["pending"] * 2


def test_a_request_of_several_actions_takes_as_many(world: World) -> None:
    limited(world, count=3)
    actions = [{"key": f"k{n}", "name": "write_file", "args": {"path": "a", "text": ""}} for n in range(2)]
    first = submit(agent=world.agent, submission=Submission.model_validate(body() | {"actions": actions}))
    second = submit(
        agent=world.agent,
        submission=Submission.model_validate(body() | {"actions": actions, "dedupe_key": uuid4().hex}),
    )
    assert (first.request.state, second.request.state) == ("decided", "pending")
    assert LimitBucket.objects.get(team=world.team).used == 2


def test_twenty_at_once_against_a_limit_of_five(real_world: World) -> None:
    """Exactly five pass and fifteen are asked, whatever the order; the bucket says five."""
    limited(real_world, count=5)
    results = race(*[lambda: ask(real_world)] * 20)
    assert all(isinstance(result, ApprovalRequest) for result in results), results
    states = [result.state for result in results if isinstance(result, ApprovalRequest)]
    assert (states.count("decided"), states.count("pending")) == (5, 15)
    assert LimitBucket.objects.get(team=real_world.team).used == 5
    check_team(real_world.team)


def test_two_limits_taken_in_opposite_orders_never_meet_head_on(real_world: World) -> None:
    in_force(
        real_world, {"id": "any", "then": "allow", "limits": [{"count": 1000, "per": "day", "by": "tool"}]}
    )
    names = ("write_file", "lookup_order")

    def several(order: tuple[str, ...]) -> list[str]:
        args = {"write_file": {"path": "a", "text": ""}, "lookup_order": {"order": 1}}
        asked = [Addressed(Submission.model_validate(body(name, args[name]))) for name in order]
        return [one.request.state for one in submit_all(agent=real_world.agent, asked=asked, channel="poll")]

    for _ in range(20):
        results = race(lambda: several(names), lambda: several(names[::-1]))
        assert results == [["decided", "decided"]] * 2, results
    assert set(LimitBucket.objects.filter(team=real_world.team).values_list("used", flat=True)) == {
        Decimal(40)
    }


def test_old_buckets_are_purged_and_young_ones_stay(world: World) -> None:
    now = database_now()
    for key, age in (("old", timedelta(days=3)), ("young", timedelta(hours=1))):
        LimitBucket.objects.create(team=world.team, key=key, rule="notes", unit="times", ends=now - age)
    assert purge() == 1
    assert list(LimitBucket.objects.filter(team=world.team).values_list("key", flat=True)) == ["young"]
