"""Whether what a person says fits what the agent asked: offered verbs, typed values, steps that hang together. Reads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from inbox import canonical
from inbox.answers import Answers, Said
from inbox.errors import FieldError, Invalid
from inbox.lifecycle import Verb
from inbox.rendering.edit import problems

MESSAGE_LENGTH: Final = 2_000
ANSWER_BYTES: Final = 64 * 1024


def misfit(actions: Mapping[str, Mapping[str, Any]], answers: Answers) -> Invalid | None:
    """Why these answers cannot be given to these actions (an envelope's, by key); None when they can."""
    unknown = sorted(answers.keys() - actions.keys())
    missing = [key for key in actions if key not in answers]
    if unknown or missing:
        return Invalid(
            "actions-mismatch",
            "Decide every action of the request exactly once.",
            errors=[FieldError("/decisions", "unknown-action", key) for key in unknown]
            + [FieldError("/decisions", "missing-action", key) for key in missing],
        )
    if all(said.verb is Verb.DEFER for said in answers.values()):
        return Invalid(
            "nothing-decided", "Deferring everything decides nothing: put the request aside instead."
        )
    errors = [error for key, said in answers.items() for error in _wrong(key, actions[key], said)]
    if errors:
        first = errors[0]
        return Invalid(first.code, f"Not recorded. {first.detail}", errors=errors)
    return _torn(actions, answers)


def _wrong(key: str, action: Mapping[str, Any], said: Said) -> Iterator[FieldError]:
    where = f"/decisions/{key}"
    if len(said.message) > MESSAGE_LENGTH:
        yield FieldError(where, "message-too-long", f"The message is over {MESSAGE_LENGTH:,} characters.")
    if said.verb is Verb.DEFER:
        return
    if said.verb.value not in action["allow"]:
        offered = ", ".join(action["allow"])
        yield FieldError(
            where, "verb-not-offered", f"{said.verb.value.capitalize()} is not offered for {key}: {offered}."
        )
    elif said.verb is Verb.EDIT:
        if said.args is None:
            yield FieldError(where, "arguments-missing", "An edit needs the whole new arguments.")
            return
        for error in problems(action.get("args_schema"), said.args):
            yield FieldError(f"{where}/args{error.pointer}", error.code, error.message)
    elif said.verb is Verb.RESPOND:
        yield from _answer(where, action, said.value)
    elif said.verb is Verb.CHOOSE:
        yield from _choice(where, action, said.value)


def _answer(where: str, action: Mapping[str, Any], value: canonical.JsonValue) -> Iterator[FieldError]:
    if value is None or value == "":
        yield FieldError(where, "answer-missing", "Write the answer first.")
    elif len(canonical.dumps(value)) > ANSWER_BYTES:
        yield FieldError(where, "answer-too-long", f"The answer is over {ANSWER_BYTES:,} bytes.")
    elif action.get("answer_schema") is not None:
        for error in problems(action["answer_schema"], value):
            yield FieldError(f"{where}/value{error.pointer}", error.code, error.message)
    elif not isinstance(value, str):
        yield FieldError(where, "answer-not-text", "The answer is a text: the agent asked for nothing else.")


def _choice(where: str, action: Mapping[str, Any], value: canonical.JsonValue) -> Iterator[FieldError]:
    # By their bytes: to Python true is 1, and the agent would be given what it did not offer.
    offered = {canonical.digest(option["value"]) for option in action["options"]}
    if not isinstance(value, list) or not value:
        yield FieldError(where, "choice-missing", "Choose at least one, or none of them by rejecting.")
    elif len(value) > 1 and not action["multiple"]:
        yield FieldError(where, "one-choice", "Choose exactly one.")
    elif not (chosen := {canonical.digest(one) for one in value}) <= offered or len(chosen) != len(value):
        yield FieldError(where, "not-an-option", "That is none of the options, or one of them twice.")


def _torn(actions: Mapping[str, Mapping[str, Any]], answers: Answers) -> Invalid | None:
    """A step runs only when everything it depends on does."""
    for key, action in actions.items():
        stopped = [before for before in action.get("depends_on", ()) if not _goes_on(answers[before])]
        if _goes_on(answers[key]) and stopped:
            return Invalid(
                "depends-on-stopped",
                f"Not recorded: {key} depends on {_listed(stopped)}, which is not approved.",
                errors=[FieldError(f"/decisions/{key}", "depends-on-stopped", _listed(stopped))],
            )
    return None


def _goes_on(said: Said) -> bool:
    return said.verb.lets_run or said.verb.answers


def _listed(keys: Sequence[str]) -> str:
    return " and ".join(keys)
