"""The chat model behind the demo agents: one that plays a script, or a real one by setting."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from agents.contract import at_pointer

SCRIPT = "script"
"""Where the first human message carries the script, among its additional_kwargs; real models do not read it."""


class ScriptedChatModel(BaseChatModel):
    """Plays the turns written into the conversation's task, one a call, then says how its tools ended.

    A turn is `{"says": str, "calls": [{"name", "args"}], "context": {...}, "claims": {...}}`. The turn to play is
    the number of turns already in the conversation, so a restart in any process goes on where it was. A turn goes by
    what the last tool returned, read as JSON: `{"$result": pointer}` in the arguments is the value there,
    `{"$text": "{name} …"}` a text with its members filled in, and with `if`, a pointer, it is played only when there
    is something.
    """

    @property
    def _llm_type(self) -> str:
        return "placet-script"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any], **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """The script names its tools itself."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        script: list[dict[str, Any]] = next(
            (m.additional_kwargs[SCRIPT] for m in messages if SCRIPT in m.additional_kwargs), []
        )
        turn = sum(isinstance(message, AIMessage) for message in messages)
        told = _last_result(messages)
        plays = turn < len(script) and ("if" not in script[turn] or at_pointer(told, script[turn]["if"]))
        reply = _turn(turn, script[turn], told) if plays else AIMessage(content=_summary(messages))
        return ChatResult(generations=[ChatGeneration(message=reply)])


def chat_model(tools: list[dict[str, Any]]) -> Runnable[Any, Any]:
    """The model PLACET_DEMO_MODEL names, told of the tools; the scripted one when it names none.

    Raises ImproperlyConfigured when a real model is named and LangChain is not installed.
    """
    name = settings.ENV.placet_demo_model
    if not name:
        return ScriptedChatModel().bind_tools(tools)
    try:
        model: BaseChatModel = import_module("langchain.chat_models").init_chat_model(name)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"PLACET_DEMO_MODEL={name} needs packages that are not installed ({error}). Install the demo-model "
            "extra of pyproject.toml, or unset the variable to use the scripted model."
        ) from error
    return model.bind_tools(tools)


def _last_result(messages: list[BaseMessage]) -> Any:
    last = messages[-1] if messages else None
    if not isinstance(last, ToolMessage) or last.status == "error":
        return None
    try:
        return json.loads(str(last.content))
    except ValueError:
        return {"text": str(last.content)}


def _filled(value: Any, told: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$result"}:
            return at_pointer(told, value["$result"])
        if set(value) == {"$text"}:
            return value["$text"].format(**told)
        return {key: _filled(one, told) for key, one in value.items()}
    return [_filled(one, told) for one in value] if isinstance(value, list) else value


def _turn(number: int, turn: dict[str, Any], told: Any) -> AIMessage:
    return AIMessage(
        content=turn.get("says", ""),
        tool_calls=[
            {
                "id": f"call_{number + 1}_{place}",
                "name": call["name"],
                "args": _filled(call["args"], told),
                "type": "tool_call",
            }
            for place, call in enumerate(turn["calls"], start=1)
        ],
        additional_kwargs={name: turn[name] for name in ("context", "claims") if name in turn},
    )


def _summary(messages: list[BaseMessage]) -> str:
    results = [message for message in messages if isinstance(message, ToolMessage)]
    refused = [message for message in results if message.status == "error"]
    done = f"{len(results) - len(refused)} of {len(results)} calls done."
    return " ".join([done, *(str(message.content) for message in refused)])
