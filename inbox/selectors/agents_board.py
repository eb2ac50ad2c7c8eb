"""The agents board: what each agent does, waits for, and what came of its requests, a line an agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from agents.models import AgentThread
from inbox.selectors.audit_words import one_line

MOST_AGENTS = 200
PENDING_CAP = 10_000
# Outcomes are read off the end of one index: never more rows than this an agent, however long its history.
HISTORY_CAP = 1_000
HISTORY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How an agent's requests of the last 30 days ended. `partial`: only its latest 1,000 were counted."""

    approved: int
    rejected: int
    mixed: int
    expired: int
    withdrawn: int
    partial: bool

    @property
    def total(self) -> int:
        return self.approved + self.rejected + self.mixed + self.expired + self.withdrawn

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The kinds that happened, with their numbers."""
        every = (
            ("approved", self.approved),
            ("in part", self.mixed),
            ("rejected", self.rejected),
            ("expired", self.expired),
            ("withdrawn", self.withdrawn),
        )
        return tuple((word, count) for word, count in every if count)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the agent says of the thread it last reported on; nothing here is verified."""

    thread: str
    status: str
    goal: str
    step: str
    progress: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent on the board. `state` is disabled, waiting, running or quiet; `pending` stops at 10,001."""

    id: UUID
    handle: str
    enabled: bool
    graph: str
    environment: str
    owner: str
    last_seen_at: datetime | None
    pending: int
    waiting_since: datetime | None
    active_runs: int
    to_look_at: int
    outcomes: Outcomes
    claim: Claim | None

    @property
    def state(self) -> str:
        if not self.enabled:
            return "disabled"
        if self.pending:
            return "waiting"
        claims_running = self.claim is not None and self.claim.status == AgentThread.Status.RUNNING.value
        return "running" if self.active_runs or claims_running else "quiet"


def board(team_id: UUID) -> list[AgentRow]:
    """Every agent of a team by handle, at most 200, in one query that reads a bounded stretch of index an agent."""
    return board_rows(team_id, None)


_BOARD = """
    SELECT a.id, a.handle, a.enabled, a.graph, a.environment, COALESCE(u.username, ''), a.last_seen_at,
           waits.pending, waits.since,
           (SELECT count(*) FROM agents_hostedrun h WHERE h.agent_id = a.id AND h.state IN ('queued', 'running')),
           stuck.deliveries + stuck.runs,
           ended.approved, ended.rejected, ended.mixed, ended.expired, ended.withdrawn, ended.counted,
           said.thread, said.status, said.goal, said.step, said.progress, said.updated_at
    FROM agents_agent a
    LEFT JOIN auth_user u ON u.id = a.owner_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS pending, min(q.created_at) AS since FROM (
            SELECT r.created_at FROM inbox_approvalrequest r
            WHERE r.agent_id = a.id AND r.state = 'pending' ORDER BY r.created_at LIMIT %(pending_cap)s) q
    ) waits
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE q.outcome = 'approved') AS approved,
               count(*) FILTER (WHERE q.outcome = 'rejected') AS rejected,
               count(*) FILTER (WHERE q.outcome = 'mixed') AS mixed,
               count(*) FILTER (WHERE q.state = 'expired') AS expired,
               count(*) FILTER (WHERE q.state = 'withdrawn') AS withdrawn,
               count(*) AS counted
        FROM (
            SELECT r.state, r.outcome FROM inbox_approvalrequest r
            WHERE r.agent_id = a.id AND NOT (r.state = 'pending') AND r.closed_at > %(since)s
            ORDER BY r.closed_at DESC LIMIT %(history_cap)s) q
    ) ended
    CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM agents_delivery d
                WHERE d.agent_id = a.id AND d.state IN ('outcome_unknown', 'dead')) AS deliveries,
               (SELECT count(*) FROM agents_hostedrun h
                WHERE h.agent_id = a.id AND h.state = 'outcome_unknown') AS runs
    ) stuck
    LEFT JOIN LATERAL (
        SELECT t.thread, t.status, t.goal, t.step, t.progress, t.updated_at FROM agents_agentthread t
        WHERE t.agent_id = a.id ORDER BY t.updated_at DESC LIMIT 1
    ) said ON true
    WHERE a.team_id = %(team)s AND (%(agent)s::uuid IS NULL OR a.id = %(agent)s::uuid)
    ORDER BY a.handle
    LIMIT %(agents)s
"""


def board_rows(team_id: UUID, agent_id: UUID | None) -> list[AgentRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            _BOARD,
            {
                "team": team_id,
                "agent": agent_id,
                "since": timezone.now() - HISTORY,
                "pending_cap": PENDING_CAP + 1,
                "history_cap": HISTORY_CAP + 1,
                "agents": MOST_AGENTS,
            },
        )
        return [_row(values) for values in cursor.fetchall()]


def _row(values: tuple[Any, ...]) -> AgentRow:
    agent_id, handle, enabled, graph, environment, owner, seen, pending, since, active, stuck = values[:11]
    approved, rejected, mixed, expired, withdrawn, counted = values[11:17]
    return AgentRow(
        id=agent_id,
        handle=handle,
        enabled=enabled,
        graph=graph,
        environment=environment,
        owner=owner,
        last_seen_at=seen,
        pending=pending,
        waiting_since=since,
        active_runs=active,
        to_look_at=stuck,
        outcomes=Outcomes(approved, rejected, mixed, expired, withdrawn, partial=counted > HISTORY_CAP),
        claim=None if values[17] is None else claim_of(*values[17:]),
    )


def claim_of(thread: str, status: str, goal: str, step: str, progress: float | None, at: datetime) -> Claim:
    return Claim(
        thread=one_line(thread),
        status=status,
        goal=one_line(goal),
        step=one_line(step),
        progress=None if progress is None else round(max(0.0, min(1.0, progress)) * 100),
        at=at,
    )
