"""`manage.py test` itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.management.commands.test import (
    BY_FILE,
    BY_GROUP,
    SPREAD,
    counted,
    invocations,
    is_path,
    stops_early,
)
from tests.setup.machine import ROOT
from tests.setup.running import clean_environment

SOME = """
import os
import pytest
def test_passes(): pass
def test_fails(): assert os.environ["DATABASE_URL"] == "no"
@pytest.mark.skip(reason="x")
def test_skipped(): pass
@pytest.fixture
def broken(): raise ValueError
def test_error(broken): pass
"""
REPORT = """<?xml version="1.0"?><testsuites>
<testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10"/></testsuites>"""


def test_every_directory_of_tests_is_in_one_part() -> None:
    found = {
        f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in (ROOT / "tests").rglob("test_*.py")
    } | {str(path.parent.relative_to(ROOT)) for path in (ROOT / "clients").rglob("test_*.py")}
    assert sorted((*SPREAD, *BY_FILE, *BY_GROUP)) == sorted(found)


def test_without_paths_there_are_three_parts_with_the_same_options() -> None:
    first, second, third = invocations(["-x", "-k", "digest"], 4)
    assert first == [*SPREAD, "-n", "4", "--dist", "worksteal", "-x", "-k", "digest"]
    assert second == [*BY_FILE, "-n", "2", "--dist", "loadfile", "-x", "-k", "digest"]
    assert third == [*BY_GROUP, "-n", "4", "--dist", "loadgroup", "-x", "-k", "digest"]


def test_a_chosen_number_of_workers_is_kept() -> None:
    assert not any("4" in part for part in invocations(["-n", "1"], 4))


@pytest.mark.parametrize(
    "path", ["tests/unit", "tests/setup/test_lock.py", "tests/setup/test_lock.py::test_x[a::b]"]
)
def test_a_path_is_run_as_it_stands(path: str) -> None:
    assert invocations([path, "-x"], 4) == [[path, "-x"]]
    assert is_path(path)


@pytest.mark.parametrize("argument", ["-k", "digest", "--lf", "tests/none.py"])
def test_what_is_no_path(argument: str) -> None:
    assert not is_path(argument)


@pytest.mark.parametrize(
    ("argument", "stops"), [("-x", True), ("--exitfirst", True), ("--maxfail=1", True), ("-q", False)]
)
def test_when_the_second_part_is_left_out(argument: str, stops: bool) -> None:
    assert stops_early([argument]) is stops


def test_the_figures_are_pytests_own(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    part = counted(1, tmp_path / "report.xml")
    assert (part.status, part.passed, part.failed, part.skipped) == (1, 4, 3, 3)
    assert counted(4, tmp_path / "absent.xml").status == 4


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "test", "-p", "no:cacheprovider", *arguments],
        env=clean_environment(), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.faults
def test_it_runs_pytest_on_servers_of_its_own_and_sums_up(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SOME)
    done = run(str(tmp_path / "test_some.py"), "-q")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 2 failed, 1 skipped"
    assert "host=" in done.stdout


@pytest.mark.faults
def test_good_tests_make_a_good_exit(tmp_path: Path) -> None:
    (tmp_path / "test_good.py").write_text("def test_passes(): pass\n")
    done = run(str(tmp_path), "-q", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


@pytest.mark.faults
def test_nothing_selected_is_not_success(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 5
    assert done.stdout.splitlines()[-1] == "No tests were selected."


@pytest.mark.faults
def test_servers_are_gone_after_an_interrupt(tmp_path: Path) -> None:
    marker = tmp_path / "data dir"
    # Raised on this very thread: sent to the process, another thread may take it and leave this one waiting.
    (tmp_path / "test_slow.py").write_text(
        "import os, signal, pathlib, time\n"
        f"def test_slow():\n    pathlib.Path({str(marker)!r}).write_text(os.environ['PLACET_DATA_DIR'])\n"
        # Started in the background by a shell, a process ignores interrupts.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    signal.raise_signal(signal.SIGINT)\n    time.sleep(60)\n"
    )
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert not os.path.exists(marker.read_text())
