"""What a JSON Schema says one value should be, as far as a control can be made of it.

Schemas come from agents: references stay inside the document, every walk is bounded, no pattern is run. What is
not understood, or contradicts itself, has no shape, and its value is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox.canonical import dumps
from inbox.rendering.edit.nodes import Kind
from inbox.rendering.schema import Schema, target

MOST_CHOICES: Final = 200
_LONGEST_CHOICE: Final = 500
_MOST_PARTS: Final = 32

_KINDS: Final[dict[str, Kind]] = {
    "string": Kind.STRING,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "array": Kind.ARRAY,
    "object": Kind.OBJECT,
}
_TYPES: Final = frozenset(_KINDS) | {"null"}


@dataclass(frozen=True, slots=True)
class Option:
    """A value a schema offers, with the title it gives it (a claim)."""

    value: Any
    title: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The control a value gets.

    `kind` is None when the schema says nothing about the type, JSON when it allows several or contradicts
    itself. `parts` are the schemas that all hold for the value.
    """

    kind: Kind | None
    nullable: bool
    options: tuple[Option, ...]
    parts: tuple[Schema, ...]

    def says(self, word: str) -> Any:
        """The first value any part gives a keyword."""
        return next((part[word] for part in self.parts if word in part), None)


ANYTHING: Final = Shape(None, False, (), ())


def shape_of(schemas: Iterable[object], root: Schema) -> Shape:
    """The shape of a value for which all the schemas hold."""
    parts: list[Schema] = []
    unions: list[list[Any]] = []
    if not _collect(schemas, root, parts, unions):
        return Shape(Kind.JSON, False, (), tuple(parts))
    nullable = mixed = shaped = False
    options: tuple[Option, ...] | None = None
    for union in unions:
        if (titled := _titled(union, root)) is not None:
            options = titled
            continue
        branches = [branch for branch in union if _shapes(branch)]
        some = [branch for branch in branches if branch.get("type") != "null"]
        nullable = nullable or len(some) < len(branches)
        shaped = shaped or bool(branches)
        if len(some) == 1:
            mixed = not _collect(some, root, parts, unions) or mixed
        elif some:
            mixed = True
    types = _types(parts)
    if types is not None and "null" in types:
        nullable = nullable or not shaped
        types = types - {"null"}
    if options is None:
        options = _enumerated(parts)
    if options:
        return Shape(Kind.CHOICE, nullable, options, tuple(parts))
    if mixed or (types is not None and len(types) != 1):
        return Shape(Kind.JSON, False, (), tuple(parts))
    if types is None:
        return Shape(_implied(parts), nullable, (), tuple(parts))
    return Shape(_KINDS[next(iter(types))], nullable, (), tuple(parts))


def element(shape: Shape, index: int) -> tuple[object, ...]:
    """The schemas of an element of a list."""
    found: list[object] = []
    for part in shape.parts:
        first = part.get("prefixItems")
        if isinstance(first, list) and index < len(first):
            found.append(first[index])
        elif "items" in part:
            found.append(part["items"])
    return tuple(found)


def key_of(value: Any) -> bytes:
    """Values are the same choice when their canonical bytes are: 1, 1.0 and true are three."""
    return dumps(value)


def _collect(schemas: Iterable[object], root: Schema, parts: list[Schema], unions: list[list[Any]]) -> bool:
    """Gather what holds together, references and allOf followed. False: a cycle, or more than is followed."""
    waiting = [schema for schema in schemas if isinstance(schema, Mapping)][::-1]
    seen: set[int] = {id(part) for part in parts}
    while waiting:
        schema = waiting.pop()
        if id(schema) in seen:
            continue
        if len(parts) >= _MOST_PARTS:
            return False
        seen.add(id(schema))
        parts.append(schema)
        if "$ref" in schema:
            below = target(schema["$ref"], root)
            if below is None or below is schema:
                return False
            waiting.append(below)
        if isinstance(every := schema.get("allOf"), list):
            waiting += [one for one in every[:_MOST_PARTS] if isinstance(one, Mapping)][::-1]
        for word in ("anyOf", "oneOf"):
            if isinstance(some := schema.get(word), list):
                unions.append(some)
    return True


def _shapes(branch: object) -> bool:
    """Whether an alternative says what the value is, and not only what it must also meet."""
    words = ("type", "enum", "const", "properties", "items", "$ref", "allOf", "anyOf", "oneOf")
    return isinstance(branch, Mapping) and any(word in branch for word in words)


def _titled(union: list[Any], root: Schema) -> tuple[Option, ...] | None:
    """Alternatives that are constants, as in `oneOf: [{"const": 1, "title": "One"}]`."""
    if not union or len(union) > MOST_CHOICES:
        return None
    options = []
    for branch in union:
        if not isinstance(branch, Mapping) or "const" not in branch:
            return None
        title = branch.get("title")
        options.append(Option(branch["const"], title if isinstance(title, str) else ""))
    return _distinct(options)


def _enumerated(parts: list[Schema]) -> tuple[Option, ...] | None:
    for part in parts:
        if "const" in part:
            return _distinct([Option(part["const"])])
        values = part.get("enum")
        if isinstance(values, list) and 0 < len(values) <= MOST_CHOICES:
            return _distinct([Option(value) for value in values])
    return _distinct([Option(None)]) if any(part.get("type") == "null" for part in parts) else None


def _distinct(options: list[Option]) -> tuple[Option, ...] | None:
    """The options without repetition, None when one is too long to be chosen by reading it."""
    found: dict[bytes, Option] = {}
    for option in options:
        key = key_of(option.value)
        if len(key) > _LONGEST_CHOICE:
            return None
        found.setdefault(key, option)
    return tuple(found.values())


def _types(parts: list[Schema]) -> frozenset[str] | None:
    """The types all parts allow; None when no part names one."""
    allowed: frozenset[str] | None = None
    for part in parts:
        named = part.get("type")
        names = [named] if isinstance(named, str) else named
        if not isinstance(names, list):
            continue
        own = frozenset(name for name in names if isinstance(name, str)) & _TYPES
        if "number" in own:
            own = own - {"integer"}
        allowed = own if allowed is None else _common(allowed, own)
    return allowed


def _common(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    both = first & second
    if "integer" in first | second and "number" in first | second:
        both |= {"integer"}
    return both


def _implied(parts: list[Schema]) -> Kind | None:
    if any("properties" in part for part in parts):
        return Kind.OBJECT
    if any("items" in part or "prefixItems" in part for part in parts):
        return Kind.ARRAY
    return None
