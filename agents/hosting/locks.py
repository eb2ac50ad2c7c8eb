"""One run at a time on a thread, for as long as its worker lives.

LangGraph's checkpointer does not serialise runs: two resumes of one thread both ran the effect. The lock is a
transaction-level advisory lock in a transaction of its own on a connection of its own:

- it ends with the connection, so a killed worker frees its threads at once and a frozen one keeps them, which
  is what we want: nobody else may move a thread that somebody might still be moving;
- session-level locks would do the same until a PgBouncer in transaction mode stands in between, which hands
  the session to others; a transaction stays with its client;
- the transaction reads and writes no row, so it holds back no vacuum however long the run takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from agents.hosting.postgres import connection_parameters

# A worker's machine that vanished without a FIN must not keep its threads for the two hours TCP would wait.
_SESSION = """
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL tcp_keepalives_idle = 15;
SET LOCAL tcp_keepalives_interval = 5;
SET LOCAL tcp_keepalives_count = 3;
"""


@contextmanager
def thread_lock(thread: str, *, wait: float) -> Iterator[bool]:
    """Hold the thread for the block; yields False, holding nothing, when another worker kept it for `wait` seconds.

    Waiting matters: the nudge for the next answer is published by the very commit that ends the previous run,
    a moment before that run's lock is let go.
    """
    with psycopg.connect(**connection_parameters(), application_name="placet-thread-lock") as connection:
        connection.execute(_SESSION)
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{max(1, int(wait * 1000))}ms"])
        try:
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('thread:' || %s, 0))", [thread])
            held = True
        except errors.LockNotAvailable:
            connection.rollback()
            held = False
        yield held
