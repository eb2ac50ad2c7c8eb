"""What these tests need of the machine: other accounts, processes that are gone, waiting without sleeping."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest

from config.embedded.account import Account, server_account
from config.embedded.process import lives, wait_until

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0


def eventually(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Return once `condition` holds; the test fails with `what` when it does not."""
    began = time.monotonic()
    if not wait_until(condition, seconds):
        pytest.fail(f"{what}: not within {time.monotonic() - began:.0f} s")


def processes_of(text: str) -> list[psutil.Process]:
    """Live processes, ours apart, whose command line holds `text`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.pid != os.getpid() and text in " ".join(process.info["cmdline"] or ()) and lives(process):
            found.append(process)
    return found


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory that every account may enter; pytest's own are closed to all but their owner."""
    directory = Path(mkdtemp(prefix="placet test ", dir="/tmp"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def other_account() -> Account:
    """An account that is not ours; skips unless we are root, who alone can become it."""
    if not AS_ROOT:
        pytest.skip("only root can become another user")
    account = server_account(Path("/nonexistent"))
    assert account is not None
    return account


def python_for(account: Account) -> str:
    """An interpreter of this version that `account` may run, with this environment's packages; skips without."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        if account.can_run(
            candidate, "-c", f"import os; os.listdir({str(ROOT)!r}); os.listdir({packages()!r})"
        ):
            return candidate
    pytest.skip(f"{account.name} can run no {name}, or may not read the checkout")


def packages() -> str:
    """The directory this environment's packages are in."""
    return str(Path(pytest.__file__).resolve().parents[1])


def run_as(
    account: Account, code: str, *arguments: object, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code as `account`, with our packages and no privileges."""
    return subprocess.run(
        [python_for(account), "-c", code, *map(str, arguments)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        env={
            "PATH": os.defpath,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{packages()}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
