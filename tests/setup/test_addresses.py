from __future__ import annotations

import stat
from pathlib import Path

import pytest
from platformdirs import user_data_path

from config.embedded import lock
from config.embedded.addresses import (
    LOCK_FILE,
    RUN_FILE,
    Addresses,
    default_data_dir,
    forget_addresses,
    last_addresses,
    read_addresses,
    write_addresses,
)

SOME = Addresses("postgresql://a@/b?host=/c", "unix:///d?db=0", "http://127.0.0.1:1", 17, {"web": (18, 1.5)})


def test_other_terminals_read_what_a_living_supervisor_wrote(tmp_path: Path) -> None:
    with lock.exclusive(tmp_path / LOCK_FILE, wait=False):
        write_addresses(tmp_path, SOME)
        assert read_addresses(tmp_path) == SOME


def test_a_dead_supervisors_addresses_are_not_used(tmp_path: Path) -> None:
    write_addresses(tmp_path, SOME)
    assert read_addresses(tmp_path) is None
    assert last_addresses(tmp_path) == SOME


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    write_addresses(tmp_path, SOME)
    assert stat.S_IMODE((tmp_path / RUN_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[1]", "{", '{"database_url": 1}', "\x00"])
def test_a_damaged_file_is_no_file(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN_FILE).write_text(text)
    with lock.exclusive(tmp_path / LOCK_FILE, wait=False):
        assert read_addresses(tmp_path) is None


def test_an_orderly_stop_leaves_none(tmp_path: Path) -> None:
    write_addresses(tmp_path, SOME)
    forget_addresses(tmp_path)
    assert last_addresses(tmp_path) is None
    forget_addresses(tmp_path)


def test_nothing_runs_where_nothing_is(tmp_path: Path) -> None:
    assert read_addresses(tmp_path / "absent") is None


def test_the_default_is_what_platformdirs_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_data_dir() == user_data_path("placet")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == user_data_path("placet")
