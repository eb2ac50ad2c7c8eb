"""What is typed becomes the value it says, of the type it had; all else is refused and told where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inbox.canonical import dumps
from inbox.rendering.edit import (
    EditRefused,
    FieldError,
    Form,
    Kind,
    at_fields,
    form_of,
    problems,
    read_form,
    refilled,
)
from inbox.rendering.edit.nodes import STATE
from tests.unit.rendering.edit.browser import post
from tests.unit.rendering.edit.strategies import arguments, schemas

ARGS = {
    "to": "x",
    "amount": 25.5,
    "count": 3,
    "ok": True,
    "tags": ["a", "b", "c"],
    "currency": "EUR",
    "note": None,
}
SCHEMA = {
    "properties": {
        "to": {"type": "string"},
        "amount": {"type": "number"},
        "count": {"type": "integer"},
        "ok": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "currency": {"enum": ["EUR", "USD"]},
        "note": {"type": ["string", "null"]},
        "cc": {"type": ["string", "null"]},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku"],
                "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}},
            },
        },
    },
    "required": ["to"],
}


def edited(changes: dict[str, str], args: dict[str, Any] = ARGS, schema: Any = SCHEMA) -> Any:
    form = form_of(schema, args)
    return read_form(form, post(form, **changes))


def refused(changes: dict[str, str]) -> list[tuple[str, str]]:
    with pytest.raises(EditRefused) as caught:
        edited(changes)
    return [(error.pointer, error.code) for error in caught.value.errors]


def test_a_long_list_of_texts_is_written_one_a_line() -> None:
    ids = [f"usr_{number}" for number in range(1_247)]
    schema = {"properties": {"ids": {"type": "array", "items": {"type": "string"}}}}
    for known in (schema, None):
        assert edited({}, {"ids": ids}, known) == {"ids": ids}
        pasted = "\n".join([f"  {one}\t" for one in ids[:982]] + ["", "usr_x", " "])
        assert edited({"#/ids": pasted.replace("\n", "\r\n")}, {"ids": ids}, known) == {
            "ids": [*ids[:982], "usr_x"]
        }
    for odd in ("", " a", "a\nb", "a\u200b", 7):
        assert form_of(None, {"ids": [*ids, odd]}).root.children[0].kind is Kind.JSON
    for items in ({"type": "integer"}, {"enum": ids[:2]}):
        wanted = {"properties": {"ids": {"type": "array", "items": items}}}
        assert form_of(wanted, {"ids": ids}).root.children[0].kind is Kind.JSON


@settings(max_examples=50)
@given(st.one_of(st.none(), schemas), arguments, st.data())
def test_an_edited_field_changes_that_field_only(
    schema: Any, args: dict[str, Any], data: st.DataObject
) -> None:
    form = form_of(schema, args)
    leaves = [
        node
        for node in form.nodes
        if node.kind in (Kind.STRING, Kind.NUMBER, Kind.INTEGER) and node.text and not node.escaped
    ]
    assume(leaves)
    leaf = data.draw(st.sampled_from(leaves))
    text, value = ("7", 7) if leaf.kind is not Kind.STRING else ("other", "other")
    expected = changed(args, leaf.pointer, value)
    assert dumps(read_form(form, post(form, **{leaf.name: text}))) == dumps(expected)


def changed(value: Any, pointer: str, new: Any) -> Any:
    """The value with another one in one place, by plain recursion: the reader must not be its own judge."""
    if not pointer:
        return new
    first, _, rest = pointer[1:].partition("/")
    below = "/" + rest if rest else ""
    if isinstance(value, list):
        return [changed(one, below, new) if str(at) == first else one for at, one in enumerate(value)]
    key = first.replace("~1", "/").replace("~0", "~")
    return {name: changed(one, below, new) if name == key else one for name, one in value.items()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"#/amount": "23"}, {"amount": 23}),
        ({"#/amount": " 0.10 "}, {"amount": 0.1}),
        ({"#/amount": "1e3"}, {"amount": 1000.0}),
        ({"#/count": "9007199254740991"}, {"count": 9007199254740991}),
        ({"#/to": ""}, {"to": ""}),
        ({"#/to": "007"}, {"to": "007"}),
        ({"#/ok": "1"}, {"ok": False}),
        ({"#/currency": "1"}, {"currency": "USD"}),
        ({"#/note": "hello"}, {"note": "hello"}),
        ({"#/note:is": "value"}, {"note": ""}),
        ({"#/cc": "boss"}, {"cc": "boss"}),
        ({"#/cc:is": "null"}, {"cc": None}),
        ({"#/cc:is": "value"}, {"cc": ""}),
        ({"#/tags/1:is": "absent"}, {"tags": ["a", "c"]}),
        ({"#/tags/3": "d", "#/tags/4": "e"}, {"tags": ["a", "b", "c", "d", "e"]}),
        ({"#/tags/3": "d", "#/tags/3:at": "1"}, {"tags": ["d", "a", "b", "c"]}),
        ({"#/tags/4:is": "value"}, {"tags": ["a", "b", "c", ""]}),
        ({"#/tags/2:at": "1"}, {"tags": ["c", "a", "b"]}),
        ({"#/tags/0:at": "3"}, {"tags": ["b", "c", "a"]}),
        ({"#/tags/0:at": "2", "#/tags/1:at": "1"}, {"tags": ["b", "a", "c"]}),
        ({"#/lines/0/sku": "s1", "#/lines/0/n": "2"}, {"lines": [{"sku": "s1", "n": 2}]}),
        ({"#/lines:is": "value"}, {"lines": []}),
    ],
)
def test_what_is_typed_keeps_its_type(changes: dict[str, str], expected: dict[str, Any]) -> None:
    assert dumps(edited(changes)) == dumps({**ARGS, **expected})


def test_a_key_is_kept_until_it_is_removed_and_a_required_one_cannot_be() -> None:
    args = {**ARGS, "bcc": {"deep": [1, None]}}
    assert edited({"#/to": "y"}, args)["bcc"] == {"deep": [1, None]}
    assert edited({"#/bcc:is": "absent"}, args) == ARGS
    assert "ok" not in edited({"#/ok:is": "absent"})
    assert [one.states for one in form_of(SCHEMA, ARGS).nodes if one.pointer == "/to"] == [("value",)]


def test_objects_in_lists_are_edited_removed_and_added() -> None:
    args = {"to": "x", "lines": [{"sku": "a", "extra": 1}, {"sku": "b", "n": 2}]}
    changes = {"#/lines/0:is": "absent", "#/lines/1/n": "3", "#/lines/2/sku": "c"}
    assert edited(changes, args)["lines"] == [{"sku": "b", "n": 3}, {"sku": "c"}]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"#/amount": ""}, [("/amount", "not-a-number")]),
        ({"#/amount": "1,000"}, [("/amount", "not-a-number")]),
        ({"#/amount": "٤"}, [("/amount", "not-a-number")]),
        ({"#/amount": "NaN"}, [("/amount", "not-a-number")]),
        ({"#/amount": "1e999"}, [("/amount", "invalid-number")]),
        ({"#/amount": "0.1000000000000000055"}, [("/amount", "number-not-exact")]),
        ({"#/count": "9007199254740993"}, [("/count", "number-not-exact")]),
        ({"#/count": "2.5"}, [("/count", "not-an-integer")]),
        ({"#/count": "true"}, [("/count", "not-a-number")]),
        ({"#/currency": "2"}, [("/currency", "not-a-choice")]),
        ({"#/currency": "USD"}, [("/currency", "not-a-choice")]),
        ({"#/ok": ""}, [("/ok", "not-a-choice")]),
        ({"#/to": "a\x00b"}, [("/to", "invalid-unicode")]),
        ({"#/tags/0:is": "null"}, [("/tags/0", "not-a-choice")]),
        ({"#/tags/0:at": "-1", "#/count": "x"}, [("/count", "not-a-number"), ("/tags/0", "not-a-place")]),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(
    changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert refused(changes) == expected


def test_a_form_cut_short_or_of_another_value_is_refused_whole() -> None:
    form = form_of(SCHEMA, ARGS)
    body = post(form)
    for name in body:
        if not name.endswith(":at"):
            with pytest.raises(EditRefused, match="missing-field"):
                read_form(form, {other: value for other, value in body.items() if other != name})
    with pytest.raises(EditRefused, match="repeated-field"):
        read_form(form, {**body, "#/to": ["x", "y"]})
    with pytest.raises(EditRefused, match="unknown-field"):
        read_form(form, {**body, "#/evil": ["1"]})
    assert read_form(form, {**body, "csrf": ["1"]}) == ARGS


def test_escapes_are_read_back_and_half_ones_refused() -> None:
    args = {"a": "x\u200by"}
    assert edited({"#/a": "x\\u{200B}z\\\\"}, args, None) == {"a": "x\u200bz\\"}
    for text in ("x\\y", "\\", "\\u{110000}", "\\u{d800}", "\\u{0}"):
        with pytest.raises(EditRefused):
            edited({"#/a": text}, args, None)


def test_a_refused_form_comes_back_as_it_was_typed() -> None:
    form = form_of(SCHEMA, ARGS)
    body = post(form, **{"#/amount": "1,000", "#/tags/2:at": "1", "#/cc:is": "null"})
    with pytest.raises(EditRefused) as caught:
        read_form(form, body)
    again = {node.pointer: node for node in refilled(form, body, caught.value.errors).nodes}
    assert again["/amount"].text == "1,000"
    assert [error.code for error in again["/amount"].errors] == ["not-a-number"]
    assert (again["/tags/2"].at, again["/cc"].selected) == ("1", "null")
    fixed = post(Form(again[""]), **{"#/amount": "1000"})
    assert read_form(form, fixed) == {**ARGS, "amount": 1000, "tags": ["c", "a", "b"], "cc": None}


def test_an_error_about_no_field_stands_at_the_field_that_holds_it() -> None:
    form = form_of(None, {"a": {"b": 1}})
    errors = [FieldError(pointer, "required", "This is required.") for pointer in ("/a/missing/deep", "")]
    again = refilled(form, {}, errors)
    assert [error.pointer for error in again.errors] == [""]
    assert [node.pointer for node in again.nodes if node.errors] == ["/a"]


def test_what_is_wrong_with_the_value_is_found_at_its_field_though_rows_moved() -> None:
    schema = {"properties": {"lines": {"items": {"properties": {"n": {"maximum": 9}}, "required": ["sku"]}}}}
    form = form_of(schema, {"lines": [{"n": 1, "sku": "a"}, {"n": 2, "sku": "b"}, {"n": 3}]})
    body = post(form, **{"#/lines/0:is": "absent", "#/lines/2:at": "1", "#/lines/1/n": "10"})
    errors = problems(schema, read_form(form, body))
    assert [error.pointer for error in errors] == ["/lines/0/sku", "/lines/1/n"]
    assert [error.pointer for error in at_fields(form, body, errors)] == ["/lines/2/sku", "/lines/1/n"]


def test_each_state_has_words() -> None:
    options = {
        node.pointer: [words for _, words in node.state_options] for node in form_of(SCHEMA, ARGS).nodes
    }
    assert options["/cc"] == ["left out unless filled in", "as filled in, even if empty", "nothing (null)"]
    assert options["/note"] == ["nothing (null) unless filled in", "as filled in, even if empty", "remove"]
    assert options["/tags/0"] == ["as filled in", "remove"]


def test_states_have_names_of_their_own_whatever_the_keys_are() -> None:
    args = {"a": "1", "a:is": "2", "#": "3", "a/b": "4", "%23": "5"}
    form = form_of({"properties": {}}, args)
    names = list(post(form))
    assert len(names) == len(set(names))
    assert read_form(form, post(form, **{"#/a" + STATE: "absent"})) == {
        k: v for k, v in args.items() if k != "a"
    }
