"""A value is held against an agent's schema with bounded work, and what is wrong is said in sentences."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from inbox.rendering.edit import problems
from inbox.rendering.edit.patterns import fits
from tests.unit.rendering.edit.strategies import json_values, schemas
from tests.unit.rendering.strategies import unshown

TOO_MUCH = ("", "too-much-to-check")


def found(schema: Any, value: Any) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in problems(schema, value)]


@pytest.mark.parametrize(
    ("schema", "value", "pointer", "message"),
    [
        (
            {"properties": {"a": {"type": "integer"}}},
            {"a": "5"},
            "/a",
            "This must be a whole number, and it is a text.",
        ),
        (
            {"properties": {"a": {"type": ["string", "null"]}}},
            {"a": 5},
            "/a",
            "This must be a text or nothing (null), and it is a number.",
        ),
        ({"required": ["x/y"]}, {}, "/x~1y", "This is required."),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"b": 1},
            "/b",
            "The tool knows no field of this name.",
        ),
        ({"items": {"maximum": 10}}, [1, 11], "/1", "This must be at most 10."),
        ({"enum": ["EUR", "USD"]}, "GBP", "", "This must be one of EUR, USD."),
        ({"const": 1}, True, "", "This must be 1."),
        ({"maxLength": 1}, "ab", "", "1 character at most; it has 2."),
        ({"pattern": "^a\u202e"}, "b", "", "This must fit the pattern ^a‹U+202E RLO›."),
        ({"uniqueItems": True}, [1, {"a": 1}, 1.0], "/2", "This stands in the list twice, and no item may."),
        ({"multipleOf": 0.01}, 19.995, "", "This must be a multiple of 0.01."),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]}, 3, "", "This must be at least 5."),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            3,
            "",
            "This fits none of the forms the tool takes.",
        ),
        (
            {"patternProperties": {"^n": {"type": "number"}}},
            {"n1": "x"},
            "/n1",
            "This must be a number, and it is a text.",
        ),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"minItems": 2}}}, [1], "", "2 items at least; there are 1."),
        ({"$ref": "#/anyOf/1", "anyOf": [{}, {"minItems": 2}]}, [1], "", "2 items at least; there are 1."),
    ],
)
def test_what_is_wrong_is_said_at_its_place(schema: Any, value: Any, pointer: str, message: str) -> None:
    assert [(error.pointer, error.message) for error in problems(schema, value)] == [(pointer, message)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {"a": 1}),
        ({"multipleOf": 0.01}, 19.99),
        ({"type": "integer"}, 5.0),
        ({"enum": [1]}, 1.0),
        ({"uniqueItems": True}, [1, True, "1", [1], [True]]),
        ({"pattern": "(?=x)"}, "y"),
        ({"patternProperties": {"(?=x)": {}}, "additionalProperties": False}, {"y": 1}),
        ({"$ref": "https://evil.example/schema.json"}, 1),
        ({"$ref": "file:///etc/passwd"}, 1),
        ({"type": "nope", "minimum": "x", "multipleOf": 0, "properties": 5, "required": 7, "enum": 3}, 1),
    ],
)
def test_what_is_right_or_nonsense_raises_nothing(schema: Any, value: Any) -> None:
    assert found(schema, value) == []


def doubling(levels: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {"d0": {"type": "integer"}}
    for level in range(1, levels):
        definitions[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    return {"$defs": definitions, "$ref": f"#/$defs/d{levels - 1}"}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"$ref": "#"}, 1, [TOO_MUCH]),
        ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, 1, [TOO_MUCH]),
        (doubling(40), 1, [TOO_MUCH]),
        (
            {"$defs": {f"d{n}": {"$anchor": f"a{n}"} for n in range(5_000)}, "items": {"$ref": "#a4999"}},
            [1] * 19_000,
            [],
        ),
        ({"items": {"$ref": "#/" + "a" * 100_000}}, [1] * 19_000, [TOO_MUCH]),
        ({"items": {"$id": "a" * 100_000, "type": "integer"}}, [1] * 19_000, [TOO_MUCH]),
        ({"const": "\u0430\u200b" * 60_000}, 1, [("", "not-a-choice")]),
        # Recursion to Python's limit made the Rust code below jsonschema panic, which is no Exception.
        ({"oneOf": [{"type": ["string"]}, {"$ref": "#"}, {"not": {"$ref": "#"}}]}, 1, [TOO_MUCH]),
        ({"items": {"enum": list(range(20_000))}}, list(range(20_000)), [TOO_MUCH]),
        ({"items": {"pattern": "(.{0,20}){0,20}x"}}, ["a" * 9_000] * 20, [TOO_MUCH]),
        ({"uniqueItems": True}, [{"a": number} for number in range(19_000)], []),
        ({"items": {"type": "integer", "minimum": 0}}, list(range(19_000)), []),
        ({"pattern": "^(a+)+$"}, "a" * 9_000 + "b", [("", "pattern")]),
        ({"pattern": "(.{0,1000}){0,1000}x"}, "a" * 9_000, []),
    ],
)
def test_a_hostile_schema_ends_soon(schema: Any, value: Any, expected: list[tuple[str, str]]) -> None:
    began = time.process_time()
    assert found(schema, value) == expected
    assert time.process_time() - began < 4


def test_a_value_as_deep_as_tools_take_is_checked_from_inside_a_deep_stack() -> None:
    schema = {"properties": {"a": {"$ref": "#"}, "b": {"type": "integer"}}}
    value: Any = {"b": "x"}
    for _ in range(40):
        value = {"a": value}

    def below(frames: int) -> list[tuple[str, str]]:
        return below(frames - 1) if frames else found(schema, value)

    assert below(300) == [("/a" * 40 + "/b", "wrong-type")]


def test_no_more_than_fifty_problems_are_told() -> None:
    assert len(problems({"items": {"type": "string"}}, list(range(1_000)))) == 50


@settings(max_examples=50)
@given(schemas, json_values)
def test_any_schema_and_value_end_in_sentences(schema: Any, value: Any) -> None:
    for error in problems(schema, value):
        assert error.message.endswith(".")
        assert not unshown(error.message)


PLAIN = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {"type": "integer", "maximum": 3},
        "to": {"enum": ["x", None]},
        "b": {"items": {"type": "string"}},
    },
    "additionalProperties": {"type": "number"},
}


@given(json_values)
def test_what_passes_is_what_the_reference_validator_passes(value: Any) -> None:
    assert (found(PLAIN, value) == []) == Draft202012Validator(PLAIN).is_valid(value)


def test_a_pattern_runs_in_linear_time_or_not_at_all() -> None:
    assert fits("^[a-z]+$", "abc") is True
    assert fits("^[a-z]+$", "ABC") is False
    assert fits("b", "abc") is True
    for pattern in ("(?<=x)y", r"(a)\1", "a{501}", "a{9999999999}", "x" * 201, "("):
        assert fits(pattern, "abc") is None, pattern
    assert fits("a", "a" * 10_001) is None
