"""What hosting a framework means here: start a thread, resume it by interrupt id, say what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from agents.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Interrupt:
    """One question a thread waits with. `id` is the only address an answer may be sent to."""

    id: str
    value: JsonValue
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """The thread waits for these answers; any subset may come first."""

    interrupts: tuple[Interrupt, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The thread ran to its end. `values` is the graph's last state."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """A node raised. What it had done before is not undone."""

    error: str


Outcome: TypeAlias = Paused | Done | Failed


class Unreachable(Exception):
    """The database went away while the graph ran: whether the step finished is not known here."""


class HostedGraph(Protocol):
    """A graph this server runs. Callers hold the thread's lock around every call (agents/hosting/locks.py)."""

    @property
    def code_version(self) -> str:
        """Digest of the graph's shape. Threads begun under another shape are refused, not resumed."""

    def pending(self, thread: str) -> tuple[Interrupt, ...]:
        """The interrupts the thread waits with now; empty for a thread never begun."""

    def values(self, thread: str) -> Mapping[str, Any]:
        """The thread's state at its last checkpoint. Raises Unreachable."""

    def failure(self, thread: str) -> str | None:
        """The error a node of the thread's current step raised, if one did."""

    def start(self, thread: str, input: Mapping[str, Any]) -> Outcome:
        """Run a new thread up to its first pause; a thread already begun is carried on instead.

        Raises Unreachable.
        """

    def resume(self, thread: str, answers: Mapping[str, JsonValue]) -> Outcome:
        """Give each interrupt id its answer and run up to the next pause. Raises Unreachable."""

    def carry_on(self, thread: str) -> Outcome:
        """Run on from the last checkpoint without answering anything: what a dead worker left. Raises Unreachable."""
