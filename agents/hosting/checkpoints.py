"""Where LangGraph keeps its threads: a Postgres schema of its own, read with nothing that can run code.

Importing this module imports LangGraph (about a second): only workers and `migrate` do.
"""

from __future__ import annotations

import atexit
import os
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde import _msgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import Connection, connect
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from agents.hosting.postgres import connection_parameters

SCHEMA: Final = "checkpoints"
# A step writes its checkpoint and its tasks' writes side by side; more connections than this were never busy.
POOL_SIZE: Final = 4

# By process id: after Celery's fork a child holds its parent's sockets and must neither use nor close them, so
# the parent's pool stays referenced and untouched.
_pools: dict[int, ConnectionPool[Connection[DictRow]]] = {}


def serializer() -> JsonPlusSerializer:
    """The only serializer checkpoints are read with: an allow-list of plain types, no pickle.

    Raises ImproperlyConfigured when LANGGRAPH_STRICT_MSGPACK did not take effect: a checkpoint row could then
    name any callable to be imported and run (CVE-2026-28277). It is read when LangGraph is first imported, so
    an import before config/settings.py defeats it.
    """
    if not _msgpack.STRICT_MSGPACK_ENABLED:
        raise ImproperlyConfigured(
            "LangGraph was imported without LANGGRAPH_STRICT_MSGPACK=true: hosted graphs do not run. "
            "Unset the variable, or set it to true before the process starts."
        )
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)


def saver() -> PostgresSaver:
    """A checkpointer on this process's pool."""
    return PostgresSaver(_process_pool(), serde=serializer())


def setup() -> None:
    """Create the schema and bring LangGraph's tables to the installed version. Safe to repeat and to race."""
    with connect(**_parameters(), autocommit=True, prepare_threshold=0, row_factory=dict_row) as connection:
        # LangGraph's own migrations have no lock: two `migrate` at once would both try number n.
        connection.execute("SELECT pg_advisory_lock(hashtextextended('checkpoints.setup', 0))")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        PostgresSaver(connection, serde=serializer()).setup()


def close() -> None:
    """Give this process's connections back; the next use opens new ones."""
    pool = _pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()


def _process_pool() -> ConnectionPool[Connection[DictRow]]:
    pool = _pools.get(os.getpid())
    if pool is None:
        pool = _pools[os.getpid()] = ConnectionPool(
            kwargs={**_parameters(), "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            connection_class=Connection[DictRow],
            min_size=1,
            max_size=POOL_SIZE,
            timeout=10,
            check=ConnectionPool.check_connection,
            name="checkpoints",
            open=True,
        )
    return pool


def _parameters() -> dict[str, Any]:
    parameters = connection_parameters()
    options = " ".join(filter(None, [parameters.get("options"), f"-c search_path={SCHEMA}"]))
    return {**parameters, "options": options, "application_name": "placet-checkpoints"}


atexit.register(close)
