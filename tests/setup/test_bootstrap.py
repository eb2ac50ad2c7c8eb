"""The first run: a real environment from real hashed pins, made of one small package of our own."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import bootstrap
from config.bootstrap import BEGUN, STAMP, BootstrapError, environment, is_ready, uncovered, wanted_set
from config.embedded import lock
from tests.setup.machine import ROOT, open_directory, other_account, python_for

PROGRAM = """
import sys
def execute_from_command_line(argv):
    print("version", {version!r}, "in", sys.prefix, "with", argv[1:])
def load_command_class(app, name):
    raise AssertionError
"""


@dataclass
class Checkout:
    """A copy of the entry point and the bootstrap, whose pins name one wheel that stands in for Django."""

    root: Path
    wheels: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def pin(self, version: str, digest: str = "") -> None:
        wheel = make_wheel(self.wheels, version)
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        for name in ("base", "embedded", "dev"):
            (self.root / "requirements" / f"{name}.txt").write_text(
                f"# {name}\ndjango=={version} \\\n    --hash=sha256:{digest}\n"
            )

    def run(
        self, *arguments: str, python: str = sys.executable, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, python=python), env=self.environ(**environ),
            capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip

    def command(self, *arguments: str, python: str = sys.executable) -> list[str]:
        return [python, str(self.root / "manage.py"), *arguments]

    def environ(self, **more: str) -> dict[str, str]:
        # No uv, no index: what is installed comes from the wheels named here.
        kept = {"HOME": os.environ.get("HOME", "/"), "PATH": os.defpath}
        return {
            **kept,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            "PIP_CONFIG_FILE": os.devnull,
            **more,
        }


def make_wheel(directory: Path, version: str) -> Path:
    path = directory / f"django-{version}-py3-none-any.whl"
    info = f"django-{version}.dist-info"
    files = {
        "django/__init__.py": "",
        "django/core/__init__.py": "",
        "django/core/management/__init__.py": PROGRAM.format(version=version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: django\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(zipfile.ZipInfo(name), text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "a checkout", tmp_path / "wheels")
    copy_to(made)
    made.pin("1.0")
    return made


def copy_to(checkout: Checkout) -> None:
    checkout.wheels.mkdir()
    (checkout.root / "requirements").mkdir(parents=True)
    (checkout.root / "config").mkdir()
    shutil.copy(ROOT / "manage.py", checkout.root)
    for name in ("__init__.py", "bootstrap.py", "progress.py"):
        shutil.copy(ROOT / "config" / name, checkout.root / "config")
    shutil.copytree(ROOT / "config" / "embedded", checkout.root / "config" / "embedded")


def test_the_first_run_prepares_later_runs_use_it_and_changed_pins_are_installed(checkout: Checkout) -> None:
    first = checkout.run("check", "--deploy")
    assert first.returncode == 0, first.stderr
    assert "Preparing" in first.stdout
    assert "Packages" in first.stdout
    assert first.stdout.splitlines()[-1] == f"version 1.0 in {checkout.venv} with ['check', '--deploy']"
    again = checkout.run("check")
    assert again.stdout == f"version 1.0 in {checkout.venv} with ['check']\n"
    from_inside = checkout.run("check", python=str(bootstrap.python_of(checkout.venv)))
    assert from_inside.stdout == again.stdout
    checkout.pin("1.1")
    changed = checkout.run("check")
    assert "Environment" not in changed.stdout
    assert changed.stdout.splitlines()[-1] == f"version 1.1 in {checkout.venv} with ['check']"


def test_an_interrupted_installation_is_begun_anew(checkout: Checkout) -> None:
    site = checkout.venv / "lib" / "half"
    site.mkdir(parents=True)
    (checkout.venv / BEGUN).touch()
    (checkout.venv / STAMP).write_text(
        json.dumps(
            {"dev": hashlib.sha256((checkout.root / "requirements" / "dev.txt").read_bytes()).hexdigest()}
        )
    )
    done = checkout.run("check")
    assert done.stdout.splitlines()[-1].startswith("version 1.0"), done.stderr
    assert not site.exists()
    assert not (checkout.venv / BEGUN).exists()


def test_a_killed_first_run_does_not_pass_for_a_complete_one(checkout: Checkout) -> None:
    with subprocess.Popen(
        checkout.command("check"), env=checkout.environ(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as running:
        while not (checkout.venv / BEGUN).exists():
            assert running.poll() is None
        os.killpg(running.pid, 9)
    assert not is_ready(checkout.venv, "embedded", checkout.root)
    assert checkout.run("check").returncode == 0


def test_two_first_runs_take_turns(checkout: Checkout) -> None:
    both = [
        subprocess.Popen(checkout.command("check"), env=checkout.environ(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(run.communicate(timeout=180)[0] for run in both)
    assert [run.returncode for run in both] == [0, 0]
    assert ["Preparing" in words for words in said].count(True) == 1
    assert any("Another first run" in words for words in said)


def test_packages_that_are_not_the_pinned_ones_are_refused(checkout: Checkout) -> None:
    checkout.pin("1.0", digest="0" * 64)
    done = checkout.run("check")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("placet: the packages could not be installed")
    assert not is_ready(checkout.venv, "embedded", checkout.root)


def test_an_environment_that_lost_its_python_is_made_again(checkout: Checkout) -> None:
    assert checkout.run("check").returncode == 0
    python = bootstrap.python_of(checkout.venv)
    python.unlink()
    python.symlink_to("/nonexistent/python")
    assert checkout.run("check").stdout.splitlines()[-1].startswith("version 1.0")


def test_a_prepared_environment_is_left_as_it_is(checkout: Checkout) -> None:
    with zipfile.ZipFile(make_wheel(checkout.wheels, "1.0")) as wheel:
        wheel.extractall(checkout.wheels / "installed")
    done = checkout.run("check", PLACET_PREPARED="1", PYTHONPATH=str(checkout.wheels / "installed"))
    assert done.stdout == f"version 1.0 in {sys.prefix} with ['check']\n"
    assert not checkout.venv.exists()


def test_a_checkout_that_cannot_be_written_gets_its_environment_elsewhere() -> None:
    account = other_account()
    python = python_for(account)
    with open_directory() as directory:
        made = Checkout(directory / "checkout", directory / "wheels")
        copy_to(made)
        made.pin("1.0")
        home = directory / "home"
        home.mkdir()
        os.chown(home, account.uid, account.gid)
        done = subprocess.run(
            made.command("check", python=python), env=made.environ(HOME=str(home)), user=account.uid, group=account.gid,
            extra_groups=[], capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert f"in {home}/.local/share/placet/venv-" in done.stdout, done.stderr
        assert not made.venv.exists()
        home.chmod(0o555)
        shutil.rmtree(home / ".local")
        done = subprocess.run(
            made.command("check", python=python), env=made.environ(HOME=str(home)), user=account.uid, group=account.gid,
            extra_groups=[], capture_output=True, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("placet: neither the checkout nor")


def test_no_pip_and_no_ensurepip_says_how_to_get_one(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BootstrapError, match="apt-get install python3-venv"):
        environment("embedded", checkout.root)


@pytest.mark.parametrize("version", ["(3, 10, 4)", "(3, 7, 0)"])
def test_an_old_python_is_told_so_in_one_sentence(version: str) -> None:
    code = (
        f"import runpy, sys; sys.version_info = {version}; runpy.run_path('manage.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Placet needs Python 3.11 or newer and this is Python 3.")
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_can_read_the_entry_point() -> None:
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))
    assert "annotations" not in (ROOT / "manage.py").read_text().partition("def main")[0]


def test_windows_is_told_the_way_out() -> None:
    code = "import runpy, sys; sys.platform = 'win32'; runpy.run_path('manage.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WSL" in done.stderr


@pytest.mark.parametrize(
    ("system", "machine", "libc", "version", "says"),
    [
        ("Linux", "x86_64", "glibc", (3, 11), ""),
        ("Linux", "aarch64", "glibc", (3, 14), ""),
        ("Darwin", "arm64", "", (3, 12), ""),
        ("Linux", "x86_64", "", (3, 11), "Linux without glibc (Alpine)"),
        ("Linux", "riscv64", "glibc", (3, 11), "Linux on riscv64"),
        ("FreeBSD", "amd64", "", (3, 11), "FreeBSD on amd64"),
        ("Linux", "x86_64", "glibc", (3, 15), "Python 3.15"),
    ],
)
def test_where_the_servers_wheels_fit(
    system: str, machine: str, libc: str, version: tuple[int, int], says: str
) -> None:
    assert uncovered(system=system, machine=machine, libc=libc, version=version) == says


def test_without_wheels_the_way_out_is_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "missing_wheels", lambda: "Linux without glibc (Alpine)")
    with pytest.raises(
        BootstrapError,
        match=r"no binaries for Linux without glibc.*docker compose.*DATABASE_URL and REDIS_URL",
    ):
        environment("embedded", checkout.root)


def test_which_packages_a_command_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert wanted_set(["up"]) == "embedded"
    assert wanted_set([]) == "embedded"
    assert wanted_set(["test", "-x"]) == "dev"
    monkeypatch.setattr(bootstrap, "missing_wheels", lambda: "Alpine")
    assert wanted_set(["up"]) == "embedded"
    monkeypatch.setenv("DATABASE_URL", "postgresql://a/b")
    monkeypatch.setenv("REDIS_URL", "redis://a")
    assert wanted_set(["up"]) == "base"


def test_a_larger_set_serves_a_smaller_one(checkout: Checkout) -> None:
    bootstrap.python_of(checkout.venv).parent.mkdir(parents=True)
    bootstrap.python_of(checkout.venv).touch()
    digest = hashlib.sha256((checkout.root / "requirements" / "embedded.txt").read_bytes()).hexdigest()
    (checkout.venv / STAMP).write_text(json.dumps({"embedded": digest}))
    assert [is_ready(checkout.venv, name, checkout.root) for name in ("base", "embedded", "dev")] == [
        True,
        True,
        False,
    ]


def test_someone_elses_first_run_is_waited_for(checkout: Checkout) -> None:
    with (
        lock.exclusive(checkout.root, wait=False),
        subprocess.Popen(
            checkout.command("check"), env=checkout.environ(), stdout=subprocess.PIPE, text=True
        ) as waiting,
    ):
        assert waiting.stdout is not None
        assert waiting.stdout.readline().startswith("Another first run")
        assert not checkout.venv.joinpath(STAMP).exists()
        waiting.kill()
