"""From the stored bytes of a decision to the value `interrupt()` returns, checked once more on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agents import canonical
from agents.canonical import JsonValue
from agents.contract import DecidedAction


class AnswerRefused(ValueError):
    """The stored answer is not what was decided; nothing may be run on it."""


class _Answer(BaseModel):
    """The fields of a delivery's payload this floor reads; what people see of it is the upper floor's."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    decision_id: str
    outcome: Literal["approved", "edited", "rejected", "answered", "mixed"]
    actions: tuple[DecidedAction, ...]
    idempotent: bool = False
    guidance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what the graph gets; `idempotent` whether a crash in the step may be answered by repeating it."""

    value: JsonValue
    idempotent: bool


def parse(payload: bytes) -> Answer:
    """The answer in a delivery's canonical payload.

    An interrupt with one action gets that action's answer, one with several the list of them in the order asked.
    Raises AnswerRefused when an approved action's arguments do not hash to its digest, or are missing.
    """
    try:
        answer = _Answer.model_validate_json(payload)
    except ValidationError as error:
        raise AnswerRefused(f"The stored answer cannot be read: {error.errors()[0]['msg']}.") from None
    values = [_value(answer, action) for action in answer.actions]
    if not values:
        raise AnswerRefused("The stored answer decides no action.")
    return Answer(values[0] if len(values) == 1 else values, answer.idempotent)


def _value(answer: _Answer, action: DecidedAction) -> dict[str, Any]:
    runs = action.type in ("approve", "edit")
    if runs and (action.args is None or canonical.digest(action.args) != action.args_digest):
        raise AnswerRefused(f"The stored arguments of {action.key} are not those that were approved.")
    return {
        "key": action.key,
        "type": action.type,
        "args": action.args if runs else None,
        **({"value": action.value} if action.type in ("respond", "choose") else {}),
        **({"lines": [line.model_dump() for line in action.lines]} if action.lines else {}),
        "message": action.message or "",
        **({"guidance": [*answer.guidance]} if answer.guidance else {}),
        "decision_id": answer.decision_id,
        "effect_key": f"{answer.decision_id}:{action.key}",
    }
