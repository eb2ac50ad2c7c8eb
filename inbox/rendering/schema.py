"""What a tool's JSON Schema declares about the keys of an object. Schemas come from outside: bounded, no regexes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

Schema = Mapping[str, Any]

_MOST_BRANCHES: Final = 64
_INDEX: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Declared:
    """The keys a schema names for an object, those it requires, and the schemas of their values.

    `others` is the schema of keys it does not name, None when it says nothing about them.
    """

    properties: Mapping[str, tuple[Schema, ...]]
    required: frozenset[str]
    others: tuple[Schema, ...] | None

    def knows(self, key: str) -> bool:
        """Whether the key is declared by name or by a schema for further keys."""
        return key in self.properties or self.others is not None

    def below(self, key: str) -> tuple[Schema, ...]:
        """The schemas of the value under the key."""
        return self.properties.get(key, self.others or ())


def declared(schemas: tuple[Schema, ...], root: Schema) -> Declared | None:
    """What the schemas of an object declare, references into `root` followed; None when they name no keys.

    `additionalProperties: true` and `patternProperties` name nothing: such keys stay unknown.
    """
    properties: dict[str, tuple[Schema, ...]] = {}
    required: set[str] = set()
    others: tuple[Schema, ...] | None = None
    named = False
    for schema in _branches(schemas, root):
        if isinstance(names := schema.get("properties"), Mapping):
            named = True
            for key, below in names.items():
                known = properties.get(key, ())
                properties[key] = (*known, below) if isinstance(below, Mapping) else known
        if isinstance(keys := schema.get("required"), list):
            required.update(key for key in keys if isinstance(key, str))
        if isinstance(further := schema.get("additionalProperties"), Mapping):
            others = (*(others or ()), further)
    return Declared(properties, frozenset(required), others) if named or others is not None else None


def items(schemas: tuple[Schema, ...], root: Schema) -> tuple[Schema, ...]:
    """The schemas of the elements of a list."""
    return tuple(
        below for schema in _branches(schemas, root) if isinstance(below := schema.get("items"), Mapping)
    )


def _branches(schemas: tuple[Schema, ...], root: Schema) -> Iterator[Schema]:
    """The schemas with their references and alternatives, at most 64; the rest declares nothing."""
    waiting = list(reversed(schemas))
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_BRANCHES:
        schema = waiting.pop()
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        for word in ("allOf", "anyOf", "oneOf"):
            alternatives = schema.get(word)
            if isinstance(alternatives, list):
                waiting += [branch for branch in alternatives[:_MOST_BRANCHES] if isinstance(branch, Mapping)]
        below = target(schema.get("$ref"), root)
        if below is not None:
            waiting.append(below)


def target(reference: object, root: Schema) -> Schema | None:
    """The schema a `$ref` names inside the document, None for any other reference."""
    if reference == "#":
        return root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    place: object = root
    for step in unquote(reference[2:]).split("/"):
        if isinstance(place, list):
            place = place[int(step)] if _INDEX.fullmatch(step) and int(step) < len(place) else None
            continue
        if not isinstance(place, Mapping):
            return None
        place = place.get(step.replace("~1", "/").replace("~0", "~"))
    return place if isinstance(place, Mapping) else None
