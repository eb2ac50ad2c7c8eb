"""`manage.py up` from its first start to kill -9 of everything it runs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from config.embedded.addresses import read_addresses
from config.embedded.datadir import claimed
from config.embedded.postgres import Postgres
from config.embedded.process import lives
from config.embedded.valkey import Valkey
from tests.setup.machine import ROOT, eventually, open_directory, other_account, packages, python_for
from tests.setup.running import Up, all_gone, clean_environment, refused, up

# One worker for all that look at the same running product.
pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("up")]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data of placet"


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[Up]:
    with up(data_dir) as started:
        yield started


def manage(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in another terminal."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=clean_environment(PLACET_DATA_DIR=str(data_dir)), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def found_by(name: str, running: Up) -> psutil.Process:
    return psutil.Process(pid_of(name, running))


def server(name: str, running: Up) -> psutil.Process:
    """The embedded server of that name: the supervisor's own child."""
    (found,) = (child for child in psutil.Process(running.process.pid).children() if child.name() == name)
    return found


def test_it_shows_each_phase_with_its_time_and_then_the_way_in(running: Up) -> None:
    said = "\n".join(running.said)
    for phase in ("Postgres", "Valkey", "Migrations", "Web", "Demo team", "Background"):
        assert re.search(rf"^  {phase} +\d+\.\d s", said, re.MULTILINE), phase
    assert re.search(r"^Ready after \d+\.\d s: http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
    links = re.findall(r"^  (\w+) +http://127\.0\.0\.1:\d+(/sign-in/[\w-]{30,})", said, re.MULTILINE)
    assert [name for name, _ in links] == ["Dana", "Sam", "Lena", "Ines", "Ada"]
    assert {running.status(path) for _, path in links} == {200}


def test_sign_in_links_stand_in_no_log(running: Up) -> None:
    for log in running.data_dir.glob("logs/*.log"):
        assert "/sign-in/" not in log.read_text(errors="replace"), log


def test_another_terminal_finds_the_servers(running: Up) -> None:
    done = manage(running.data_dir, "doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    for check in (
        "database",
        "version",
        "encoding",
        "role",
        "durability",
        "migrations",
        "broker",
        "secret key",
    ):
        assert findings.get(check, {"level": "ok"})["level"] == "ok", findings[check]
    assert findings["version"]["says"].startswith("Postgres 18.")


def test_a_second_one_on_the_same_directory_is_refused(running: Up) -> None:
    says = refused(running.data_dir)
    assert (
        f"already runs on {running.data_dir} ({running.addresses.base_url}, process {running.process.pid})"
        in says
    )
    assert len(says.splitlines()) == 1


def test_a_taken_port_is_named(running: Up, tmp_path: Path) -> None:
    port = str(urlsplit(running.addresses.base_url).port)
    says = refused(tmp_path / "data", "--port", port)
    assert (
        says
        == f"placet: port {port} on 127.0.0.1 is taken: stop what listens there, or choose another with --port.\n"
    )


@pytest.mark.parametrize("name", ["web", "worker", "beat", "sweep"])
def test_a_killed_process_is_started_again(running: Up, name: str) -> None:
    before = found_by(name, running)
    before.kill()
    eventually(lambda: pid_of(name, running) not in (0, before.pid), f"{name} runs")
    assert running.has_said(rf"{name} killed by SIGKILL; starting again in")
    eventually(lambda: running.status("/healthz") == 200, "the web process answers")


def pid_of(name: str, running: Up) -> int:
    return running.addresses.processes.get(name, (0, 0.0))[0]


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_killed_server_is_healed(running: Up, name: str) -> None:
    before = server(name, running)
    before.kill()
    label = name.partition("-")[0]
    eventually(lambda: running.has_said(rf"{label} runs again"), f"{label} is back")
    assert server(name, running).pid != before.pid
    eventually(lambda: running.status("/healthz") == 200, "the web process answers")
    eventually(lambda: manage(running.data_dir, "doctor").returncode == 0, "the doctor is content", 60)


def test_a_request_to_stop_leaves_no_process_and_no_demo_no_people(tmp_path: Path) -> None:
    with up(tmp_path, "--no-demo") as running:
        assert "/sign-in/" not in "\n".join(running.said)
        done = manage(
            tmp_path, "shell", "-v", "0", "-c", "from inbox.models import Team; print(Team.objects.count())"
        )
        assert done.stdout.strip() == "0", done.stderr
        stops_whole(running, signal.SIGTERM)
    assert read_addresses(tmp_path) is None
    assert "was not properly shut down" not in (tmp_path / "logs" / "postgres.log").read_text()


def stops_whole(running: Up, number: signal.Signals) -> None:
    family = running.family()
    assert len(family) >= 5
    assert running.end(number) == 0
    assert not [process for process in family if lives(process)]
    assert running.said[-1] == "Stopped."


def test_own_servers_replace_the_embedded_ones_one_by_one(tmp_path: Path) -> None:
    with claimed(tmp_path / "theirs") as home:
        postgres, valkey = Postgres(home), Valkey(home)
        try:
            postgres.start()
            valkey.start()
            with up(tmp_path / "a", "--no-demo", DATABASE_URL=postgres.url) as running:
                assert running.addresses.database_url == postgres.url
                assert embedded(running) == {"valkey-server"}
                stops_whole(running, signal.SIGINT)
            with up(tmp_path / "b", "--no-demo", REDIS_URL=valkey.url) as running:
                assert running.addresses.redis_url == valkey.url
                assert embedded(running) == {"postgres"}
                stops_whole(running, signal.SIGHUP)
            assert postgres.exit_status() is None
            assert valkey.exit_status() is None
        finally:
            valkey.stop()
            postgres.stop()


def embedded(running: Up) -> set[str]:
    return {process.name() for process in running.family()} & {"postgres", "valkey-server"}


def test_a_request_to_stop_while_starting_leaves_no_process(tmp_path: Path) -> None:
    starting = Up(tmp_path)
    eventually(lambda: starting.has_said("Postgres"), "Postgres is up")
    family = starting.family()
    assert starting.end(signal.SIGINT) == 130
    assert not [process for process in family if lives(process)]


def test_a_second_request_hurries(tmp_path: Path) -> None:
    with up(tmp_path, "--no-demo") as running:
        family = running.family()
        # Stopped by SIGSTOP, the web process finishes nothing: the patient way would wait 15 s for it.
        found_by("web", running).suspend()
        worker = found_by("worker", running)
        running.process.send_signal(signal.SIGINT)
        eventually(lambda: not lives(worker), "the worker, which comes before it, has stopped")
        began = time.monotonic()
        assert running.end(signal.SIGINT) == 0
        assert time.monotonic() - began < 10
        assert not [process for process in family if lives(process)]


def test_a_killed_supervisor_leaves_nothing_that_the_next_cannot_handle(tmp_path: Path) -> None:
    with up(tmp_path, "--no-demo") as first:
        family = first.family()
        web = found_by("web", first)
        port = str(urlsplit(first.addresses.base_url).port)
        # Stopped by SIGSTOP, it does not act on the signal that its parent's death sends, and keeps the port.
        web.suspend()
        first.process.kill()
        first.process.wait()
        assert lives(web)
        with up(tmp_path, "--no-demo", "--port", port) as second:
            assert second.has_said("Stopped what a killed supervisor had left running: .*web")
            assert second.status("/healthz") == 200
            all_gone(family)


def test_killing_supervisor_and_servers_at_once_loses_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        family = first.family()
        people = count_people(tmp_path)
        for process in (psutil.Process(first.process.pid), *family):
            # Some go by themselves when their parent does.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        first.process.wait()
    with up(tmp_path) as second:
        assert second.status("/healthz") == 200
        assert count_people(tmp_path) == people == 5
        all_gone(family)


def count_people(data_dir: Path) -> int:
    done = manage(
        data_dir, "shell", "-v", "0", "-c", "from inbox.models import Member; print(Member.objects.count())"
    )
    return int(done.stdout)


def test_open_to_other_machines_it_prints_no_links_and_says_why(tmp_path: Path) -> None:
    with up(tmp_path, "--host", "0.0.0.0", PLACET_BASE_URL="http://127.0.0.1:8000") as running:  # noqa: S104 - the subject
        said = "\n".join(running.said)
        assert "/sign-in/" not in said
        assert "No sign-in links, for 0.0.0.0 can be reached from other machines." in said


def test_a_database_that_cannot_be_prepared_is_an_error_with_its_reason(tmp_path: Path) -> None:
    says = refused(tmp_path, DATABASE_URL=f"postgresql://nobody@/nothing?host={tmp_path}")
    assert "placet: the database could not be prepared; the end of" in says
    assert "No such file or directory" in says


def test_other_peoples_directories_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    assert "holds files that are not Placet's" in refused(tmp_path)


def test_a_port_for_administrators_is_refused_to_others() -> None:
    account = other_account()
    python = python_for(account)
    with open_directory() as directory:
        if not forbidden_to(account.uid, account.gid, python):
            pytest.skip("here everyone may listen on port 80")
        done = subprocess.run(
            [python, str(ROOT / "manage.py"), "up", "--data-dir", str(directory / "data"), "--port", "80"],
            env=clean_environment(PYTHONPATH=packages(), HOME=str(directory)), cwd="/", user=account.uid,
            group=account.gid, extra_groups=[], capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert "placet: the data directory" in done.stderr
        directory.chmod(0o777)
        done = subprocess.run(
            done.args, env=clean_environment(PYTHONPATH=packages(), HOME=str(directory)), cwd="/", user=account.uid,
            group=account.gid, extra_groups=[], capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert "ports below 1024 are the administrator's" in done.stderr


def forbidden_to(uid: int, gid: int, python: str) -> bool:
    code = "import socket; socket.socket().bind(('127.0.0.1', 80))"
    done = subprocess.run(
        [python, "-c", code], user=uid, group=gid, extra_groups=[], capture_output=True, check=False
    )
    return b"Permission denied" in done.stderr


def test_contradicting_options_are_refused(tmp_path: Path) -> None:
    assert (
        refused(tmp_path / "x", "--no-demo", "--reset-demo")
        == "placet: --no-demo and --reset-demo exclude each other.\n"
    )
    assert not (tmp_path / "x").exists()


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    assert "cannot listen on 192.0.2.1" in refused(tmp_path, "--host", "192.0.2.1")


def test_a_port_in_use_is_seen_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        says = refused(tmp_path / "data", "--port", str(listener.getsockname()[1]))
    assert "is taken" in says
    assert not (tmp_path / "data" / "postgres").exists()
    assert os.path.exists(tmp_path / "data" / "PLACET_DATA")
