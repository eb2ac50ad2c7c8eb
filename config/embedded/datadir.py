"""The data directory: whose it is, who runs on it, and what lies where inside."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.embedded import lock
from config.embedded.account import Account, server_account, user_name
from config.embedded.addresses import LOCK_FILE, last_addresses
from config.embedded.errors import SetupError

MARKER = "PLACET_DATA"
LAYOUT = 1
# A socket's path may have 103 bytes on macOS (107 on Linux), this many of them after the directory.
SOCKET_NAME = 16
SOCKET_LIMIT = 103


@dataclass(frozen=True)
class DataDir:
    """A data directory that this process holds the lock of.

    `identity` stands in the command line of every server started here, so that a later run recognises its
    own servers, and only those. `sockets` is a short private directory: only its owner (and root) connects.
    """

    path: Path
    account: Account | None
    identity: str
    sockets: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def server_uid(self) -> int:
        """The user id that the servers run under."""
        return self.account.uid if self.account else os.geteuid()

    def private_directory(self, path: Path) -> None:
        """Make `path` if it is absent, open to the servers' account alone."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.account and path.stat().st_uid != self.account.uid:
            os.chown(path, self.account.uid, self.account.gid)

    def secret_key(self) -> str:
        """The key that signs sessions and links: generated once, readable by its owner alone."""
        path = self.path / "secret_key"
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            key = secrets.token_urlsafe(48)
            partial = path.with_suffix(".new")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(key)
            partial.replace(path)
            return key


@contextmanager
def claimed(path: Path) -> Iterator[DataDir]:
    """Hold the data directory at `path`, made when absent, until the block ends.

    Raises SetupError when it is another's, in use, holds something else or cannot be written.
    """
    path = Path(os.path.abspath(path.expanduser()))
    _make_ours(path)
    try:
        with lock.exclusive(path / LOCK_FILE, wait=False):
            account = server_account(path / "postgres")
            # Root's servers run under another account and must get through to their own directories.
            path.chmod(0o711 if account else 0o700)
            (path / "logs").mkdir(mode=0o700, exist_ok=True)
            identity = f"placet-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]}"
            sockets = _socket_directory(identity, account)
            try:
                yield DataDir(path, account, identity, sockets)
            finally:
                shutil.rmtree(sockets, ignore_errors=True)
    except lock.Held:
        running = last_addresses(path)
        where = f" ({running.base_url}, process {running.supervisor})" if running else ""
        raise SetupError(
            f"Placet already runs on {path}{where}: stop that one, or choose another directory with --data-dir."
        ) from None


def _make_ours(path: Path) -> None:
    instead = "choose another with --data-dir or PLACET_DATA_DIR."
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except FileExistsError:
        raise SetupError(f"{path} is not a directory: {instead}") from None
    except OSError as error:
        raise SetupError(f"the data directory {path} cannot be made ({error.strerror}): {instead}") from error
    if found.st_uid != os.geteuid():
        raise SetupError(
            f"the data directory {path} belongs to {user_name(found.st_uid)}: run as that user, or {instead}"
        )
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK) or os.statvfs(path).f_flag & os.ST_RDONLY:
        raise SetupError(f"the data directory {path} cannot be written: make it writable, or {instead}")
    marker = path / MARKER
    if marker.exists():
        layout = marker.read_text(encoding="ascii", errors="replace").strip()
        # Empty when a first start was killed between making the file and writing it.
        if layout not in ("", str(LAYOUT)):
            raise SetupError(
                f"{path} was written by another version of Placet (layout {layout}): update, or {instead}"
            )
    elif any(entry.name != "lost+found" for entry in path.iterdir()):
        raise SetupError(f"{path} holds files that are not Placet's: {instead}")
    else:
        marker.write_text(f"{LAYOUT}\n", encoding="ascii")


def _socket_directory(identity: str, account: Account | None) -> Path:
    """A private directory, short enough for a socket's path; one name for each data directory and user.

    Raises SetupError when someone else put something there.
    """
    uid = account.uid if account else os.geteuid()
    roots = [Path("/tmp"), Path(tempfile.gettempdir())]  # noqa: S108 - short by custom, and checked below
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    # Root's runtime directory is closed to the account the servers run under.
    if runtime and not account:
        roots.insert(0, Path(runtime))
    for root in roots:
        directory = root / f"{identity}-{uid}"
        if len(os.fsencode(directory)) + SOCKET_NAME > SOCKET_LIMIT or not os.access(root, os.W_OK | os.X_OK):
            continue
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        if account and directory.lstat().st_uid == os.geteuid():
            os.chown(directory, account.uid, account.gid, follow_symlinks=False)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or stat.S_IMODE(found.st_mode) & 0o077:
            raise SetupError(
                f"{directory} should be our private directory and is not: remove it and try again."
            )
        return directory
    raise SetupError(
        f"no directory of {', '.join(map(str, roots))} can hold the servers' sockets: set TMPDIR to a short one."
    )
