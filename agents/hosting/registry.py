"""The graphs this server may run, by the names an admin gave them in settings.

A run's row holds a name and nothing else. No import ever comes from a row, a request or an agent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from django.conf import settings

from agents.hosting.base import HostedGraph

DEMO_GRAPHS: Final[Mapping[str, str]] = {
    "demo-crm": "agents.demos.graphs:crm",
    "demo-payables": "agents.demos.graphs:payables",
    "demo-support": "agents.demos.graphs:support",
    "demo-janitor": "agents.demos.graphs:janitor",
    "demo-content": "agents.demos.graphs:content",
    "demo-travel": "agents.demos.graphs:travel",
    "demo-build": "agents.demos.graphs:build",
}
DEMO_ANSWERS: Final[Mapping[str, str]] = dict.fromkeys(DEMO_GRAPHS, "agents.demos.answers:answer")

UNDO: Final = ".undo"


class GraphRefused(Exception):
    """The graph cannot move a thread here and now. Its text says what an admin should do."""


class UnknownGraph(GraphRefused):
    """No graph of that name can be run here."""


class ShapeChanged(GraphRefused):
    """The graph's nodes or edges are not those the thread began with."""


def names() -> Mapping[str, str]:
    """Every graph name and the `module:factory` it stands for.

    Raises UnknownGraph when PLACET_HOSTED_GRAPHS does not parse.
    """
    return {**DEMO_GRAPHS, **parse(settings.ENV.placet_hosted_graphs)}


def parse(
    setting: str, name_of_it: str = "PLACET_HOSTED_GRAPHS", *, taken: Collection[str] = DEMO_GRAPHS.keys()
) -> dict[str, str]:
    """`name=module:factory` pairs separated by commas. Raises UnknownGraph for anything else."""
    graphs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in setting.split(","))):
        name, _, target = part.partition("=")
        module, _, factory = target.partition(":")
        if not (name and module and factory.isidentifier()):
            raise UnknownGraph(f"{name_of_it}: {part!r} is not of the form name=module:function.")
        if name in taken or name in graphs:
            raise UnknownGraph(f"{name_of_it}: the name {name!r} is taken.")
        graphs[name] = target
    return graphs


def undoing(name: str) -> str | None:
    """The graph that puts back what runs of this one did: named like it with `.undo`, if settings name one."""
    found = f"{name}{UNDO}"
    return found if found in names() else None


def require(name: str) -> None:
    """Raises UnknownGraph unless settings name the graph. Imports nothing."""
    if name not in names():
        raise UnknownGraph(
            f"No hosted graph is named {name!r}: add {name}=module:factory to PLACET_HOSTED_GRAPHS and restart the workers."
        )


def get(name: str, *, begun_as: str = "") -> HostedGraph:
    """The graph of that name, imported and compiled once a process.

    `begun_as` is the code version of the thread to move, empty for a new one. Raises UnknownGraph, ShapeChanged.
    """
    require(name)
    graph = _load(name, names()[name])
    if begun_as not in ("", graph.code_version):
        raise ShapeChanged(
            f"The code of {name} changed shape while this run waited: its nodes or edges are not those it began"
            " with, and LangGraph would drop or repeat steps without a word. Nothing was run; start it anew."
        )
    return graph


@cache
def _load(name: str, target: str) -> HostedGraph:
    module, _, factory = target.partition(":")
    try:
        # LangGraph takes a second to import: web processes, which only name graphs, never do.
        host: type[Any] = import_module("agents.hosting.langgraph").LangGraphHosted
        graph: HostedGraph = host(getattr(import_module(module), factory)())
    except Exception as error:  # the module is an admin's own and may raise anything
        raise UnknownGraph(f"The hosted graph {name} = {target} could not be loaded: {error}") from error
    return graph
