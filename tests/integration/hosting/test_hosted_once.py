"""Never twice, never the wrong question: duplicates, late answers and workers that meet."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from agents import canonical, delivery, tasks
from agents.hosting import resume
from agents.hosting.locks import thread_lock
from agents.ids import uuid7
from agents.models import Delivery, EffectEntry
from tests.checker import check_team
from tests.factories import World, race
from tests.integration.hosting.stage import (
    IDEMPOTENT,
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
from tests.product import until

ROUNDS = 20


def take_over(row: Delivery) -> Delivery:
    """A second claim of a delivery whose first worker is still alive but past its lease."""
    Delivery.objects.filter(pk=row.pk).update(lease_until=row.created_at)
    return claimed(row)


def test_two_workers_that_both_hold_a_delivery_run_its_effect_once(real_world: World) -> None:
    for _ in range(ROUNDS):
        run = begin(real_world, "single", tool=ONCE)
        row = approve(real_world, waiting(run)[0])
        first = claimed(row)
        second = take_over(row)
        race(lambda: delivery.deliver(first), lambda: delivery.deliver(second))  # noqa: B023 - used at once
        settle(real_world, lambda: state(run) == "done")  # noqa: B023
        assert effects(run) == 1
    check_team(real_world.team)


def test_a_worker_that_takes_over_does_not_run_a_step_beside_the_first(
    real_world: World, tmp_path: Path
) -> None:
    """The tool may be run again after a crash, but its first worker lives: the thread's lock tells the difference."""
    gate = tmp_path / "gate"
    run = begin(real_world, "patient", tool=IDEMPOTENT, gate=str(gate))
    first = claimed(approve(real_world, waiting(run)[0]))

    def meet() -> None:
        until((tmp_path / "gate.reached").exists, 10)
        second = take_over(first)
        delivery.deliver(second)
        second.refresh_from_db()
        assert (second.state, effects(run)) == ("queued", 0)
        gate.touch()

    assert race(lambda: delivery.deliver(first), meet) == [None, None]
    settle(real_world, lambda: state(run) == "done")
    assert len((tmp_path / "gate.reached").read_text().splitlines()) == 1
    assert effects(run) == 1
    check_team(real_world.team)


def test_the_same_delivery_asked_for_five_times_at_once_runs_once(real_world: World) -> None:
    for _ in range(ROUNDS):
        run = begin(real_world, "single", tool=ONCE)
        row = approve(real_world, waiting(run)[0])
        results = race(*[lambda: tasks.deliver(str(row.pk))] * 5)  # noqa: B023
        assert results == [None] * 5
        assert (state(run), effects(run)) == ("done", 1)
    check_team(real_world.team)


def test_a_run_asked_for_five_times_at_once_starts_once(real_world: World) -> None:
    for _ in range(5):
        run = queue(real_world, "single")
        race(*[lambda: tasks.start_run(str(run.pk))] * 5)  # noqa: B023
        assert state(run) == "paused"
        assert len(waiting(run)) == 1
    check_team(real_world.team)


def test_answers_to_siblings_at_the_same_instant_each_take_effect_once(real_world: World) -> None:
    for _ in range(5):
        run = begin(real_world, "fan", tool=ONCE, items=["a", "b", "c", "d"])
        rows = [approve(real_world, request) for request in waiting(run)]
        race(*[lambda row=row: tasks.deliver(str(row.pk)) for row in rows])  # type: ignore[misc]
        settle(real_world, lambda: state(run) == "done")  # noqa: B023
        assert effects(run) == 4
    check_team(real_world.team)


def test_a_late_duplicate_of_the_first_answer_does_not_answer_the_second_question(real_world: World) -> None:
    run = begin(real_world, "twice", tool=ONCE)
    (first_request,) = waiting(run)
    first = claimed(approve(real_world, first_request))
    delivery.deliver(first)
    (second_request,) = waiting(run)
    assert second_request.address != first_request.address

    delivery.deliver(first)

    assert (state(run), effects(run)) == ("paused", 0)
    assert [request.pk for request in waiting(run)] == [second_request.pk]
    delivery.deliver(claimed(approve(real_world, second_request)))
    assert (state(run), effects(run)) == ("done", 2)
    check_team(real_world.team)


def test_an_answer_to_a_question_that_no_longer_waits_is_recorded_and_not_tried(real_world: World) -> None:
    """The ledger knows nothing of this decision: only the checkpoint shows that nobody asks."""
    run = begin(real_world, "twice", tool=ONCE)
    (first_request,) = waiting(run)
    answered = approve(real_world, first_request)
    delivery.deliver(claimed(answered))
    forged = uuid7()
    row = Delivery.objects.create(
        team_id=run.team_id,
        agent=real_world.agent,
        channel="hosted",
        correlation_id=forged,
        thread=run.thread,
        address=first_request.address,
        payload=bytes(answered.payload).replace(str(answered.correlation_id).encode(), str(forged).encode()),
    )
    delivery.deliver(claimed(row))

    row.refresh_from_db()
    assert (row.state, entry_of(row), state(run), effects(run)) == ("stale", None, "paused", 0)
    assert "does not wait" in row.last_error
    assert row.finished_at is not None


def test_a_worker_past_its_lease_may_not_begin(real_world: World) -> None:
    run = begin(real_world, "single", tool=ONCE)
    row = approve(real_world, waiting(run)[0])
    slow = claimed(row)
    quick = take_over(row)
    delivery.deliver(slow)
    assert (entry_of(row), effects(run)) == (None, 0)
    delivery.deliver(quick)
    assert (state(run), effects(run)) == ("done", 1)


def test_a_worker_past_its_lease_may_not_mark(real_world: World) -> None:
    run = begin(real_world, "single", tool=ONCE)
    row = approve(real_world, waiting(run)[0])
    slow = claimed(row)
    with thread_lock(run.thread, wait=1) as held:
        assert held
        result = resume.answer(slow)
    assert isinstance(result, resume.Finished)
    quick = take_over(row)
    with pytest.raises(delivery.leases.LeaseLost):
        delivery._finish(slow, result)
    row.refresh_from_db()
    assert (row.state, row.epoch, state(run)) == ("sending", quick.epoch, "running")

    delivery.deliver(quick)
    row.refresh_from_db()
    entry = entry_of(row)
    assert entry is not None
    assert (row.state, state(run), entry.state, effects(run)) == ("delivered", "done", "done", 1)
    check_team(real_world.team)


def test_a_busy_thread_is_waited_for_briefly_and_then_left_for_later(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    with thread_lock(run.thread, wait=1) as held:
        assert held
        delivery.deliver(claimed(row))
    row.refresh_from_db()
    assert (row.state, row.attempts, entry_of(row)) == ("queued", 0, None)
    settle(real_world, lambda: state(run) == "done")
    assert effects(run) == 1


def test_a_sibling_waits_while_an_earlier_step_of_its_thread_is_not_settled(real_world: World) -> None:
    run = begin(real_world, "fan", tool=ONCE, items=["a", "b"])
    first, second = (approve(real_world, request) for request in waiting(run))
    dead = claimed(first)
    EffectEntry.objects.create(
        decision_id=dead.correlation_id, thread=run.thread, address=dead.address, epoch=dead.epoch
    )
    delivery.deliver(claimed(second))
    second.refresh_from_db()
    assert (second.state, entry_of(second)) == ("queued", None)

    Delivery.objects.filter(pk=first.pk).update(lease_until=first.created_at)
    settle(
        real_world,
        lambda: not Delivery.objects.filter(thread=run.thread, state__in=["queued", "sending"]).exists(),
    )
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, state(run)) == ("outcome_unknown", "stale", "outcome_unknown")
    assert effects(run) == 0
    check_team(real_world.team)


def test_a_forged_message_changes_nothing(real_world: World) -> None:
    tasks.deliver(str(uuid4()))
    tasks.start_run(str(uuid4()))
    for task in (tasks.deliver, tasks.start_run):
        with pytest.raises(ValueError, match="badly formed"):
            task("; DROP TABLE agents_delivery")


def test_the_answer_is_canonical_bytes_end_to_end(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    payload = bytes(row.payload)
    assert canonical.dumps(canonical.loads(payload)) == payload
