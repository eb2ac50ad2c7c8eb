"""Recalling and pausing what is on its way to a run hosted here: the run hears the no, or waits, or was first."""

from __future__ import annotations

import pytest

from agents import delivery, tasks
from agents.hosting import runs
from agents.models import Delivery, EffectEntry
from inbox.clock import database_now
from inbox.errors import Conflict
from inbox.models import Pickup
from inbox.services.pauses import pause, resume
from inbox.services.recall import recall
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.stage import (
    ONCE,
    approve,
    begin,
    claimed,
    effects,
    queue,
    settle,
    state,
    waiting,
)


def test_a_run_hears_the_no_of_a_recall_and_a_step_that_began_is_too_late(real_world: World) -> None:
    world = real_world
    taken, done = (begin(world, "single", tool=ONCE) for _ in range(2))
    (first,), (second,) = waiting(taken), waiting(done)
    row = approve(world, first)
    recall(person=world.alice, team=world.team, request_id=first.pk, reason="Not to them.")
    delivery.deliver(claimed(row))
    assert effects(taken) == 0
    row = approve(world, second)
    delivery.deliver(claimed(row))
    assert effects(done) == 1
    assert Pickup.objects.get(decision=row.correlation_id).how == "delivered"
    with pytest.raises(Conflict) as late:
        recall(person=world.alice, team=world.team, request_id=second.pk, reason="Not to them.")
    assert late.value.code == "already-picked-up"
    check_team(world.team)


def test_a_paused_tool_begins_no_step_that_was_approved_before(real_world: World) -> None:
    world = real_world
    run = begin(world, "single", tool=ONCE)
    (request,) = waiting(run)
    row = claimed(approve(world, request))
    stopped = pause(person=world.erin, team=world.team, tool=ONCE, reason="Wrong list.")
    delivery.deliver(row)
    assert (effects(run), state(run)) == (0, "paused")
    assert not EffectEntry.objects.filter(pk=row.correlation_id).exists()
    resume(person=world.erin, pause_id=stopped.pk)
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=database_now())
    delivery.deliver(claimed(row))
    assert effects(run) == 1
    check_team(world.team)


def test_a_paused_agent_starts_no_run_until_it_is_resumed(real_world: World) -> None:
    world = real_world
    early = queue(world, "single")
    taken = runs.claim(early.pk)
    assert taken is not None
    stopped = pause(person=world.erin, team=world.team, agent_id=world.agent.pk, reason="Wrong list.")
    # A worker had claimed it before the pause, and begins nothing after it.
    runs.run(taken)
    late = queue(world, "single")
    tasks.start_run(str(late.pk))
    delivery.sweep()
    assert [(state(run), waiting(run)) for run in (early, late)] == [("queued", [])] * 2
    other = pause(person=world.erin, team=world.team, reason="All of it.")
    resume(person=world.erin, pause_id=stopped.pk)
    tasks.start_run(str(late.pk))
    assert state(late) == "queued", "of two pauses each holds by itself"
    resume(person=world.erin, pause_id=other.pk)
    tasks.start_run(str(late.pk))
    assert (state(late), len(waiting(late))) == ("paused", 1)
    settle(world, lambda: state(early) == "paused")
    early.refresh_from_db()
    assert early.attempts == 1, "being held back is no attempt"
    check_team(world.team)
