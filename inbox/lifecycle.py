"""The states of a request and the legal moves: one table for services, database triggers and docs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a request is in its life. Every state but `pending` and `held` is final."""

    PENDING = "pending"
    HELD = "held"
    DECIDED = "decided"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """What a decided request came to, over all its actions."""

    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    ANSWERED = "answered"
    MIXED = "mixed"


class Verb(StrEnum):
    """What is said of one action. `defer` is never an agent's to offer: it is said of a part, with the rest decided."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RESPOND = "respond"
    CHOOSE = "choose"
    DEFER = "defer"

    @property
    def lets_run(self) -> bool:
        """Whether the agent may run the action, with the arguments that come with the answer."""
        return self in (Verb.APPROVE, Verb.EDIT)

    @property
    def answers(self) -> bool:
        """Whether the answer itself is the action's result."""
        return self in (Verb.RESPOND, Verb.CHOOSE)


class OnTimeout(StrEnum):
    """What silence does. It never approves: there is no such word."""

    REJECT = "reject"
    ESCALATE = "escalate"
    WAIT = "wait"
    HALT = "halt"


MEANING: Final[dict[State, str]] = {
    State.PENDING: "Waiting for the people its slots name. Nothing has been released to the agent.",
    State.HELD: "People decided, and the hold has not ended: nothing has been released, and who decided may still undo it.",
    State.DECIDED: "People or policy decided. The decision is on its way to the agent or has reached it.",
    State.EXPIRED: "The deadline passed on the database clock before enough people decided. Nothing was approved.",
    State.WITHDRAWN: "The agent took it back, or its run ended, before an answer was released.",
    State.SUPERSEDED: "The agent asked anew in its place before an answer was released.",
}

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.PENDING: frozenset({State.HELD, State.DECIDED, State.EXPIRED, State.WITHDRAWN, State.SUPERSEDED}),
    State.HELD: frozenset({State.PENDING, State.DECIDED, State.WITHDRAWN, State.SUPERSEDED}),
    State.DECIDED: frozenset(),
    State.EXPIRED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.SUPERSEDED: frozenset(),
}

FINAL: Final = frozenset(state for state, moves in TRANSITIONS.items() if not moves)


def may_move(source: State, target: State) -> bool:
    """Whether a request in `source` may become `target`."""
    return target in TRANSITIONS[source]


def outcome_of(verbs: Iterable[str]) -> Outcome:
    """The outcome over what was said of the actions, at least one. Raises ValueError for words that are no verbs."""
    said = {Verb(verb) for verb in verbs}
    if not said:
        raise ValueError("nothing was decided")
    if said == {Verb.APPROVE}:
        return Outcome.APPROVED
    if said == {Verb.REJECT}:
        return Outcome.REJECTED
    if all(verb.lets_run for verb in said):
        return Outcome.EDITED
    if all(verb.answers for verb in said):
        return Outcome.ANSWERED
    return Outcome.MIXED
