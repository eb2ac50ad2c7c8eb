from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from config.embedded import datadir
from config.embedded.datadir import MARKER, SOCKET_LIMIT, SOCKET_NAME, claimed
from config.embedded.errors import SetupError
from tests.setup.machine import AS_ROOT, open_directory, other_account, run_as

CLAIM = """
import sys
from pathlib import Path
from config.embedded.datadir import claimed
from config.embedded.errors import SetupError
try:
    with claimed(Path(sys.argv[1])):
        print("claimed")
except SetupError as error:
    print(error)
"""


def test_it_is_made_where_nothing_was(tmp_path: Path) -> None:
    with claimed(tmp_path / "some where" / "data") as home:
        assert home.path.is_dir()
        assert home.logs.is_dir()
        assert stat.S_IMODE(home.path.stat().st_mode) == (0o711 if AS_ROOT else 0o700)
        assert stat.S_IMODE(home.logs.stat().st_mode) == 0o700


def test_a_second_claim_says_who_has_it(tmp_path: Path) -> None:
    with (
        claimed(tmp_path),
        pytest.raises(SetupError, match=r"already runs on .*--data-dir"),
        claimed(tmp_path),
    ):
        pass


def test_it_can_be_claimed_again_after(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path):
            pass


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with (
        pytest.raises(SetupError, match=r"holds files that are not Placet's: choose another"),
        claimed(tmp_path),
    ):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_a_mounted_volume_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    with claimed(tmp_path):
        pass


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="is not a directory"), claimed(tmp_path / "file"):
        pass


def test_a_later_layout_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("2\n")
    with pytest.raises(SetupError, match=r"another version of Placet \(layout 2\)"), claimed(tmp_path):
        pass


def test_a_marker_cut_short_by_a_kill_is_ours(tmp_path: Path) -> None:
    (tmp_path / MARKER).touch()
    with claimed(tmp_path):
        pass


def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    account = other_account()
    os.chown(tmp_path, account.uid, account.gid)
    with pytest.raises(SetupError, match=rf"belongs to {account.name}"), claimed(tmp_path):
        pass


def test_an_unwritable_directory_is_refused() -> None:
    if not AS_ROOT:
        with open_directory() as directory:
            directory.chmod(0o555)
            with pytest.raises(SetupError, match="cannot be written"), claimed(directory):
                pass
        return
    account = other_account()
    with open_directory() as directory:
        (directory / "data").mkdir(mode=0o555)
        os.chown(directory / "data", account.uid, account.gid)
        assert (
            "cannot be written: make it writable, or choose another"
            in run_as(account, CLAIM, directory / "data").stdout
        )
        assert "cannot be made (Permission denied)" in run_as(account, CLAIM, directory / "new").stdout


@pytest.mark.parametrize("name", ["short", "with spaces", "x" * 200])
def test_sockets_have_a_short_private_place(tmp_path: Path, name: str) -> None:
    with claimed(tmp_path / name) as home:
        assert len(str(home.sockets)) + SOCKET_NAME <= SOCKET_LIMIT
        found = home.sockets.stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == home.server_uid
    assert not home.sockets.exists()


def test_a_socket_directory_that_others_prepared_is_refused(tmp_path: Path) -> None:
    with claimed(tmp_path) as home:
        sockets = home.sockets
    sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(SetupError, match="should be our private directory"), claimed(tmp_path):
            pass
    finally:
        sockets.unlink()


def test_a_runtime_directory_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (deep := tmp_path / ("y" * 100)).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with claimed(tmp_path / "data") as home:
        assert deep not in home.sockets.parents


def test_the_runtime_directory_is_used_when_it_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with open_directory() as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        monkeypatch.setattr(datadir, "server_account", lambda owned_by: None)
        with claimed(tmp_path / "data") as home:
            assert home.sockets.parent == runtime


def test_the_secret_key_is_made_once_for_its_owner(tmp_path: Path) -> None:
    with claimed(tmp_path) as home:
        key = home.secret_key()
        assert home.secret_key() == key
        assert len(key) >= 50
        assert stat.S_IMODE((home.path / "secret_key").stat().st_mode) == 0o600


def test_two_directories_have_two_identities(tmp_path: Path) -> None:
    with claimed(tmp_path / "a") as first, claimed(tmp_path / "b") as second:
        assert first.identity != second.identity
        assert first.sockets != second.sockets
