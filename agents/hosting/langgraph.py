"""LangGraph graphs, run from Postgres checkpoints.

What its runs taught (docs/explanation/exactly-once.md): an answer goes to an interrupt id and never to "the
pending question"; a checkpoint id is never pinned on a resume, because that forks and runs again; a shape that
changed while a thread waited is refused, because LangGraph would drop the rest of the graph without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django.db
import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, PregelTask, StateSnapshot

from agents.canonical import JsonValue, digest
from agents.hosting.base import Done, Failed, Interrupt, Outcome, Paused, Unreachable
from agents.hosting.checkpoints import saver

_CONNECTION_LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    django.db.OperationalError,
    django.db.InterfaceError,
)


class LangGraphHosted:
    """One graph, compiled on this process's checkpointer."""

    def __init__(self, builder: StateGraph[Any, Any, Any, Any]) -> None:
        self._graph: CompiledStateGraph[Any, Any, Any, Any] = builder.compile(checkpointer=saver())
        self.code_version = shape_digest(self._graph)

    def pending(self, thread: str) -> tuple[Interrupt, ...]:
        return _interrupts(self._state(thread))

    def values(self, thread: str) -> Mapping[str, Any]:
        found: dict[str, Any] = self._state(thread).values
        return found

    def failure(self, thread: str) -> str | None:
        return _failure(self._state(thread))

    def start(self, thread: str, input: Mapping[str, Any]) -> Outcome:
        if self._state(thread).created_at is not None:
            return self.carry_on(thread)
        return self._move(thread, dict(input))

    def resume(self, thread: str, answers: Mapping[str, JsonValue]) -> Outcome:
        # Always the map. A bare value answers whatever waits by then, which may be the next question.
        return self._move(thread, Command(resume=dict(answers)))

    def carry_on(self, thread: str) -> Outcome:
        state = self._state(thread)
        error = _failure(state)
        if error is not None:
            return Failed(error)
        if all(task.interrupts or _finished(task) for task in state.tasks) and (
            state.interrupts or not state.tasks
        ):
            return _outcome(state)
        # A task of the step never ended, or all did and the checkpoint after them is missing. Tasks that ended
        # are not run again: their writes are kept.
        return self._move(thread, None)

    def _move(self, thread: str, input: dict[str, Any] | Command[Any] | None) -> Outcome:
        try:
            # "sync": a step's checkpoint is on disk before the next step begins, so a crash in a later model
            # call never makes an effect look undone.
            self._graph.invoke(input, _config(thread), durability="sync")
        except _CONNECTION_LOST as error:
            raise Unreachable(_describe(error)) from error
        except Exception as error:  # noqa: BLE001 - whatever a node raises ends its run and is shown there
            return Failed(_describe(error))
        return _outcome(self._state(thread))

    def _state(self, thread: str) -> StateSnapshot:
        try:
            return self._graph.get_state(_config(thread))
        except _CONNECTION_LOST as error:
            raise Unreachable(_describe(error)) from error


def shape_digest(graph: CompiledStateGraph[Any, Any, Any, Any]) -> str:
    """Digest over the names of the nodes and the edges between them, subgraphs included."""
    drawn = graph.get_graph(xray=True)
    edges = sorted(
        f"{e.source} {'?' if e.conditional else '-'}> {e.target} {e.data or ''}" for e in drawn.edges
    )
    return digest({"nodes": sorted(drawn.nodes), "edges": edges})


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}, "recursion_limit": 100}


def _interrupts(state: StateSnapshot) -> tuple[Interrupt, ...]:
    return tuple(
        Interrupt(
            item.id, item.value, item.response_schema if isinstance(item.response_schema, dict) else None
        )
        for item in state.interrupts
    )


def _finished(task: PregelTask) -> bool:
    return task.result is not None


def _failure(state: StateSnapshot) -> str | None:
    # An error stays on record when a later try ended well; then there is a result beside it.
    errors = (str(task.error) for task in state.tasks if task.error is not None and not _finished(task))
    return next(errors, None)


def _outcome(state: StateSnapshot) -> Outcome:
    if state.interrupts:
        return Paused(_interrupts(state))
    if state.next:
        return Failed(
            f"The graph stopped before {', '.join(state.next)} without asking anything: it has a breakpoint."
        )
    return Done(state.values)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
