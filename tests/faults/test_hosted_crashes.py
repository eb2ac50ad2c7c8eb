"""Workers killed with SIGKILL at every crash point of hosting; then another process sweeps and nothing is amiss."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from agents import crashpoints, delivery
from agents.models import Delivery, EffectEntry, HostedRun
from inbox.models import ApprovalRequest
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.conftest import hosted  # noqa: F401 - a fixture of this module too
from tests.integration.hosting.stage import (
    IDEMPOTENT,
    ONCE,
    approve,
    begin,
    effects,
    queue,
    settle,
    state,
    values,
    waiting,
)
from tests.integration.hosting.worker import CELERY, PREFORK, SWEEP, empty_broker, worker
from tests.product import until

pytestmark = pytest.mark.faults

DECIDING = ("decide.before_commit", "decide.after_commit", "batch.mid_chunk", "batch.between_chunks")
BACKTESTING = ("backtest.mid_chunk", "backtest.between_chunks")
STARTING = ("run.after_claim", "run.before_done")
RESUMING = tuple(name for name in crashpoints.NAMES if name not in (*DECIDING, *BACKTESTING, *STARTING))
AMBIGUOUS = {"resume.after_started": 0, "resume.after_effect": 1}
"""Where a worker dies with its answer given and no checkpoint after it, and the effects there are by then."""


@pytest.mark.parametrize("hit", [1, 3])
@pytest.mark.parametrize("point", RESUMING)
def test_a_worker_killed_while_it_resumes(real_world: World, point: str, hit: int) -> None:
    """The first two runs use a tool that may not be run twice, the third one that may: hits 1 and 3 kill in each."""
    runs = [begin(real_world, "single", tool=tool) for tool in (ONCE, ONCE, IDEMPOTENT)]
    empty_broker()
    for run in runs:
        approve(real_world, waiting(run)[0])
    with worker(SWEEP if point.startswith("sweep.") else CELERY, PLACET_CRASH_AT=f"{point}:{hit}") as process:
        assert process.wait(60) == -signal.SIGKILL

    settle(real_world, lambda: not open_deliveries(runs))

    killed = runs[hit - 1]
    for run in runs:
        if run is killed and hit == 1 and point in AMBIGUOUS:
            assert (state(run), effects(run)) == ("outcome_unknown", AMBIGUOUS[point])
        else:
            assert (state(run), effects(run)) == ("done", 1)
        assert ApprovalRequest.objects.filter(thread=run.thread).count() == 1
        assert EffectEntry.objects.get(thread=run.thread).state == state(run)
    check_team(real_world.team)


@pytest.mark.parametrize("hit", [1, 3])
@pytest.mark.parametrize("point", STARTING)
def test_a_worker_killed_while_it_starts_runs(real_world: World, point: str, hit: int) -> None:
    empty_broker()
    runs = [queue(real_world, "single", tool=ONCE) for _ in range(3)]
    with worker(PLACET_CRASH_AT=f"{point}:{hit}") as process:
        assert process.wait(60) == -signal.SIGKILL
    settle(real_world, lambda: all(state(run) == "paused" for run in runs))
    for run in runs:
        (request,) = waiting(run)
        approve(real_world, request)
    settle(real_world, lambda: all(state(run) == "done" for run in runs))
    assert [effects(run) for run in runs] == [1, 1, 1]
    assert [values(run)["inputs"] for run in runs] == [["given"]] * 3, "no input went in twice"
    check_team(real_world.team)


def test_every_crash_point_is_tried_here_or_belongs_to_deciding_or_a_backtest() -> None:
    assert {*DECIDING, *BACKTESTING, *STARTING, *RESUMING} == set(crashpoints.NAMES)
    assert set(AMBIGUOUS) < set(RESUMING)


def test_a_worker_killed_after_the_effect_was_kept_is_carried_on_even_when_it_may_not_repeat(
    real_world: World, tmp_path: Path
) -> None:
    """The tool's step is in the checkpoint; the worker dies in the step after it. Nothing is unknown."""
    gate = tmp_path / "gate"
    run = begin(real_world, "ahead", tool=ONCE, gate=str(gate))
    empty_broker()
    row = approve(real_world, waiting(run)[0])
    with worker() as process:
        assert process.wait(60) == -signal.SIGKILL
    assert (state(run), effects(run)) == ("running", 1)
    gate.touch()
    settle(real_world, lambda: state(run) == "done")
    row.refresh_from_db()
    assert (row.state, effects(run)) == ("delivered", 1)
    check_team(real_world.team)


def test_a_start_torn_between_parallel_questions_still_asks_all_of_them(
    real_world: World, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    empty_broker()
    run = queue(real_world, "torn", tool=ONCE, gate=str(gate))
    with worker() as process:
        assert process.wait(60) == -signal.SIGKILL
    assert not ApprovalRequest.objects.filter(thread=run.thread).exists()
    gate.touch()
    settle(real_world, lambda: state(run) == "paused")
    requests = waiting(run)
    assert len(requests) == 3
    for request in requests:
        approve(real_world, request)
    settle(real_world, lambda: state(run) == "done")
    assert effects(run) == 3
    check_team(real_world.team)


def test_a_worker_that_dies_every_time_is_given_up_at_last(real_world: World, tmp_path: Path) -> None:
    run = begin(real_world, "ahead", tool=IDEMPOTENT, gate=str(tmp_path / "never"))
    row = approve(real_world, waiting(run)[0])
    for _ in range(2):
        empty_broker()
        Delivery.objects.filter(pk=row.pk).update(lease_until=row.created_at)
        with worker(SWEEP) as process:
            assert process.wait(60) == -signal.SIGKILL
    Delivery.objects.filter(pk=row.pk).update(attempts=12)
    settle(real_world, lambda: not open_deliveries([run]))
    row.refresh_from_db()
    assert (row.state, state(run), effects(run)) == ("outcome_unknown", "outcome_unknown", 1)
    check_team(real_world.team)


def test_a_pool_child_killed_in_the_middle_is_replaced_and_its_step_is_not_repeated(
    real_world: World, tmp_path: Path
) -> None:
    """The worker lives on and gets the message back; the ledger keeps it from running the step again."""
    gate = tmp_path / "gate"
    run = begin(real_world, "patient", tool=ONCE, gate=str(gate))
    empty_broker()
    with worker(PREFORK) as process:
        approve(real_world, waiting(run)[0])
        reached = tmp_path / "gate.reached"
        until(lambda: reached.exists() and reached.read_text().endswith("\n"), 60)
        child = int(reached.read_text())
        assert child != process.pid
        os.kill(child, signal.SIGKILL)
        gate.touch()
        settle(real_world, lambda: not open_deliveries([run]))
        assert (state(run), effects(run)) == ("outcome_unknown", 0)

        following = queue(real_world, "fan", tool=ONCE, items=["a", "b", "c"])
        until(lambda: state(following) == "paused", 30, "the worker did not go on")
        for request in waiting(following):
            approve(real_world, request)
        until(lambda: delivery.sweep() >= 0 and state(following) == "done", 30)
    assert len(reached.read_text().splitlines()) == 1
    assert effects(following) == 3
    check_team(real_world.team)


def open_deliveries(runs: list[HostedRun]) -> bool:
    return Delivery.objects.filter(
        thread__in=[run.thread for run in runs], state__in=["queued", "sending"]
    ).exists()
