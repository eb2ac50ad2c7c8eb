"""The gate between what was decided and the agents: whatever releases passes it with others, a pause closes it alone.

`close` waits for the releases that have passed and holds up those that come until its transaction ends. So when a
pause has been committed nothing is released that did not see it. Lock order: after requests and members, before
groups and the team's stream; whoever releases reads the pauses after passing.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from agents.models import Pause

_KEY: Final = 0x504C_4143_4554


def pass_through() -> None:
    """Be among those who release, until the caller's transaction ends."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)")


def close() -> None:
    """Be the only one, until the caller's transaction ends."""
    _lock("SELECT pg_advisory_xact_lock(%s)")


def holds_all(team_id: UUID, agent_id: UUID) -> bool:
    """Whether a pause holds all of an agent; ask after `pass_through`. What holds only a tool holds no run."""
    here = Q(team_id=team_id) | Q(team_id=None)
    whole = Q(agent_id=agent_id) | Q(agent_id=None)
    return Pause.objects.filter(here, whole, tool="", ended_at=None).exists()


def going(table: str) -> str:
    """The same as a condition in SQL, for claims: rows of this table whose agent is not held."""
    return f"""NOT EXISTS (
        SELECT 1 FROM agents_pause p
        WHERE p.ended_at IS NULL AND p.tool = '' AND (p.team_id IS NULL OR p.team_id = {table}.team_id)
            AND (p.agent_id IS NULL OR p.agent_id = {table}.agent_id)
    )"""  # noqa: S608 - a table's name, from the code


def _lock(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_KEY])
