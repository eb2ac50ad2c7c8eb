"""One agent's page: its runs, deliveries, pending requests, what it claims, and what must be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agents.demos.models import LedgerEntry
from agents.models import AgentThread, AgentToken, Delivery, HostedRun
from inbox import canonical
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Decision, Team
from inbox.models.conversation import TALK
from inbox.selectors.agents_board import AgentRow, Claim, board_rows, claim_of
from inbox.selectors.audit_words import one_line

SHOWN = 30


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run on this server; `meaning` says the state in words."""

    thread: str
    graph: str
    state: str
    meaning: str
    attempts: int
    error: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A decision on its way, with the request it answers. `next_attempt_at` is None once it has ended."""

    state: str
    meaning: str
    channel: str
    attempts: int
    error: str
    next_attempt_at: datetime | None
    finished_at: datetime | None
    correlation_id: UUID
    request_id: UUID | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One row a demo tool wrote: proof that an approval took effect, and how often."""

    tool: str
    args: str
    thread: str
    effect_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentPage:
    """Everything one agent's page shows; lists are capped at 30, newest first unless said otherwise."""

    row: AgentRow
    pending: Sequence[ApprovalRequest]
    runs: Sequence[RunRow]
    threads: Sequence[Claim]
    deliveries: Sequence[DeliveryRow]
    unknown_runs: Sequence[RunRow]
    to_look_at: Sequence[DeliveryRow]
    effects: Sequence[Effect]
    tokens: Sequence[AgentToken]


def agent_page(team: Team, agent_id: UUID) -> AgentPage | None:
    """One agent's page in ten queries, or None when the team has no such agent."""
    rows = board_rows(team.pk, agent_id)
    if not rows:
        return None
    runs = list(HostedRun.objects.filter(agent_id=agent_id).order_by("-updated_at")[:SHOWN])
    deliveries = list(
        Delivery.objects.filter(agent_id=agent_id).exclude(channel=TALK).order_by("-created_at")[:SHOWN]
    )
    stuck = list(
        Delivery.objects.filter(
            agent_id=agent_id, state__in=[Delivery.State.UNKNOWN, Delivery.State.DEAD]
        ).order_by("-created_at")[:SHOWN]
    )
    answered = _answered([*deliveries, *stuck])
    return AgentPage(
        row=rows[0],
        pending=list(
            ApprovalRequest.objects.filter(agent_id=agent_id, state=State.PENDING.value)
            .defer("context", "claims", "reasons")
            .order_by("created_at")[:SHOWN]
        ),
        runs=[_run(run) for run in runs],
        threads=[
            claim_of(*values)
            for values in AgentThread.objects.filter(agent_id=agent_id)
            .order_by("-updated_at")
            .values_list("thread", "status", "goal", "step", "progress", "updated_at")[:SHOWN]
        ],
        deliveries=[_delivery(delivery, answered) for delivery in deliveries],
        unknown_runs=[
            _run(run)
            for run in HostedRun.objects.filter(agent_id=agent_id, state=HostedRun.State.UNKNOWN).order_by(
                "-updated_at"
            )[:SHOWN]
        ],
        to_look_at=[_delivery(delivery, answered) for delivery in stuck],
        effects=_effects(team.pk, [run.thread for run in runs]),
        tokens=list(
            AgentToken.objects.filter(agent_id=agent_id)
            .select_related("created_by")
            .order_by("-created_at")[:SHOWN]
        ),
    )


def _answered(deliveries: Sequence[Delivery]) -> dict[UUID, tuple[UUID, str]]:
    """Decision id → the request it decided and that request's sentence."""
    decisions = Decision.objects.filter(pk__in={delivery.correlation_id for delivery in deliveries})
    return {
        decision_id: (request_id, sentence)
        for decision_id, request_id, sentence in decisions.values_list(
            "pk", "request_id", "request__sentence"
        )
    }


def _delivery(delivery: Delivery, answered: dict[UUID, tuple[UUID, str]]) -> DeliveryRow:
    request_id, sentence = answered.get(delivery.correlation_id, (None, ""))
    return DeliveryRow(
        state=delivery.state,
        meaning=delivery.get_state_display(),
        channel=delivery.channel,
        attempts=delivery.attempts,
        error=one_line(delivery.last_error),
        next_attempt_at=None if delivery.finished_at else delivery.next_attempt_at,
        finished_at=delivery.finished_at,
        correlation_id=delivery.correlation_id,
        request_id=request_id,
        sentence=sentence,
    )


def _run(run: HostedRun) -> RunRow:
    return RunRow(
        thread=one_line(run.thread),
        graph=run.graph,
        state=run.state,
        meaning=run.get_state_display(),
        attempts=run.attempts,
        error=one_line(run.error),
        updated_at=run.updated_at,
    )


def _effects(team_id: UUID, threads: Sequence[str]) -> list[Effect]:
    entries = LedgerEntry.objects.filter(team_id=team_id, thread__in=threads).order_by("-id")[:SHOWN]
    return [
        Effect(
            tool=entry.tool,
            args=one_line(canonical.dumps(entry.args).decode()),
            thread=one_line(entry.thread),
            effect_key=one_line(entry.effect_key),
            at=entry.created_at,
        )
        for entry in entries
    ]
