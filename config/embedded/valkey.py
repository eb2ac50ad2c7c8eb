"""The embedded Valkey: the broker and the bearer of hints. It may be wiped at any time; Postgres holds the truth."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote

from config.embedded.binaries import valkey_server
from config.embedded.datadir import DataDir
from config.embedded.errors import SetupError
from config.embedded.process import Child, Pause, Rung, end, marked
from config.embedded.server import Server

NAMES = ("valkey-server", "redis-server")
READY_SECONDS = 30.0


class Valkey(Server):
    """One server in `home`, on a private socket.

    `durable=False` is for tests: nothing is written to disk.
    """

    name = "valkey"
    label = "Valkey"
    in_order = (Rung(signal.SIGTERM, 10), Rung(signal.SIGKILL, 5))
    at_once = (Rung(signal.SIGKILL, 5),)

    def __init__(self, home: DataDir, *, durable: bool = True) -> None:
        super().__init__(home)
        self._durable = durable
        self._program = valkey_server(home)
        self._socket = home.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """The socket's URL as redis-py spells it."""
        return f"unix://{quote(str(self._socket))}?db=0"

    def start(self, pause: Pause = time.sleep) -> str:
        did = []
        if orphans := marked(self.home.identity, NAMES, self.home.server_uid):
            end(orphans, self.in_order, pause)
            did.append("stopped the one left by a killed supervisor")
        try:
            self._launch(pause)
        except SetupError:
            self.stop(pause)
            if not self._set_aside():
                raise
            # Only hints are lost with it, and a sweep finds what they hinted at.
            did.append("its data were damaged: set aside and begun anew")
            self._launch(pause)
        return ", ".join(did)

    def _launch(self, pause: Pause) -> None:
        self.home.private_directory(self.home.valkey)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            # The working directory: below one that only root may enter there is no other path to it.
            "dir": ".",
            "appendonly": "yes" if self._durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            # Keeps the command line, by which a later start recognises this process.
            "set-proc-title": "no",
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with self.log.open("ab") as log:
            self._child = Child(
                [self._program, *arguments],
                output=log,
                death_signal=signal.SIGTERM,
                cwd=self.home.valkey,
                account=self.home.account,
            )
        self._await(self._child, self._answers, READY_SECONDS, pause)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self._socket))
            connection.sendall(b"PING\r\n")
            # While it reads its data back it answers -LOADING.
            return connection.recv(64).startswith(b"+PONG")
        return False

    def _set_aside(self) -> bool:
        """Move the data away; False when there were none to blame."""
        if not any(self.home.valkey.iterdir()):
            return False
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.home.valkey.rename(self.home.valkey.with_name(f"valkey.damaged-{stamp}"))
        return True
