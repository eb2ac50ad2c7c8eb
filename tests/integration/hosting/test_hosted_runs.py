"""A hosted run from its first question to its end, through the real graph, checkpoints and services."""

from __future__ import annotations

import itertools
import random

import psycopg
import pytest
from django.db import IntegrityError
from pytest_django import Settings

from agents import delivery
from agents import services as gateway
from agents.hosting import registry, runs
from agents.hosting.base import Done
from agents.hosting.langgraph import LangGraphHosted
from agents.hosting.postgres import connection_parameters
from agents.models import Delivery, EffectEntry, HostedRun
from inbox.models import ApprovalRequest, AuditEvent, Decision
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.stage import (
    ONCE,
    approve,
    begin,
    claimed,
    effects,
    entry_of,
    queue,
    settle,
    state,
    waiting,
)


def test_an_approved_call_is_done_once_with_the_approved_arguments(real_world: World) -> None:
    run = begin(real_world, "single")
    assert run.state == HostedRun.State.PAUSED
    (request,) = waiting(run)
    assert request.channel == "hosted"

    row = approve(real_world, request)
    delivery.deliver(claimed(row))

    row.refresh_from_db()
    assert (row.state, state(run), effects(run)) == ("delivered", "done", 1)
    entry = entry_of(row)
    assert entry is not None
    assert entry.state == EffectEntry.State.DONE
    assert entry.idempotent
    check_team(real_world.team)


def test_a_rejected_call_reaches_the_graph_and_does_nothing(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0], verdict="reject")
    delivery.deliver(claimed(row))

    assert (state(run), effects(run)) == ("done", 0)
    told = (
        registry.get("single")._graph.get_state({"configurable": {"thread_id": run.thread}}).values["done"][0]
    )  # type: ignore[attr-defined]
    assert told["type"] == "reject"
    assert told["args"] is None
    check_team(real_world.team)


def test_the_graph_learns_who_decided_nothing_but_the_decision_and_a_key_for_its_effect(
    real_world: World,
) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    delivery.deliver(claimed(row))

    decision = Decision.objects.get(pk=row.correlation_id)
    told = (
        registry.get("single")._graph.get_state({"configurable": {"thread_id": run.thread}}).values["done"][0]
    )  # type: ignore[attr-defined]
    assert told == {
        "key": "call_1",
        "type": "approve",
        "args": {"path": "docs/a.md", "text": "one"},
        "message": "",
        "decision_id": str(decision.pk),
        "effect_key": f"{decision.pk}:call_1",
    }


def test_five_questions_at_once_may_be_answered_in_any_order(real_world: World) -> None:
    items = ["a", "b", "c", "d", "e"]
    for order in random.sample(list(itertools.permutations(range(5))), 4):
        run = begin(real_world, "fan", items=items)
        requests = waiting(run)
        assert len(requests) == 5
        verdicts = {place: random.choice(["approve", "reject"]) for place in order}
        for place in order:
            assert state(run) == "paused"
            delivery.deliver(claimed(approve(real_world, requests[place], verdict=verdicts[place])))
        assert state(run) == "done"
        assert effects(run) == list(verdicts.values()).count("approve")
        assert ApprovalRequest.objects.filter(thread=run.thread).count() == 5
    check_team(real_world.team)


def test_questions_whose_words_change_with_every_run_of_the_node_stay_the_same_requests(
    real_world: World,
) -> None:
    run = begin(real_world, "wordy")
    first, second = waiting(run)
    delivery.deliver(claimed(approve(real_world, first)))
    assert [request.pk for request in waiting(run)] == [second.pk]
    delivery.deliver(claimed(approve(real_world, second)))
    assert state(run) == "done"
    check_team(real_world.team)


def test_an_interrupt_nobody_can_decide_fails_the_run_with_its_reason(real_world: World) -> None:
    run = begin(real_world, "speechless")
    assert run.state == HostedRun.State.FAILED
    assert "proposal" in run.error
    assert not waiting(run)
    ended = AuditEvent.objects.filter(team=real_world.team, verb="run_ended")
    assert ended.count() == 1


def test_a_node_that_raises_ends_the_run_and_withdraws_what_it_still_asked(real_world: World) -> None:
    run = begin(real_world, "failing")
    row = approve(real_world, waiting(run)[0])
    delivery.deliver(claimed(row))

    run.refresh_from_db()
    row.refresh_from_db()
    entry = entry_of(row)
    assert entry is not None
    assert (run.state, row.state, entry.state) == ("failed", "delivered", "failed")
    assert run.error == "RuntimeError: the printer is on fire"
    assert effects(run) == 1
    check_team(real_world.team)


def test_a_graph_that_settings_do_not_name_is_refused_before_anything_is_stored(real_world: World) -> None:
    with pytest.raises(registry.UnknownGraph, match="PLACET_HOSTED_GRAPHS"):
        queue(real_world, "os:system")
    assert not HostedRun.objects.filter(agent=real_world.agent).exists()


def test_a_graph_taken_out_of_settings_while_it_waits_is_not_run(
    real_world: World, settings: Settings
) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    settings.ENV = settings.ENV.model_copy(update={"placet_hosted_graphs": ""})
    delivery.deliver(claimed(row))

    run.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, run.state, effects(run)) == ("dead", "failed", 0)
    assert "PLACET_HOSTED_GRAPHS" in run.error
    check_team(real_world.team)


def test_a_graph_whose_shape_changed_while_it_waited_is_not_resumed(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(real_world, "shifting")
    row = approve(real_world, waiting(run)[0])
    monkeypatch.setenv("TEST_SHAPE", "renamed")
    registry._load.cache_clear()
    delivery.deliver(claimed(row))

    run.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, run.state, effects(run), entry_of(row)) == ("dead", "failed", 0, None)
    assert "changed shape" in run.error
    check_team(real_world.team)


def test_a_decision_for_a_disabled_agent_waits_until_it_is_enabled(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    gateway.set_enabled(real_world.agent, enabled=False)
    delivery.deliver(claimed(row))

    row.refresh_from_db()
    assert (row.state, row.attempts, entry_of(row), effects(run)) == ("queued", 0, None, 0)
    assert delivery.claim(row.pk) is None, "not looked at again at once"

    gateway.set_enabled(real_world.agent, enabled=True)
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=row.created_at)
    delivery.deliver(claimed(row))
    assert (state(run), effects(run)) == ("done", 1)


def test_a_disabled_agent_starts_nothing(real_world: World) -> None:
    gateway.set_enabled(real_world.agent, enabled=False)
    run = begin(real_world, "single")
    assert (run.state, run.attempts) == ("queued", 0)
    assert runs.claim(run.pk) is None


def test_arguments_that_are_not_those_approved_are_never_released(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    Delivery.objects.filter(pk=row.pk).update(payload=bytes(row.payload).replace(b'"one"', b'"two"'))
    delivery.deliver(claimed(row))

    run.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, run.state, effects(run), entry_of(row)) == ("dead", "failed", 0, None)
    assert "not those that were approved" in row.last_error


def test_a_run_is_refused_a_thread_that_is_taken(real_world: World) -> None:
    run = begin(real_world, "single")
    with pytest.raises(IntegrityError):
        runs.start_run(agent=real_world.agent, graph="single", input={}, thread=run.thread)


def test_a_step_that_ended_without_its_checkpoint_is_carried_on_and_not_repeated(real_world: World) -> None:
    """A worker can die after a task's writes and before the checkpoint that follows them."""
    run = begin(real_world, "fan", tool=ONCE, items=["a"])
    graph = registry.get("fan")
    assert isinstance(graph, LangGraphHosted)
    paused_at = graph._state(run.thread).config["configurable"]["checkpoint_id"]
    delivery.deliver(claimed(approve(real_world, waiting(run)[0])))
    assert (state(run), effects(run)) == ("done", 1)
    with psycopg.connect(**connection_parameters(), autocommit=True) as connection:
        connection.execute(
            "DELETE FROM checkpoints.checkpoints WHERE thread_id = %s AND checkpoint_id > %s",
            [run.thread, paused_at],
        )

    outcome = graph.carry_on(run.thread)
    assert isinstance(outcome, Done)
    answer, after = outcome.values["done"]
    assert (answer["type"], after) == ("approve", "closed")
    assert effects(run) == 1


def test_the_sweep_alone_brings_a_round_to_its_end(real_world: World) -> None:
    queued = [queue(real_world, "single") for _ in range(3)]
    settle(real_world, lambda: all(state(run) == "paused" for run in queued))
    for run in queued:
        approve(real_world, waiting(run)[0])
    settle(real_world, lambda: all(state(run) == "done" for run in queued))
    assert [effects(run) for run in queued] == [1, 1, 1]
    check_team(real_world.team)
