"""The states of a request and the legal moves: one table for services, database triggers and docs."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a request is in its life. Every state but `pending` is final."""

    PENDING = "pending"
    DECIDED = "decided"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What a decided request came to, over all its actions."""

    APPROVED = "approved"
    REJECTED = "rejected"
    MIXED = "mixed"


class OnTimeout(StrEnum):
    """What silence does. It never approves: there is no such word."""

    REJECT = "reject"
    ESCALATE = "escalate"
    WAIT = "wait"
    HALT = "halt"


MEANING: Final[dict[State, str]] = {
    State.PENDING: "Waiting for the people its slots name. Nothing has been released to the agent.",
    State.DECIDED: "People or policy decided. The decision is on its way to the agent or has reached it.",
    State.EXPIRED: "The deadline passed on the database clock before enough people decided. Nothing was approved.",
    State.WITHDRAWN: "The agent took it back before anyone decided.",
}

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.PENDING: frozenset({State.DECIDED, State.EXPIRED, State.WITHDRAWN}),
    State.DECIDED: frozenset(),
    State.EXPIRED: frozenset(),
    State.WITHDRAWN: frozenset(),
}

FINAL: Final = frozenset(state for state, moves in TRANSITIONS.items() if not moves)


def may_move(source: State, target: State) -> bool:
    """Whether a request in `source` may become `target`."""
    return target in TRANSITIONS[source]


def outcome_of(action_types: list[str]) -> Outcome:
    """The outcome over the decided action types (`approve` or `reject`, at least one)."""
    kinds = set(action_types)
    if kinds == {"approve"}:
        return Outcome.APPROVED
    if kinds == {"reject"}:
        return Outcome.REJECTED
    if kinds == {"approve", "reject"}:
        return Outcome.MIXED
    raise ValueError(f"not decisions: {sorted(kinds)}")
