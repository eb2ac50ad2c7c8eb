"""The embedded Postgres: the wheel's binaries, with a lifecycle that survives kill -9 of anyone at any moment.

The wheel's own `get_server()` is not used: it leaves the server running after SIGTERM, takes any process for
a running server when the pid file is stale, and opens the server to every local user.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psutil

from config.embedded.account import require_name, user_name
from config.embedded.binaries import POSTGRES_MAJOR, postgres_programs
from config.embedded.datadir import DataDir
from config.embedded.errors import SetupError
from config.embedded.process import Child, Pause, Rung, end, marked
from config.embedded.server import Server, last_words

ROLE = DATABASE = "placet"
SUPERUSER = "postgres"
# Crash recovery replays the log since the last checkpoint; 36 s were seen on a slow disk.
READY_SECONDS = 90.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "log_line_prefix": "%m [%p] ",
}
UNSAFE = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One cluster in `home`, with a role and a database `placet`.

    `durable=False` is for tests: commits are lost in a crash of the machine. `may_create_databases` lets the
    role make the databases that parallel test workers use.
    """

    name = "postgres"
    label = "Postgres"
    # A fast shutdown rolls open transactions back. SIGTERM would wait for clients, SIGQUIT makes it recover.
    in_order = (Rung(signal.SIGINT, 30), Rung(signal.SIGQUIT, 10), Rung(signal.SIGKILL, 5))
    at_once = (Rung(signal.SIGQUIT, 5), Rung(signal.SIGKILL, 5))

    def __init__(self, home: DataDir, *, durable: bool = True, may_create_databases: bool = False) -> None:
        super().__init__(home)
        self._durable = durable
        self._role_options = "LOGIN CREATEDB" if may_create_databases else "LOGIN"
        self._programs = postgres_programs(home)
        # Below a directory that only root may enter, the account has no path to its data. The working
        # directory it is started in needs none, and Linux gives that a name.
        self._hidden = home.account is not None and not home.account.can_reach(home.path)
        if self._hidden and sys.platform != "linux":
            raise SetupError(
                f"only root may enter {home.path}, and Postgres does not run as root: choose another --data-dir."
            )

    @property
    def url(self) -> str:
        """The application's URL: its own role, no superuser."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.home.sockets))}"

    def start(self, pause: Pause = time.sleep) -> str:
        for uid in (os.geteuid(), self.home.server_uid):
            require_name(uid)
        did = self._clear_remains(pause)
        data = self.home.postgres
        if not data.exists():
            self._create_cluster(data)
            did.append("created")
        self._check_version(data)
        self._write_access_rules(data)
        settings = {
            **SETTINGS,
            **({} if self._durable else UNSAFE),
            "cluster_name": self.home.identity,
            "unix_socket_directories": str(self.home.sockets),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            # A killed supervisor takes the server along, in order; elsewhere the next start finds the orphan.
            self._child = Child(
                [self._programs / "postgres", "-D", self._path(data), *options],
                output=log,
                death_signal=signal.SIGINT,
                cwd=data,
                env=_environment(),
                account=self.home.account,
            )
        pid_file, pid = data / "postmaster.pid", self._child.pid
        self._await(self._child, lambda: _says_ready(pid_file, pid), READY_SECONDS, pause)
        return ", ".join(did)

    def _path(self, data: Path) -> str:
        """How the server, whose working directory is `data`, names it."""
        return "/proc/self/cwd" if self._hidden else str(data)

    def _clear_remains(self, pause: Pause) -> list[str]:
        """Stop what a killed supervisor or a killed postmaster left running, and remove its pid file."""
        found = []
        if orphans := marked(self.home.identity, ("postgres",), self.home.server_uid):
            # Children of a live postmaster end with it; those of a dead one are each told.
            ids = {process.pid for process in orphans}
            heads = [process for process in orphans if _parent(process) not in ids]
            end(heads, self.in_order, pause)
            end(marked(self.home.identity, ("postgres",), self.home.server_uid), self.at_once, pause)
            found.append("stopped the one left by a killed supervisor")
        # Nothing of this cluster runs any more: whatever process these files name is a stranger with its number,
        # or a zombie that nobody reaps.
        for stale in (self.home.postgres / "postmaster.pid", *self.home.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        return found

    def _create_cluster(self, data: Path) -> None:
        """initdb and the role, below another name until all is there: a kill leaves nothing half made."""
        new = data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        self.home.private_directory(new)
        where = self._path(new)
        self._run(
            new,
            [
                self._programs / "initdb", "-D", where, "-U", SUPERUSER, "--auth=reject", "--encoding=UTF8",
                # Sorted alike on every system, whatever its C library.
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                "--data-checksums", "--no-instructions", *([] if self._durable else ["--no-sync"]),
            ],
        )  # fmt: skip
        self._run(
            new,
            [self._programs / "postgres", "--single", "-D", where, "-c", "log_checkpoints=off", "postgres"],
            f"CREATE ROLE {ROLE} {self._role_options};\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n",
        )
        new.rename(data)

    def _run(self, data: Path, command: list[str | Path], statements: str = "") -> None:
        account = self.home.account
        done = subprocess.run(
            command,
            input=statements,
            capture_output=True,
            text=True,
            cwd=data,
            env=_environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        # Single-user mode exits with 0 after a statement that failed.
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            raise SetupError(
                f"Postgres could not create its data in {self.home.postgres}; {last_words(self.log)}"
            )

    def _check_version(self, data: Path) -> None:
        try:
            found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
        except OSError:
            raise SetupError(
                f"{data} is not a Postgres data directory: choose another with --data-dir."
            ) from None
        if found != str(POSTGRES_MAJOR):
            raise SetupError(
                f"{data} was written by Postgres {found} and this version of Placet runs Postgres {POSTGRES_MAJOR}: "
                "move it over with pg_dump and psql (docs/how-to/run.md), or choose another --data-dir."
            )

    def _write_access_rules(self, data: Path) -> None:
        """Who may connect: over the private socket only, as whom the kernel says they are."""
        names = {user_name(os.geteuid()), user_name(self.home.server_uid)}
        rules = {
            "pg_hba.conf": "local all all peer map=placet\n",
            "pg_ident.conf": "".join(
                f'placet "{name}" {role}\n' for name in sorted(names) for role in (ROLE, SUPERUSER)
            ),
        }
        for file, text in rules.items():
            partial = data / f"{file}.new"
            partial.unlink(missing_ok=True)
            # The directory may be another account's while we are root: never write through a link found there.
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(descriptor, "w", encoding="utf-8") as target:
                target.write(text)
                os.fchmod(descriptor, 0o644)
            partial.replace(data / file)


def _says_ready(pid_file: Path, pid: int) -> bool:
    """What `pg_ctl start -w` looks at: the eighth line of the file that the postmaster keeps."""
    try:
        lines = pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def _environment() -> dict[str, str]:
    """No PG* variable of the user's may steer the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
