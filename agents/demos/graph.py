"""The loop all demo agents run: the model proposes calls, people decide each one, what was approved is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send, interrupt

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
                "actions": [
                    {"key": call["id"], "name": tool.name, "args": call["args"], "description": state["says"]}
                ],
                "context": {"goal": state["goal"], **state["context"]},
                "claims": state["claims"],
            }
        )
        if answer["type"] not in ("approve", "edit"):
            return _result(call, f"Not done: {answer['message'] or 'a reviewer rejected it.'}", "error")
        approved = Call(config["configurable"]["thread_id"], tool.name, answer["effect_key"])
        return _result(call, tool.run(approved, answer["args"]), "success")

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


def _result(call: ToolCall, content: str, status: str) -> dict[str, list[AnyMessage]]:
    return {"messages": [ToolMessage(content, tool_call_id=call["id"], status=status)]}
