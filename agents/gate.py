"""The gate between what was decided and the agents: whatever releases passes it with others, a pause closes it alone.

`close` waits for the releases that have passed and holds up those that come until its transaction ends. So when a
pause has been committed nothing is released that did not see it. Lock order: after requests and members, before
groups and the team's stream; whoever releases reads the pauses after passing.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

_KEY: Final = 0x504C_4143_4554


def pass_through() -> None:
    """Be among those who release, until the caller's transaction ends."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)")


def close() -> None:
    """Be the only one, until the caller's transaction ends."""
    _lock("SELECT pg_advisory_xact_lock(%s)")


def _lock(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_KEY])
