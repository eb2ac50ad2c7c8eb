"""What the demo agents say when people ask about a draft or send it back: from their script, or by a real model.

It has no effects, so it may be called again after a crash (agents/hosting/asking.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from langchain_core.messages import HumanMessage, SystemMessage

from agents.demos.model import chat_model
from agents.demos.tools import TOOLS

NOTHING_MORE = "I have said all I know about this."
NO_OTHER = "I have no other draft. Edit this one, or reject it and tell me why."


def answer(asked: Mapping[str, Any]) -> Any:
    """An answer in words, or another draft of the same action, as docs/how-to/host-a-langgraph-agent.md describes them."""
    if settings.ENV.placet_demo_model:
        return _by_model(asked)
    told = _turn_of(asked).get("asked", {})
    if asked["kind"] == "question":
        return told.get("answer", NOTHING_MORE)
    if "draft" not in told:
        return NO_OTHER
    return _drafted(asked, {**asked["actions"][0]["args"], **told["draft"]}, told["note"])


def _turn_of(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The turn of the script that proposed it: its number is in the call's id, which is the action's key."""
    script: list[Mapping[str, Any]] = asked["state"].get("script", [])
    number = int(asked["actions"][0]["key"].split("_")[1]) - 1
    return script[number] if number < len(script) else {}


def _drafted(asked: Mapping[str, Any], args: Mapping[str, Any], note: str) -> dict[str, Any]:
    return {"text": note, "actions": [{**asked["actions"][0], "args": args}]}


def _by_model(asked: Mapping[str, Any]) -> Any:
    action = asked["actions"][0]
    again = asked["kind"] == "regenerate"
    wish = "Call the tool again with better arguments." if again else "Answer in a sentence or two."
    reply = chat_model([TOOLS[action["name"]].schema()] if again else []).invoke(
        [
            SystemMessage("A person reviews what you are about to do, and says something about it."),
            HumanMessage(asked["state"]["task"]),
            HumanMessage(
                f"You want to call {action['name']} with {json.dumps(action['args'])}. "
                f"The person says: {asked['text']}\n{wish}"
            ),
        ]
    )
    if again and reply.tool_calls:
        return _drafted(asked, reply.tool_calls[0]["args"], str(reply.text))
    return str(reply.text) or NOTHING_MORE
