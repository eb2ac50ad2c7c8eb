"""A form shows every value with the control its schema asks for, and posted unchanged it is what was sent."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.canonical import dumps
from inbox.rendering.characters import hidden
from inbox.rendering.edit import EditRefused, Form, Kind, Node, empty_form, form_of, read_form
from tests.unit.rendering.edit.browser import post
from tests.unit.rendering.edit.strategies import arguments, json_values, schemas
from tests.unit.rendering.strategies import unshown

REFUND = {
    "type": "object",
    "required": ["to", "amount"],
    "properties": {
        "to": {"type": "string", "title": "Recipient", "description": "Approved by security already."},
        "amount": {"type": "number", "minimum": 1, "multipleOf": 0.01},
        "count": {"type": "integer"},
        "notify": {"type": "boolean"},
        "currency": {"$ref": "#/$defs/Currency"},
        "cc": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
        "level": {"oneOf": [{"const": 1, "title": "Low"}, {"const": "1", "title": "High"}]},
        "either": {"type": ["string", "integer"]},
        "address": {"type": ["object", "null"], "properties": {"city": {"type": "string"}}},
    },
    "$defs": {"Currency": {"type": "string", "enum": ["EUR", "USD"]}},
}


def node(form: Form, pointer: str) -> Node:
    return next(one for one in form.nodes if one.pointer == pointer)


@settings(max_examples=50)
@given(st.one_of(st.none(), schemas), json_values)
def test_an_untouched_form_is_the_value_byte_for_byte(schema: Any, value: Any) -> None:
    form = form_of(schema, value)
    assert dumps(read_form(form, post(form))) == dumps(value)


@settings(max_examples=50)
@given(st.one_of(st.none(), schemas), arguments)
def test_every_value_is_in_a_field(schema: Any, args: dict[str, Any]) -> None:
    form = form_of(schema, args)
    shown = {one.pointer for one in form.nodes}

    def check(value: Any, pointer: str) -> None:
        assert pointer in shown
        if not node(form, pointer).container:
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in pairs:
            check(below, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")

    check(args, "")


@settings(max_examples=50)
@given(schemas, json_values)
def test_nothing_on_the_form_is_hidden(schema: Any, value: Any) -> None:
    for one in form_of(schema, value).nodes:
        assert one.name.isascii()
        assert one.name.isprintable()
        assert not any(map(unshown, one.bounds))
        if one.kind is Kind.JSON:
            assert not any(map(hidden, one.text))


@pytest.mark.parametrize(
    ("pointer", "kind", "text"),
    [
        ("/to", Kind.STRING, "a@b.example"),
        ("/amount", Kind.NUMBER, "25.5"),
        ("/count", Kind.INTEGER, "3"),
        ("/notify", Kind.BOOLEAN, "1"),
        ("/currency", Kind.CHOICE, "1"),
        ("/cc", Kind.ARRAY, ""),
        ("/cc/0", Kind.STRING, "c@d.example"),
        ("/level", Kind.CHOICE, "1"),
        ("/either", Kind.JSON, '"x"'),
        ("/address/city", Kind.STRING, ""),
        ("/bcc", Kind.STRING, "e@f.example"),
    ],
)
def test_each_type_has_its_control(pointer: str, kind: Kind, text: str) -> None:
    args = {
        "to": "a@b.example",
        "amount": 25.5,
        "count": 3,
        "notify": False,
        "currency": "USD",
        "bcc": "e@f.example",
    }
    form = form_of(REFUND, {**args, "cc": ["c@d.example"], "level": "1", "either": "x"})
    assert (node(form, pointer).kind, node(form, pointer).text) == (kind, text)


def test_unknown_keys_come_first_then_required_then_the_rest() -> None:
    form = form_of(REFUND, {"notify": True, "to": "x", "bcc": "y"})
    order = [one.pointer for one in form.root.children]
    assert order[:3] == ["/bcc", "/to", "/amount"]
    assert [one.pointer for one in form.nodes if one.unknown] == ["/bcc"]
    assert [one.pointer for one in form.nodes if one.required] == ["/to", "/amount"]


def test_words_of_the_schema_are_claims() -> None:
    to = node(form_of(REFUND, {"to": "x"}), "/to")
    assert to.title is not None
    assert to.title.shown.plain == "Recipient"
    assert to.description is not None
    assert [finding.code for finding in to.description.findings] == ["talks-to-reviewer"]
    again = {"properties": {"growth_percent": {"title": "Growth Percent"}}}
    assert node(form_of(again, {"growth_percent": 25}), "/growth_percent").title is None


def test_bounds_are_told_and_patterns_said_as_text() -> None:
    form = form_of(
        {
            "properties": {
                "a": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10},
                "b": {"type": "string", "maxLength": 1, "pattern": "^(?=x)\u202e", "format": "date"},
                "c": {"type": "array", "minItems": 2, "uniqueItems": True},
                "d": {"enum": list(range(5000))},
            }
        },
        {"a": 1, "b": "", "c": [], "d": 3},
    )
    assert node(form, "/a").bounds == ("at least 1", "less than 10")
    assert node(form, "/b").bounds == (
        "at most 1 character",
        "in the format date, which is not checked here",
        "fits the pattern ^(?=x)‹U+202E RLO›, which is not checked here",
    )
    assert node(form, "/c").bounds == ("at least 2 items", "no item twice")
    assert node(form, "/d").bounds == ("one of 5,000 values",)
    assert node(form, "/d").kind is Kind.NUMBER


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, "25"),
        ({"type": "string"}, None),
        ({"type": "integer"}, 1.5),
        ({"type": "object"}, [1]),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "x"),
        ({"type": []}, "x"),
        ({"$ref": "#"}, 1),
        ({"$ref": "https://evil.example/"}, 1),
    ],
)
def test_what_does_not_fit_its_schema_is_edited_as_json(schema: Any, value: Any) -> None:
    root = form_of(schema, value).root
    assert root.kind is Kind.JSON
    assert root.misfit == ("type" in schema and schema["type"] != [])


def test_a_value_that_is_no_choice_is_kept_as_one_more() -> None:
    for value in ("GBP", True, 1.0, None):
        form = form_of({"enum": ["EUR", 1]}, value)
        assert [choice.value for choice in form.root.choices if choice.as_sent] == [value]
        assert dumps(read_form(form, post(form))) == dumps(value)


def test_hidden_characters_are_written_as_escapes_and_line_ends_kept() -> None:
    form = form_of(
        None,
        {
            "a": "pay\u200bpal \\",
            "b": "one\r\ntwo\r\n",
            "c": "x\ry",
            "d": "C:\\dir",
            "e": "\U0001f44d\U0001f3fd",
        },
    )
    texts = {one.pointer: (one.text, one.escaped) for one in form.root.children}
    assert texts == {
        "/a": ("pay\\u{200b}pal \\\\", True),
        "/b": ("one\ntwo\n", False),
        "/c": ("x\\u{d}y", True),
        "/d": ("C:\\dir", False),
        "/e": ("\U0001f44d\U0001f3fd", False),
    }
    edited = read_form(form, post(form, **{"#/a": "paypal \\\\", "#/b": "one\r\nthree\r\n"}))
    assert isinstance(edited, dict)
    assert (edited["a"], edited["b"]) == ("paypal \\", "one\r\nthree\r\n")


def test_a_schema_that_holds_itself_is_unfolded_to_an_end() -> None:
    tree = {
        "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#"}}}
    }
    form = form_of(tree, {"value": 1, "children": [{"value": 2}]})
    assert len(list(form.nodes)) < 60
    assert node(form, "/children/0/children").kind in (Kind.ARRAY, Kind.JSON)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {"a": list(range(20_000))}),
        (None, {f"k{number}": ["x"] * 55 for number in range(20)}),
        (None, {f"k{number}": {"b": [1, 2, 3]} for number in range(900)}),
        ({"properties": {f"k{number}": {"$ref": "#"} for number in range(500)}}, {"k1": {"k2": {}}}),
        (
            {
                "properties": {f"k{n}": {"$ref": "#/$defs/E"} for n in range(390)},
                "$defs": {"E": {"enum": ["x" * 400] * 200}},
            },
            {},
        ),
        (
            {
                "properties": {f"k{n}": {"$ref": "#/$defs/E"} for n in range(390)},
                "$defs": {
                    "E": {
                        "type": "string",
                        "title": "approve " * 9_000,
                        "enum": [[i, "x" * 40] for i in range(200)],
                    }
                },
            },
            {},
        ),
        ({"allOf": [{"allOf": [{"$ref": "#"}] * 500}] * 500}, {"a": 1}),
        (
            {
                "properties": {f"k{n}": {"$ref": "#/$defs/P"} for n in range(300)},
                "$defs": {
                    "P": {
                        "type": "string",
                        "pattern": "\u0430\u200b" * 60_000,
                        "format": "\u0430\u200b" * 9_000,
                    }
                },
            },
            {},
        ),
    ],
)
def test_a_hostile_schema_or_value_makes_a_form_of_bounded_size(schema: Any, value: Any) -> None:
    began = time.process_time()
    form = form_of(schema, value)
    assert len(list(form.nodes)) <= 321
    assert len(post(form)) < 990
    assert sum(len(one.choices) for one in form.nodes) <= 2_000
    assert time.process_time() - began < 2
    assert dumps(read_form(form, post(form))) == dumps(value)


def test_a_form_for_an_answer_begins_empty() -> None:
    form = empty_form(REFUND)
    assert {one.text for one in form.nodes} == {""}
    assert read_form(form, post(form)) == {}
    filled = read_form(
        form, post(form, **{"#/to": "x", "#/amount": "5", "#/notify": "0", "#/address/city": "Bonn"})
    )
    assert filled == {"to": "x", "amount": 5, "notify": True, "address": {"city": "Bonn"}}
    one = empty_form({"enum": ["yes", "no"]})
    with pytest.raises(EditRefused):
        read_form(one, post(one))
    assert read_form(one, post(one, **{"#": "1"})) == "no"
