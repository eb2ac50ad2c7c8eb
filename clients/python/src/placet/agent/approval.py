"""A function that runs only with arguments that were approved."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from placet.agent.agent import Agent
from placet.errors import PlacetError

P = ParamSpec("P")
R = TypeVar("R")
_NAMELESS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
log = logging.getLogger("placet.agent")


def requires_approval(
    agent: Agent | Callable[[], Agent], *, tool: str | None = None, **fields: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let each call of the function be asked for first; it then runs with exactly the approved arguments, edits included.

    `tool` is the name people see, the function's own if left out; `fields` go to `Agent.ask`. The call waits as long as
    people take. What the function returned or raised is reported. Calling raises Rejected, Withdrawn or Expired where it
    must not run; decorating raises TypeError for a function with arguments that have no name.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        nameless = [name for name, one in signature.parameters.items() if one.kind in _NAMELESS]
        if nameless:
            raise TypeError(f"{nameless[0]} has no name that people could see")

        @functools.wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            asking = agent if isinstance(agent, Agent) else agent()
            name = tool or function.__name__
            decision = asking.ask(name, _named(signature, args, kwargs), **fields)
            approved = decision.args()
            run: Callable[..., R] = function
            try:
                result = run(**approved)
            except BaseException as error:
                _report(asking, decision.id, "failed", type(error).__name__)
                raise
            _report(asking, decision.id, "succeeded")
            return result

        return asked

    return decorate


def _named(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        else:
            found[name] = value
    return found


def _report(agent: Agent, request_id: str, status: Any, detail: str = "") -> None:
    # What was done stays done, whether or not the server hears of it.
    try:
        agent.report(request_id, status, detail)
    except PlacetError as error:
        log.warning("the outcome of request %s was not recorded: %s", request_id, error)
