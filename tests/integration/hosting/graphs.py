"""Small graphs the hosting tests run, named in PLACET_HOSTED_GRAPHS as a user's own would be."""

from __future__ import annotations

import operator
import os
import time
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from agents.demos import ledger

HERE = "tests.integration.hosting.graphs"
SETTING = f"single.undo={HERE}:undo_single," + ",".join(
    f"{name}={HERE}:{name}"
    for name in (
        "single",
        "twice",
        "fan",
        "wordy",
        "speechless",
        "failing",
        "shifting",
        "patient",
        "ahead",
        "torn",
    )
)

ANSWERS = f"single={HERE}:answer_for_single"


class State(TypedDict, total=False):
    tool: str
    actions: list[dict[str, Any]]
    items: list[str]
    gate: str
    inputs: Annotated[list[str], operator.add]
    done: Annotated[list[Any], operator.add]


def ask(tool: str, text: str, key: str = "call_1") -> Any:
    """Interrupt for one call of a tool of the tests' catalogue."""
    args = (
        {"path": "docs/a.md", "text": text}
        if tool == "write_file"
        else {"to": "ann@example.org", "subject": text}
    )
    return interrupt({"actions": [{"key": key, "name": tool, "args": args}]})


def act(state: State, config: RunnableConfig, answer: Any) -> dict[str, Any]:
    """Do what was approved, as a row of the demo ledger."""
    if answer["type"] == "approve":
        call = ledger.Call(config["configurable"]["thread_id"], state["tool"], answer["effect_key"])
        ledger.write(call, answer["args"])
    return {"done": [answer]}


def single() -> StateGraph[Any, Any, Any, Any]:
    """One question, one effect."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        return act(state, config, ask(state["tool"], "one"))

    return _line(work)


def twice() -> StateGraph[Any, Any, Any, Any]:
    """One node that asks a second question after the first is answered: ids differ, the node is the same."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        first = ask(state["tool"], "send 1 to bob", "call_1")
        second = ask(state["tool"], "send 1,000,000 to eve", "call_2")
        act(state, config, first)
        return act(state, config, second)

    return _line(work)


def fan() -> StateGraph[Any, Any, Any, Any]:
    """One question per item, all at once, then one more step."""

    def worker(state: State, config: RunnableConfig) -> dict[str, Any]:
        item = state["items"][0]
        return act(state, config, ask(state["tool"], item, f"call_{item}"))

    def spread(state: State) -> list[Send]:
        return [Send("worker", {"tool": state["tool"], "items": [item]}) for item in state["items"]]

    graph = StateGraph(State)
    graph.add_node("worker", worker)
    graph.add_node("close", lambda state: {"done": ["closed"]})
    graph.add_conditional_edges(START, spread, ["worker"])
    graph.add_edge("worker", "close")
    graph.add_edge("close", END)
    return graph


def wordy() -> StateGraph[Any, Any, Any, Any]:
    """Two questions at once whose words are different every time the node runs."""

    def worker(state: State, config: RunnableConfig) -> dict[str, Any]:
        item = state["items"][0]
        action = {"key": item, "name": "write_file", "args": {"path": item, "text": "x"}}
        return act(
            state, config, interrupt({"actions": [action], "context": {"goal": f"now {time.time_ns()}"}})
        )

    graph = StateGraph(State)
    graph.add_node("worker", worker)
    graph.add_conditional_edges(
        START, lambda state: [Send("worker", {**state, "items": [item]}) for item in ("a", "b")], ["worker"]
    )
    graph.add_edge("worker", END)
    return graph


def speechless() -> StateGraph[Any, Any, Any, Any]:
    """Interrupts with something nobody can decide."""
    return _line(lambda state: {"done": [interrupt("may I?")]})


def failing() -> StateGraph[Any, Any, Any, Any]:
    """Raises after its answer came, and after its effect."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        act(state, config, ask(state["tool"], "one"))
        raise RuntimeError("the printer is on fire")

    return _line(work)


def shifting() -> StateGraph[Any, Any, Any, Any]:
    """Its second node is named by the environment: another deployment, another shape."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        return act(state, config, ask(state["tool"], "one"))

    graph = StateGraph(State)
    graph.add_node(os.environ.get("TEST_SHAPE", "work"), work)
    graph.add_edge(START, os.environ.get("TEST_SHAPE", "work"))
    return graph


def patient() -> StateGraph[Any, Any, Any, Any]:
    """After its answer it notes its process in `gate.reached`, and waits for `gate` before the effect."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        answer = ask(state["tool"], "one")
        gate = Path(state["gate"])
        with gate.with_suffix(".reached").open("a") as file:
            file.write(f"{os.getpid()}\n")
        for _ in range(3_000):
            if gate.exists():
                return act(state, config, answer)
            time.sleep(0.01)
        raise TimeoutError("the gate never opened")

    return _line(work)


def ahead() -> StateGraph[Any, Any, Any, Any]:
    """One question, one effect, then a step that dies by SIGKILL while the file named `gate` is missing."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        return act(state, config, ask(state["tool"], "one"))

    def after(state: State) -> dict[str, Any]:
        if not Path(state["gate"]).exists():
            os.kill(os.getpid(), 9)
        return {"done": ["after"]}

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_node("after", after)
    graph.add_edge(START, "work")
    graph.add_edge("work", "after")
    graph.add_edge("after", END)
    return graph


def torn() -> StateGraph[Any, Any, Any, Any]:
    """Three questions at once; the third task dies by SIGKILL, once the others have asked, while `gate` is missing."""

    def worker(state: State, config: RunnableConfig) -> dict[str, Any]:
        item, gate = state["items"][0], Path(state["gate"])
        if item == "c" and not gate.exists():
            time.sleep(1)
            os.kill(os.getpid(), 9)
        return act(state, config, ask(state["tool"], item, f"call_{item}"))

    graph = StateGraph(State)
    graph.add_node("worker", worker)
    graph.add_conditional_edges(
        START, lambda state: [Send("worker", {**state, "items": [item]}) for item in "abc"], ["worker"]
    )
    graph.add_edge("worker", END)
    return graph


def _line(work: Any) -> StateGraph[Any, Any, Any, Any]:
    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    return graph


def undo_single() -> StateGraph[Any, Any, Any, Any]:
    """Puts back what `single` did: the calls it is given, as they are."""

    def work(state: State, config: RunnableConfig) -> dict[str, Any]:
        actions = state["actions"]
        if os.environ.get("TEST_UNDO_ASKS"):
            actions = [{**actions[0], "args": {"file": "/etc/passwd"}}]
        return act({"tool": actions[0]["name"]}, config, interrupt({"actions": actions}))

    return _line(work)


def answer_for_single(asked: dict[str, Any]) -> Any:
    """What `single` answers while it waits: from its state, and with another draft of what people look at."""
    if asked["text"] == "Fail.":
        raise RuntimeError("a secret of the model's")
    if asked["kind"] == "question":
        return f"It is for {asked['state']['inputs'][0]}; {len(asked['said'])} said."
    (action,) = asked["actions"]
    return {"text": "Shorter.", "actions": [{**action, "args": {**action["args"], "text": asked["text"]}}]}
