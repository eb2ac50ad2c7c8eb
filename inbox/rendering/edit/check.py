"""What is wrong with a value by the schema of the tool, in sentences. The schema is an agent's: bounded work.

References lead nowhere outside the document, patterns run in linear time or not at all, nonsense in a schema asks
for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import UnknownType, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from inbox.canonical import JsonValue
from inbox.rendering.edit.bounds import is_number
from inbox.rendering.edit.nodes import FieldError
from inbox.rendering.edit.patterns import fits
from inbox.rendering.edit.sentences import pointer_of, sentence, told
from inbox.rendering.schema import Schema, target

MOST_PROBLEMS: Final = 50
# One step is one keyword on one value, about 10 µs.
_MOST_STEPS: Final = 50_000
# Keywords inside keywords, each about four frames. At Python's own limit the Rust code below jsonschema panics,
# which is no Exception and ended the process that asked.
_DEEPEST: Final = 100
# That many characters of a reference or an id count as a step.
_CHARACTERS: Final = 100
_MOST_MATCHED: Final = 40_000
_NONSENSE: Final = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    UnknownType,
    Unresolvable,
)

Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


class _TooMuch(Exception):
    """The schema asks for more work than is done for it."""


class _Work:
    def __init__(self, root: Schema) -> None:
        self.root = root
        self.steps = _MOST_STEPS
        self.matched = _MOST_MATCHED
        self.depth = 0

    def spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0 or self.depth > _DEEPEST:
            raise _TooMuch

    def match(self, pattern: object, text: str) -> bool | None:
        if not isinstance(pattern, str):
            return None
        self.spend()
        self.matched -= len(text)
        if self.matched < 0:
            raise _TooMuch
        return fits(pattern, text)


_work: ContextVar[_Work] = ContextVar("_work")


def problems(schema: Schema | None, value: JsonValue) -> list[FieldError]:
    """What the schema has against the value, at most 50 problems in the order of the fields.

    A schema that asks for too much work is itself a problem (`too-much-to-check`): nothing passes unchecked for
    being large. Not checked: formats, patterns of another engine's making, unevaluated keys, remote references.
    """
    if not schema:
        return []
    token = _work.set(_Work(schema))
    try:
        found = list(islice(_Validator(schema, registry=Registry()).iter_errors(value), MOST_PROBLEMS))
    except _TooMuch:
        message = "The tool's schema is too large or too deep to check this against."
        return [FieldError("", "too-much-to-check", message)]
    except _NONSENSE:
        return [FieldError("", "schema-unreadable", "The tool's schema cannot be read.")]
    finally:
        _work.reset(token)
    plainer = (one for error in found for one in told(error))
    errors = dict.fromkeys(FieldError(pointer_of(error), *sentence(error)) for error in plainer)
    return sorted(errors, key=lambda error: error.pointer)[:MOST_PROBLEMS]


def _bounded(keyword: Keyword) -> Keyword:
    def bounded(validator: Any, argument: Any, instance: Any, schema: Any) -> list[ValidationError]:
        work = _work.get()
        work.spend(1 + len(str(schema.get("$id", ""))) // _CHARACTERS)
        work.depth += 1
        found = []
        try:
            for error in keyword(validator, argument, instance, schema) or ():
                found.append(error)
        except _NONSENSE:
            pass
        work.depth -= 1
        return found

    return bounded


def _reference(validator: Any, reference: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    """Pointers into the document alone. To find one anchor the library walks the whole document, each time anew."""
    work = _work.get()
    work.spend(len(reference) // _CHARACTERS)
    below = target(reference, work.root)
    if below is not None:
        yield from validator.descend(instance, below)


def _pattern(_: Any, pattern: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _work.get().match(pattern, instance) is False:
        yield ValidationError("")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping):
        for pattern, below in patterns.items():
            for key, value in instance.items():
                if _work.get().match(pattern, key):
                    yield from validator.descend(value, below, path=key)


def _additional(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Keys neither named nor fitting a pattern. A pattern that is not checked may fit, so it lets the key be."""
    if not isinstance(instance, Mapping) or allowed is True:
        return
    patterns = schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in schema.get("properties", {}):
            continue
        if any(_work.get().match(pattern, key) is not False for pattern in patterns):
            continue
        if allowed is False:
            yield ValidationError("", path=[key])
        else:
            yield from validator.descend(value, allowed, path=key)


def _required(_: Any, keys: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping):
        _work.get().spend(len(keys))
        for key in keys:
            if isinstance(key, str) and key not in instance:
                yield ValidationError("", path=[key])


def _enum(_: Any, values: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    _work.get().spend(len(values))
    own = _comparable(instance)
    if all(_comparable(value) != own for value in values):
        yield ValidationError("")


def _const(_: Any, value: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if _comparable(value) != _comparable(instance):
        yield ValidationError("")


def _multiple(_: Any, step: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    """In decimals as written: by doubles 19.99 is no multiple of 0.01."""
    if is_number(instance) and Decimal(repr(instance)) % Decimal(repr(step)):
        yield ValidationError("")


def _unique(_: Any, wanted: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if wanted is True and isinstance(instance, list):
        _work.get().spend(len(instance))
        seen: dict[object, int] = {}
        for index, value in enumerate(instance):
            if seen.setdefault(_comparable(value), index) != index:
                yield ValidationError("", path=[index])


def _comparable(value: Any) -> object:
    """Equal for equal JSON values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value), value)
    if isinstance(value, (int, float)):
        return (float, value)
    _work.get().spend(len(value))
    if isinstance(value, Mapping):
        return (dict, frozenset((key, _comparable(below)) for key, below in value.items()))
    return (list, tuple(map(_comparable, value)))


def _nothing(*_: Any) -> Iterator[ValidationError]:
    yield from ()


_KEYWORDS: Final[dict[str, Keyword]] = {
    **Draft202012Validator.VALIDATORS,
    "$ref": _reference,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple,
    "uniqueItems": _unique,
    # These search keys by patterns of their own.
    "unevaluatedProperties": _nothing,
    "unevaluatedItems": _nothing,
    "$dynamicRef": _nothing,
}
_Validator: Final = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, validators={name: _bounded(keyword) for name, keyword in _KEYWORDS.items()}
)
