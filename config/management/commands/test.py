"""`manage.py test`: the whole suite, cheap tests first; options go to pytest as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from django.core.management.base import BaseCommand

from config.processes import ROOT

# Cheap ones spread test by test; those with servers and browsers of their own file by file, because a file shares
# them; those of the set-up by group, for only the tests of one running product share anything.
SPREAD = ("tests/unit", "tests/integration", "tests/contract", "clients/python/tests")
BY_FILE = ("tests/e2e", "tests/faults")
BY_GROUP = ("tests/setup",)
NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class Part:
    """One pytest invocation: its exit status and what became of its tests."""

    status: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0


class Command(BaseCommand):
    """Runs before settings exist: pytest starts the servers that these name."""

    help = "Run the tests: all of them, or what the pytest options and paths that follow select."

    def run_from_argv(self, argv: list[str]) -> None:
        """Every argument is pytest's, also those that Django would take for its own."""
        sys.exit(self.run(argv[2:]))

    def handle(self, *args: str, **options: object) -> None:
        """From code: `call_command("test", "tests/unit", "-x")`."""
        status = self.run(list(args))
        if status:
            sys.exit(status)

    def run(self, arguments: Sequence[str]) -> int:
        """Run the suite and print one line over all parts; the first exit status that is not 0."""
        parts: list[Part] = []
        for invocation in invocations(arguments, os.cpu_count() or 1):
            part = run_part(invocation)
            if part.status == NOTHING_COLLECTED:
                continue
            parts.append(part)
            if part.status and stops_early(arguments):
                break
        if not parts:
            self.stdout.write("No tests were selected.")
            return NOTHING_COLLECTED
        passed, failed, skipped = (
            sum(getattr(part, name) for part in parts) for name in ("passed", "failed", "skipped")
        )
        self.stdout.write(f"\n{passed} passed, {failed} failed, {skipped} skipped")
        return next((part.status for part in parts if part.status), 0)


def invocations(arguments: Sequence[str], cores: int) -> list[list[str]]:
    """The pytest command lines: one for paths that were named, else one for each part."""
    if any(is_path(argument) for argument in arguments):
        return [list(arguments)]
    found = {part: [path for path in part if (ROOT / path).is_dir()] for part in (SPREAD, BY_FILE, BY_GROUP)}
    chosen = any(argument.startswith("-n") or argument.startswith("--numprocesses") for argument in arguments)
    workers = [] if chosen else ["-n", str(max(2, min(cores, 8)))]
    # Browsers and killed workers want a core each: three on two cores took no less time.
    few = [] if chosen else ["-n", str(max(2, min(cores // 2, 4)))]
    return [
        # A worker that is done takes from the other's rest: the longest tests last half a minute, and come in any order.
        [*found[SPREAD], *workers, "--dist", "worksteal", *arguments],
        [*found[BY_FILE], *few, "--dist", "loadfile", *arguments],
        [*found[BY_GROUP], *workers, "--dist", "loadgroup", *arguments],
    ]


def is_path(argument: str) -> bool:
    """Whether pytest would take the argument for a file, a directory or a test in one."""
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def stops_early(arguments: Sequence[str]) -> bool:
    """Whether a failure in the first part should keep the second from running."""
    return any(re.fullmatch(r"-x|--exitfirst|--maxfail(=.*)?", argument) for argument in arguments)


def run_part(arguments: Sequence[str]) -> Part:
    """Run pytest in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="placet-report-") as directory:
        report = Path(directory) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            # Also for tests that lie elsewhere: pytest would look for its options beside them.
            f"--config-file={ROOT / 'pyproject.toml'}",
            f"--junit-xml={report}",
            "-o",
            "junit_family=xunit2",
            *arguments,
        ]
        process = subprocess.Popen(command, cwd=ROOT)
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:
                # Ctrl-C reached pytest too: let it report and stop its servers.
                continue
        return counted(status, report)


def counted(status: int, report: Path) -> Part:
    """The part's figures, from pytest's own report."""
    if not report.exists():
        return Part(status)
    # Our own pytest wrote it a moment ago.
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314
    tests = failed = skipped = 0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return Part(status, passed=tests - failed - skipped, failed=failed, skipped=skipped)
