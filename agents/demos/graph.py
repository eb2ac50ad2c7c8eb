"""The loop all demo agents run: the model proposes calls, people decide each one, what was approved is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send, interrupt

from agents.contract import at_pointer
from agents.demos.ledger import Call
from agents.demos.model import SCRIPT, chat_model
from agents.demos.tools import Tool


class State(TypedDict):
    """`goal`, `task` and `script` are the run's input; the conversation grows from them."""

    goal: str
    task: str
    script: list[dict[str, Any]]
    messages: Annotated[list[AnyMessage], add_messages]


class Proposed(TypedDict):
    """One tool call of the model's turn, with the model's words about it."""

    call: ToolCall
    goal: str
    says: str
    context: dict[str, Any]
    claims: dict[str, Any]


def agent_graph(instructions: str, tools: Sequence[Tool]) -> StateGraph[State, None, State, State]:
    """An agent with these tools. Every call is asked for, reads too: policy answers those it may."""
    model = chat_model([tool.schema() for tool in tools])
    by_name = {tool.name: tool for tool in tools}

    def think(state: State) -> dict[str, list[AnyMessage]]:
        opening: list[AnyMessage] = []
        if not state.get("messages"):
            task = HumanMessage(state["task"], additional_kwargs={SCRIPT: state["script"]})
            opening = [SystemMessage(instructions), task]
        return {"messages": [*opening, model.invoke([*state.get("messages", []), *opening])]}

    def act(state: Proposed, config: RunnableConfig) -> dict[str, list[AnyMessage]]:
        call = state["call"]
        tool = by_name.get(call["name"])
        if tool is None:
            return _result(call, f"There is no tool {call['name']}.", "error")
        # Nothing stands before the interrupt: this node runs from its top again when the answer comes, and for
        # every answer to one of its siblings.
        answer = interrupt(
            {
                "actions": [tool.action(str(call["id"]), call["args"], state["says"])],
                "checkpoint": tool.checkpoint,
                "context": {"goal": state["goal"], **state["context"]},
                "claims": state["claims"],
            }
        )
        if answer["type"] in ("respond", "choose"):
            return _result(call, _words(answer["value"]), "success")
        if answer["type"] not in ("approve", "edit"):
            return _result(call, f"Not done: {answer['message'] or 'a reviewer rejected it.'}", "error")
        approved = Call(config["configurable"]["thread_id"], tool.name, answer["effect_key"])
        return _result(call, _told(tool, call["args"], tool.run(approved, answer["args"]), answer), "success")

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("act", act, input_schema=Proposed)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", _next, ["act", END])
    graph.add_edge("act", "think")
    return graph


def _next(state: State) -> list[Send] | str:
    last = state["messages"][-1]
    if not isinstance(last, AIMessage) or not last.tool_calls:
        return END
    return [
        Send(
            "act",
            Proposed(
                call=call,
                goal=state["goal"],
                says=str(last.text),
                context=last.additional_kwargs.get("context", {}),
                claims=last.additional_kwargs.get("claims", {}),
            ),
        )
        for call in last.tool_calls
    ]


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _told(tool: Tool, proposed: dict[str, Any], done: str, answer: dict[str, Any]) -> str:
    """What the model reads: what was done, and the lines it is to ask for again because people put them off."""
    if tool.lines is None:
        return done
    lines = at_pointer(proposed, tool.lines)
    off = [lines[line["index"]] for line in answer.get("lines", ()) if line["type"] == "defer"]
    return json.dumps({**json.loads(done), "put_off": off})


def _result(call: ToolCall, content: str, status: str) -> dict[str, list[AnyMessage]]:
    return {"messages": [ToolMessage(content, tool_call_id=call["id"], status=status)]}
