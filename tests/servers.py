"""pytest plugin: the servers that tests run on, up before Django reads its settings.

One Postgres serves the whole run; each xdist worker has its own database in it and its own Valkey, because
hints published on one Valkey would reach the tests of every other worker. `DATABASE_URL` and `REDIS_URL`
replace them one by one, as they do for `manage.py up`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.datadir import claimed
from config.embedded.postgres import Postgres
from config.embedded.server import Server
from config.embedded.valkey import Valkey

NEEDS_NO_SERVERS = ("--help", "-h", "--version", "-V", "--collect-only", "--co", "--fixtures", "--markers")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, args: list[str]
) -> Generator[None, object, object]:
    # A wrapper, for those run before every plain hook: pytest-django's reads the settings.
    if not any(argument in NEEDS_NO_SERVERS for argument in args):
        servers = _servers()
        early_config.add_cleanup(servers.close)
    return (yield)


def _servers() -> ExitStack:
    worker = "PYTEST_XDIST_WORKER" in os.environ
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="placet-tests-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        home = stack.enter_context(claimed(directory))
        if not worker:
            os.environ.update(
                PLACET_DATA_DIR=str(directory),
                PLACET_SECRET_KEY=secrets.token_urlsafe(48),
                PLACET_ALLOW_UNSAFE_DURABILITY="1",
            )
            if not os.environ.get("DATABASE_URL"):
                postgres = Postgres(home, durable=False, may_create_databases=True)
                os.environ["DATABASE_URL"] = _started(stack, postgres)
            if os.environ.get("REDIS_URL"):
                os.environ["PLACET_TESTS_SHARE_REDIS"] = "1"
        if not os.environ.get("PLACET_TESTS_SHARE_REDIS"):
            os.environ["REDIS_URL"] = _started(stack, Valkey(home, durable=False))
        return stack.pop_all()


def _started(stack: ExitStack, server: Server) -> str:
    stack.callback(server.stop, at_once=True)
    server.start()
    return server.url


def main() -> None:
    """`python -m tests.servers COMMAND…`: a command on such servers, for checks that need a database."""
    with _servers():
        status = subprocess.run(sys.argv[1:], check=False).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
