"""Asking a hosted graph something while it waits at an interrupt, without moving it.

The graph itself cannot speak: it is paused, and resuming it is deciding. So whoever hosts it may name a function beside it
(PLACET_HOSTED_ANSWERS) that answers questions about what it asks, or drafts that anew. It has no effects: the thread stays
where it is, and a crash is answered by calling it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from pydantic import Field, ValidationError

from agents import canonical
from agents.contract import MAX_ACTIONS, Claims, Context, ProposedAction, Wire
from agents.hosting import registry
from agents.models import HostedRun

ANSWER_LENGTH = 20_000


class NoAnswer(Exception):
    """The function gave no answer that can be used. Its text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person says about what a graph asks: `kind` is question or regenerate. `actions` are the draft they look at."""

    kind: str
    text: str
    actions: Sequence[Mapping[str, Any]]
    said: Sequence[Mapping[str, Any]]


class Answer(Wire):
    """What comes back: words, and where `actions` stand, another draft of the same keys, with its own case if given."""

    text: Annotated[str, Field(max_length=ANSWER_LENGTH)] = ""
    actions: Annotated[tuple[ProposedAction, ...], Field(min_length=1, max_length=MAX_ACTIONS)] | None = None
    context: Context | None = None
    claims: Claims | None = None


def answering() -> Mapping[str, str]:
    """The graphs that are answered for, and the `module:function` each. Raises registry.UnknownGraph as settings do not parse."""
    named = registry.parse(settings.ENV.placet_hosted_answers, "PLACET_HOSTED_ANSWERS")
    return {**registry.DEMO_ANSWERS, **named}


def can_answer(*, agent_id: UUID, thread: str) -> bool:
    """Whether somebody answers for the run of a thread."""
    return HostedRun.objects.filter(agent_id=agent_id, thread=thread, graph__in=answering()).exists()


def ask(run: HostedRun, asked: Asked) -> Answer:
    """Have a run's function answer. Raises NoAnswer, base.Unreachable, registry.GraphRefused."""
    target = answering().get(run.graph)
    if target is None:
        raise NoAnswer("nobody answers for this graph any more")
    state = registry.get(run.graph, begun_as=run.code_version).values(run.thread)
    try:
        given = _load(target)({**asdict(asked), "thread": run.thread, "state": state})
    except Exception as error:  # whatever an admin's own function raises
        raise NoAnswer(type(error).__name__) from error
    try:
        raw = canonical.dumps({"text": given} if isinstance(given, str) else given)
        canonical.loads(raw)
        answer = Answer.model_validate_json(raw)
    except (canonical.JsonRefused, ValidationError, TypeError, ValueError) as error:
        raise NoAnswer("what came back is no answer") from error
    keys = [action["key"] for action in asked.actions]
    if answer.actions is not None and [action.key for action in answer.actions] != keys:
        # The graph unpacks the answer as it asked.
        raise NoAnswer("the new draft has other keys than what the graph waits with")
    if answer.actions is None and not answer.text.strip():
        raise NoAnswer("what came back is empty")
    return answer


@cache
def _load(target: str) -> Callable[[dict[str, Any]], Any]:
    module, _, name = target.partition(":")
    found: Callable[[dict[str, Any]], Any] = getattr(import_module(module), name)
    return found
