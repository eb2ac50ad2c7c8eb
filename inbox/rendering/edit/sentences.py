"""A violation of a schema as a sentence for the person who filled in the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from inbox.rendering.edit.bounds import brief
from inbox.rendering.edit.nodes import child_pointer

_MOST_LISTED: Final = 10
_TYPES: Final[dict[str, str]] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "yes or no",
    "array": "a list",
    "object": "an object",
    "null": "nothing (null)",
}

# Each with a stable code and what to say of the keyword's argument and the value.
_SENTENCES: Final[dict[str, tuple[str, Callable[[Any, Any], str]]]] = {
    "type": (
        "wrong-type",
        lambda types, value: f"This must be {_kinds(types)}, and it is {_own(value)}.",
    ),
    "enum": ("not-a-choice", lambda values, _: f"This must be one of {_listed(values)}."),
    "const": ("not-a-choice", lambda value, _: f"This must be {brief(value)}."),
    "required": ("required", lambda *_: "This is required."),
    "additionalProperties": ("unknown-key", lambda *_: "The tool knows no field of this name."),
    "propertyNames": ("unknown-key", lambda *_: "The tool takes no field of this name."),
    "minimum": ("too-small", lambda least, _: f"This must be at least {brief(least)}."),
    "maximum": ("too-large", lambda most, _: f"This must be at most {brief(most)}."),
    "exclusiveMinimum": ("too-small", lambda least, _: f"This must be more than {brief(least)}."),
    "exclusiveMaximum": ("too-large", lambda most, _: f"This must be less than {brief(most)}."),
    "multipleOf": ("not-a-multiple", lambda step, _: f"This must be a multiple of {brief(step)}."),
    "minLength": (
        "too-short",
        lambda least, text: f"{_counted(least, 'character')} at least; it has {len(text):,}.",
    ),
    "maxLength": (
        "too-long",
        lambda most, text: f"{_counted(most, 'character')} at most; it has {len(text):,}.",
    ),
    "pattern": ("pattern", lambda pattern, _: f"This must fit the pattern {brief(pattern)}."),
    "minItems": (
        "too-few",
        lambda least, items: f"{_counted(least, 'item')} at least; there are {len(items):,}.",
    ),
    "maxItems": (
        "too-many",
        lambda most, items: f"{_counted(most, 'item')} at most; there are {len(items):,}.",
    ),
    "uniqueItems": ("repeated", lambda *_: "This stands in the list twice, and no item may."),
    "minProperties": (
        "too-few",
        lambda least, of: f"{_counted(least, 'field')} at least; there are {len(of):,}.",
    ),
    "maxProperties": (
        "too-many",
        lambda most, of: f"{_counted(most, 'field')} at most; there are {len(of):,}.",
    ),
    "contains": ("not-contained", lambda *_: "The tool asks for certain items that this list lacks."),
    "dependentRequired": (
        "required",
        lambda *_: "A field that is set here asks for another one that is not.",
    ),
    "anyOf": ("no-form-fits", lambda *_: "This fits none of the forms the tool takes."),
    "oneOf": ("no-form-fits", lambda *_: "This does not fit exactly one of the forms the tool takes."),
    "not": ("ruled-out", lambda *_: "The tool rules this value out."),
}


def sentence(error: ValidationError) -> tuple[str, str]:
    """The code and the sentence of a violation, without hidden characters."""
    found = _SENTENCES.get(str(error.validator))
    if found is None:
        return "not-allowed", "The tool does not take this."
    code, say = found
    return code, say(error.validator_value, error.instance)


def told(error: ValidationError) -> list[ValidationError]:
    """What to tell of a violation: of alternatives the one that was meant, when the type says which."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        return [error]
    branches: dict[object, list[ValidationError]] = {}
    for below in error.context:
        branches.setdefault(below.relative_schema_path[0], []).append(below)
    meant = [below for below in branches.values() if not any(map(_of_another_type, below))]
    return meant[0] if len(meant) == 1 else [error]


def _of_another_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def pointer_of(error: ValidationError) -> str:
    """The RFC 6901 pointer to the value a violation is about, or to the field that is missing."""
    pointer = ""
    for step in error.absolute_path:
        pointer = child_pointer(pointer, step)
    return pointer


def _kinds(types: Any) -> str:
    names = types if isinstance(types, list) else [types]
    return " or ".join(_TYPES.get(name, "something else") for name in names if isinstance(name, str))


def _listed(values: Any) -> str:
    texts = [brief(value) for value in values[:_MOST_LISTED]]
    more = len(values) - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more else "")


def _own(value: Any) -> str:
    if isinstance(value, bool):
        return _TYPES["boolean"]
    names = {"str": "string", "int": "number", "float": "number", "NoneType": "null", "list": "array"}
    return _TYPES[names.get(type(value).__name__, "object")]


def _counted(number: Any, noun: str) -> str:
    return f"{brief(number)} {noun}{'' if number == 1 else 's'}"
