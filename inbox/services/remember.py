"""Keeping what a decision says about an agent's past: counts by tool, digests of values that were approved.

Written where requests close, after groups and before the team's stream, rows in the order of their keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from agents.ids import uuid7
from inbox.selectors.past import telling_digests

# Values kept for one agent and tool; beyond it nothing is added, so what comes later stays new.
MOST_KEPT: Final = 5_000


@dataclass(frozen=True, slots=True)
class Answered:
    """One action that was decided: approved or not, changed by people first or not, by people or not."""

    agent_id: UUID
    tool: str
    args: Mapping[str, Any]
    approved: bool
    by_people: bool
    edited: bool = False


def remember(answers: Iterable[Answered]) -> None:
    """Count these answers, and note the telling values of the approved ones; in the caller's transaction."""
    told = list(answers)
    if not told:
        return
    approved, rejected, edited = (Counter[tuple[UUID, str]]() for _ in range(3))
    values = Counter[tuple[UUID, str, bytes]]()
    for one in told:
        # Counted or not, the row says that the tool was used.
        key = one.agent_id, one.tool
        approved[key] += one.approved and one.by_people and not one.edited
        edited[key] += one.approved and one.by_people and one.edited
        rejected[key] += not one.approved and one.by_people
        if one.approved:
            values.update((*key, digest) for digest in telling_digests(one.tool, one.args))
    keys = sorted(approved)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inbox_toolhistory AS history (id, agent_id, tool, approved, rejected, edited)
            SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::int[], %s::int[])
            ON CONFLICT (agent_id, tool) DO UPDATE
            SET approved = history.approved + EXCLUDED.approved, rejected = history.rejected + EXCLUDED.rejected,
                edited = history.edited + EXCLUDED.edited
            """,
            [
                [uuid7() for _ in keys],
                [agent for agent, _ in keys],
                [tool for _, tool in keys],
                [approved[key] for key in keys],
                [rejected[key] for key in keys],
                [edited[key] for key in keys],
            ],
        )
        if values:
            rows = sorted(values)
            cursor.execute(
                """
                INSERT INTO inbox_seenvalue AS seen (agent_id, tool, digest, count)
                SELECT new.agent, new.tool, new.digest, new.count
                FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::int[]) AS new(agent, tool, digest, count)
                WHERE (SELECT count(*) FROM (
                    SELECT 1 FROM inbox_seenvalue kept
                    WHERE kept.agent_id = new.agent AND kept.tool = new.tool LIMIT %s) few) < %s
                ON CONFLICT (agent_id, tool, digest) DO UPDATE SET count = seen.count + EXCLUDED.count
                """,
                [
                    [agent for agent, _, _ in rows],
                    [tool for _, tool, _ in rows],
                    [digest for _, _, digest in rows],
                    [values[row] for row in rows],
                    MOST_KEPT,
                    MOST_KEPT,
                ],
            )
