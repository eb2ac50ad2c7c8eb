"""kill -9 in the middle of a back-test: what was committed counts once, and another worker goes on from there."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from inbox.services.backtests import start_backtest
from tests.factories import World, ask, vote
from tests.faults.environment import child_environment
from tests.policies import PASS_WRITES, draft
from tests.product import ROOT, until

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("point", "kept"), [("backtest.mid_chunk:2", 100), ("backtest.between_chunks:1", 100)]
)
def test_a_killed_worker_leaves_a_backtest_that_another_one_ends(
    real_world: World, point: str, kept: int
) -> None:
    for _ in range(130):
        vote(real_world, ask(real_world), real_world.dave, "reject")
    # Over the limit after as many: how much of it is used outlives the worker as well.
    version = draft(real_world, {**PASS_WRITES, "limits": [{"count": 120, "per": "day"}]})
    started = start_backtest(admin=real_world.member(real_world.erin), number=version.number)

    def swept(**extra: str) -> int:
        environment = {**child_environment(), "PLACET_PREPARED": "1", "PLACET_LEASE_SECONDS": "1", **extra}
        command = [sys.executable, "manage.py", "sweep", "--once"]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60).returncode

    assert swept(PLACET_CRASH_AT=point) == -signal.SIGKILL
    started.refresh_from_db()
    assert (started.judged, started.findings.count()) == (kept, kept)

    def ended() -> bool:
        swept()
        started.refresh_from_db()
        return started.finished_at is not None

    until(ended, 30)
    assert (started.judged, started.findings.count()) == (130, 120)
    assert started.counts["passed"] == {"rejected": 120}
