"""Whom the embedded servers run as: ourselves, or an unprivileged account when we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import SetupError

# Accounts that every system has and no person uses; none is created.
UNPRIVILEGED = ("nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An account of the operating system that the servers drop to."""

    name: str
    uid: int
    gid: int

    def can_run(self, *command: str | Path) -> bool:
        """Whether the account can start `command`: its files and the way to them are open to it."""
        try:
            subprocess.run(
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def can_reach(self, directory: Path) -> bool:
        """Whether the account may enter `directory` by its path."""
        return self.can_run("/bin/sh", "-c", 'cd -- "$1"', "sh", directory)


def server_account(owned_by: Path) -> Account | None:
    """The account for servers whose data lie (or will lie) in `owned_by`; None when we are not root.

    Postgres refuses to run as root. An existing data directory keeps its owner, whatever that account is
    called on this machine. Raises SetupError when root may not become anyone else here.
    """
    if os.geteuid() != 0:
        return None
    if owned_by.exists() and (owner := owned_by.stat()).st_uid != 0:
        return Account(user_name(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(name, entry.pw_uid, entry.pw_gid)
        if account.can_run("/bin/sh", "-c", ":"):
            return account
    raise SetupError(
        f"Postgres does not run as root, and root may not become {' or '.join(UNPRIVILEGED)} here: "
        "run this as a normal user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def require_name(uid: int) -> None:
    """Raises SetupError for a user id that stands in no /etc/passwd, as containers run with `--user 12345` have."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise SetupError(
            f"user id {uid} has no name on this machine, and Postgres needs one: "
            "run as a user of /etc/passwd, or set DATABASE_URL to a server of your own."
        ) from None


def user_name(uid: int) -> str:
    """The name behind a user id, or the number itself for an id that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
