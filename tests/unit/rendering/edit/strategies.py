"""Values the server can hold, and schemas from honest to hostile."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from inbox.canonical import JsonRefused, dumps, loads
from tests.unit.rendering.strategies import hostile, values


def storable(value: Any) -> bool:
    try:
        loads(b'{"v":' + dumps(value) + b"}")
    except (JsonRefused, UnicodeEncodeError):
        return False
    return True


KEYS = st.sampled_from(["a", "b", "to", "amount", "x/y", "q~ #:", "Привет", "k\u202e", "a\nb", "a\r\nb"])
texts = st.one_of(
    hostile, st.text(max_size=8), st.sampled_from(["\r\n", "a\r\nb\r\n", "\\u{41}", "\\", " 1 ", "\n"])
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.sampled_from([0.1, 1.0, 1e21, 1e-7, 25.50, 1e300, 5e-324]),
    texts,
)
own_values = st.recursive(
    scalars,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=4)),
    max_leaves=12,
)
json_values = st.one_of(own_values, values).filter(storable)
arguments = st.dictionaries(KEYS, own_values, max_size=5).filter(storable)

_TYPES = ["string", "number", "integer", "boolean", "array", "object", "null"]
_REFERENCES = ["#", "#/$defs/A", "#/$defs/B", "#/properties/a", "#/missing", "https://evil.example/s.json"]
_schemas: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(
                st.sampled_from(_TYPES), st.lists(st.sampled_from(_TYPES), max_size=3), st.just("?"), scalars
            ),
            "enum": st.one_of(st.lists(own_values, max_size=4), st.just(5)),
            "const": own_values,
            "title": st.one_of(texts, st.just(7)),
            "description": st.one_of(texts, st.just([])),
            "minimum": scalars,
            "multipleOf": st.one_of(scalars, st.just(0)),
            "maxLength": st.one_of(st.integers(-1, 200), st.text(max_size=2)),
            "pattern": st.sampled_from(["^(a+)+$", "(", "(?=a)", "^[a-z]+$", 5]),
            "$ref": st.one_of(st.sampled_from(_REFERENCES), st.just(3)),
            "required": st.one_of(st.lists(KEYS, max_size=2), st.just("a")),
            "uniqueItems": st.booleans(),
            "$id": st.sampled_from(["", "https://a.example/b", 4]),
        },
    ),
    lambda below: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["array", "object"]),
            "properties": st.one_of(st.dictionaries(KEYS, below, max_size=4), st.just([])),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "(", "(a+)+$"]), below, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), below, st.just("no")),
            "required": st.lists(KEYS, max_size=3),
            "items": st.one_of(below, st.booleans(), st.just(1)),
            "prefixItems": st.one_of(st.lists(below, max_size=2), st.just({})),
            "anyOf": st.one_of(st.lists(below, max_size=3), st.just("x")),
            "oneOf": st.lists(below, max_size=3),
            "allOf": st.lists(below, max_size=3),
            "not": below,
            "if": below,
            "then": below,
            "$defs": st.fixed_dictionaries({"A": below, "B": below}),
        },
    ),
    max_leaves=10,
)

# An agent's schema went through the API, so it is storable whatever it says.
schemas = _schemas.filter(storable)
