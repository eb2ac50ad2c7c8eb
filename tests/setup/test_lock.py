from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import lock
from tests.setup.machine import ROOT

HOLD = """
import sys, time
from pathlib import Path
from config.embedded import lock
with lock.exclusive(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    time.sleep(600)
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.exclusive(path, wait=False), pytest.raises(lock.Held), lock.exclusive(path, wait=False):
        pass
    with lock.exclusive(path, wait=False):
        pass


def test_a_directory_can_be_locked(tmp_path: Path) -> None:
    with lock.exclusive(tmp_path, wait=False):
        assert lock.is_held(tmp_path)
    assert not lock.is_held(tmp_path)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert lock.is_held(path)
        holder.kill()
        holder.wait()
        assert not lock.is_held(path)


def test_who_only_asks_does_not_look_like_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    # A shared lock is what `is_held` takes for an instant.
    with path.open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not lock.is_held(path)


def test_a_lock_that_was_never_made_is_not_held(tmp_path: Path) -> None:
    assert not lock.is_held(tmp_path / "absent")
