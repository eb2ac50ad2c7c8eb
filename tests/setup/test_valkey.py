"""The embedded Valkey, killed, left behind and damaged."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from config.embedded.datadir import DataDir, claimed
from config.embedded.errors import SetupError
from config.embedded.process import marked
from config.embedded.valkey import NAMES, Valkey
from tests.setup.machine import eventually, other_account

pytestmark = pytest.mark.faults


@contextmanager
def running(home: DataDir) -> Iterator[Valkey]:
    server = Valkey(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def client(server: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, decode_responses=True) as connected:
        yield connected


def servers(home: DataDir) -> list[psutil.Process]:
    return marked(home.identity, NAMES, home.server_uid)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DataDir]:
    with claimed(tmp_path / "some data") as claimed_home:
        yield claimed_home


def test_it_keeps_what_it_takes_and_throws_nothing_away(home: DataDir) -> None:
    with running(home) as server, client(server) as valkey:
        assert valkey.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert valkey.config_get("appendonly") == {"appendonly": "yes"}
        assert valkey.config_get("port") == {"port": "0"}
        valkey.set("word", "kept")
    assert not servers(home)
    with running(home) as server, client(server) as valkey:
        assert valkey.get("word") == "kept"


def test_a_killed_server_comes_back_with_its_keys(home: DataDir) -> None:
    with running(home) as server, client(server) as valkey:
        valkey.set("word", "kept")
        valkey.execute_command("WAITAOF", 1, 0, 5_000)
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: server.exit_status() is not None, "the server is gone")
        server.stop()
        server.start()
        assert valkey.get("word") == "kept"


def test_a_server_left_running_is_replaced(home: DataDir) -> None:
    left = Valkey(home)
    left.start()
    with running(home) as server:
        assert left.exit_status() == 0
        assert [process.pid for process in servers(home)] == [server.pid]


def test_damaged_data_are_set_aside_for_the_truth_is_elsewhere(home: DataDir) -> None:
    with running(home) as server, client(server) as valkey:
        valkey.set("word", "lost")
    for file in (home.valkey / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"*2\r\nnonsense\r\n" * 10)
    server = Valkey(home)
    try:
        assert server.start() == "its data were damaged: set aside and begun anew"
        with client(server) as valkey:
            assert valkey.get("word") is None
    finally:
        server.stop()
    assert len(list(home.path.glob("valkey.damaged-*"))) == 1


def test_why_it_did_not_start_is_in_the_error(home: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Valkey(home)
    monkeypatch.setattr(server, "_socket", home.sockets / ("too long " * 20))
    with pytest.raises(SetupError, match="Valkey stopped while it started"):
        server.start()
    server.stop()


def test_only_its_owner_can_connect(home: DataDir) -> None:
    with running(home):
        assert (home.sockets / "valkey.sock").stat().st_mode & 0o077 == 0


def test_as_root_the_server_is_not(home: DataDir) -> None:
    account = other_account()
    with running(home) as server:
        assert psutil.Process(server.pid).uids().real == account.uid
