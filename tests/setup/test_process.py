from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config.embedded.process import Child, Rung, end, marked
from tests.setup.machine import ROOT, eventually, other_account, processes_of

POLITE = (Rung(signal.SIGTERM, 10), Rung(signal.SIGKILL, 10))
IMPATIENT = (Rung(signal.SIGTERM, 0.2), Rung(signal.SIGKILL, 10))
SHELL = "/bin/sh"


@pytest.fixture
def said(tmp_path: Path) -> Path:
    return tmp_path / "said"


def child(said: Path, script: str, mark: str = "") -> Child:
    with said.open("wb") as output:
        return Child(
            [SHELL, "-c", script, "sh", mark],
            output=output,
            death_signal=signal.SIGTERM,
            env=dict(os.environ),
        )


def test_a_child_ends_at_the_first_rung_it_heeds(said: Path) -> None:
    started = child(said, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    eventually(lambda: said.read_text() == "up\n", "the child speaks")
    started.stop(POLITE)
    assert started.exit_status() == 0
    assert said.read_text() == "up\nbye\n"


def test_a_child_that_heeds_nothing_is_killed(said: Path) -> None:
    started = child(said, "trap '' TERM; echo up; while :; do sleep 0.05; done")
    eventually(lambda: said.read_text() == "up\n", "the child speaks")
    started.stop(IMPATIENT)
    assert started.exit_status() == -signal.SIGKILL


def test_what_a_child_started_goes_with_it(said: Path, tmp_path: Path) -> None:
    mark = f"grandchild-{tmp_path.name}-{os.getpid()}"
    started = child(said, f"{SHELL} -c 'while :; do sleep 0.05; done' {mark} & echo up; wait")
    eventually(lambda: bool(processes_of(mark)), "the grandchild runs")
    started.stop(POLITE)
    eventually(lambda: not processes_of(mark), "the grandchild is gone")


def test_a_terminals_interrupt_does_not_reach_it(said: Path) -> None:
    started = child(said, "echo up; while :; do sleep 0.05; done")
    try:
        assert os.getsid(started.pid) == started.pid
    finally:
        started.stop(IMPATIENT)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_killed_parent_takes_it_along(tmp_path: Path) -> None:
    mark = f"orphan-{tmp_path.name}-{os.getpid()}"
    code = f"""
import signal, subprocess, sys, time
from config.embedded.process import Child
Child([{SHELL!r}, "-c", "while :; do sleep 0.05; done", {mark!r}], output=sys.stdout.buffer, death_signal=signal.SIGTERM)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as parent:
        eventually(lambda: any(one.name() == "sh" for one in processes_of(mark)), "the child runs")
        parent.kill()
    eventually(lambda: not processes_of(mark), "the child is gone")


def test_root_hands_its_privileges_down(said: Path) -> None:
    account = other_account()
    with said.open("wb") as output:
        started = Child(
            [SHELL, "-c", "id -u; id -G"], output=output, death_signal=signal.SIGTERM, account=account
        )
    eventually(lambda: started.exit_status() == 0, "the child ends")
    assert said.read_text() == f"{account.uid}\n{account.gid}\n"
    started.stop(POLITE)


def test_only_marked_processes_of_that_name_and_user_are_found(said: Path, tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    started = child(said, "echo up; while :; do sleep 0.05; done", mark)
    eventually(lambda: said.read_text() == "up\n", "the child speaks")
    try:
        name = psutil.Process(started.pid).name()
        assert [found.pid for found in marked(mark, (name,), os.geteuid())] == [started.pid]
        assert not marked(mark, ("postgres",), os.geteuid())
        assert not marked(mark, (name,), os.geteuid() + 1)
        assert not marked(f"{mark}x", (name,), os.geteuid())
    finally:
        started.stop(IMPATIENT)
    assert not marked(mark, (name,), os.geteuid())


def test_ending_strangers_does_not_wait_for_zombies() -> None:
    with subprocess.Popen([SHELL, "-c", "while :; do sleep 0.05; done"]) as unreaped:
        began = time.monotonic()
        # Nobody waits for it before the end of the block: killed, it stays a zombie.
        end([psutil.Process(unreaped.pid)], (Rung(signal.SIGKILL, 20),))
        assert psutil.Process(unreaped.pid).status() == psutil.STATUS_ZOMBIE
        assert time.monotonic() - began < 10
