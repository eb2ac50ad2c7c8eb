"""The field table reaches every value of the arguments, in the order a reviewer needs them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inbox.rendering.characters import hidden
from inbox.rendering.fields import FieldTable, Row, field_table
from tests.unit.rendering.strategies import arguments, nested


def pointers(value: Any, pointer: str = "") -> list[str]:
    """Every pointer below a value, by plain recursion: the renderer must not be its own judge."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(str(index), below) for index, below in enumerate(value)]
    else:
        return []
    result = []
    for key, below in pairs:
        child = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        result += [child, *pointers(below, child)]
    return result


def at(args: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        args = args[int(key)] if isinstance(args, list) else args[key]
    return args


def keys(table: FieldTable) -> list[str]:
    return [row.pointer for row in table.rows]


@given(arguments)
def test_every_pointer_is_in_the_table_once(args: dict[str, Any]) -> None:
    assert sorted(keys(field_table(args))) == sorted(pointers(args))


@given(arguments)
def test_every_value_can_be_read_back(args: dict[str, Any]) -> None:
    for row in field_table(args).rows:
        value = at(args, row.pointer)
        if row.value is None:
            assert isinstance(value, (dict, list))
        elif row.type in ("text", "empty text"):
            assert row.value.source == value
        else:
            assert json.loads(row.value.source) == value
            assert row.value.source == json.dumps(value)


@given(arguments, st.integers(1, 20))
def test_chunks_lose_nothing_and_keep_their_size(args: dict[str, Any], max_lines: int) -> None:
    table = field_table(args)
    chunks = list(table.chunks(max_lines))
    assert all(sum(row.line_count for row in chunk) <= max_lines for chunk in chunks)
    rejoined: dict[str, str] = {}
    for row in (row for chunk in chunks for row in chunk):
        rejoined[row.pointer] = rejoined.get(row.pointer, "") + (row.value.source if row.value else "")
    assert rejoined == {row.pointer: row.value.source if row.value else "" for row in table.rows}
    assert list(rejoined) == keys(table)


@given(arguments)
def test_a_row_stands_below_what_it_belongs_to(args: dict[str, Any]) -> None:
    above: list[Row] = []
    for row in field_table(args).rows:
        above = above[: row.depth]
        parent = above[-1].pointer if above else ""
        assert row.pointer.rpartition("/")[0] == parent
        above.append(row)


SCHEMA = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "amount": {"type": "number"},
        "note": {"type": "string"},
        "address": {"$ref": "#/$defs/Address"},
        "lines": {"type": "array", "items": {"properties": {"sku": {}}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["amount"],
    "$defs": {"Address": {"anyOf": [{"properties": {"city": {}}}, {"type": "null"}]}},
}


def test_findings_come_first_then_unknown_then_required_then_the_order_sent() -> None:
    args = {"note": "x", "to": "y", "bcc": "z", "amount": 1, "address": {"city": "a\u200bb"}}
    table = field_table(args, schema=SCHEMA)
    assert [row.pointer for row in table.rows if row.depth == 0] == [
        "/address",
        "/bcc",
        "/amount",
        "/note",
        "/to",
    ]
    assert [row.pointer for row in table.rows if row.unknown] == ["/bcc"]


def test_unknown_fields_are_found_through_references_alternatives_and_lists() -> None:
    args = {
        "address": {"city": "Bonn", "planet": "Mars"},
        "lines": [{"sku": 1}, {"sku": 2, "discount": 100}],
        "labels": {"anything": "goes"},
    }
    unknown = [row.pointer for row in field_table(args, schema=SCHEMA).rows if row.unknown]
    assert unknown == ["/address/planet", "/lines/1/discount"]


def test_without_a_schema_no_field_is_unknown() -> None:
    assert not any(row.unknown for row in field_table({"a": {"b": 1}}).rows)
    assert not any(row.unknown for row in field_table({"a": 1}, schema={"type": "object"}).rows)


def test_a_tool_without_arguments_knows_none() -> None:
    assert [row.unknown for row in field_table({"a": 1}, schema={"properties": {}}).rows] == [True]


def test_a_schema_that_refers_to_itself_or_to_nothing_is_read_to_its_end() -> None:
    schema = {"properties": {"a": {"$ref": "#/properties/a"}, "b": {"$ref": "#/missing"}, "c": True}}
    rows = field_table({"a": {"x": 1}, "b": {"x": 1}, "c": 1, "d": 1}, schema=schema).rows
    assert [row.pointer for row in rows if row.unknown] == ["/d"]


def test_a_schema_with_thousands_of_alternatives_costs_little_and_hides_nothing() -> None:
    branches: list[dict[str, Any]] = [{"properties": {f"k{number}": {}}} for number in range(5_000)]
    rows = field_table({"k1": 1, "k4999": 1}, schema={"anyOf": branches}).rows
    assert "/k4999" in [row.pointer for row in rows if row.unknown]


def test_types_tell_apart_what_looks_the_same() -> None:
    args = {"a": True, "b": "true", "c": 1, "d": "1", "e": None, "f": "null", "g": "", "h": [], "i": {}}
    shown = {
        row.key.plain: (row.type, row.value.plain if row.value else None) for row in field_table(args).rows
    }
    assert shown == {
        "a": ("yes/no", "true"),
        "b": ("text", "true"),
        "c": ("number", "1"),
        "d": ("text", "1"),
        "e": ("nothing", "null"),
        "f": ("text", "null"),
        "g": ("empty text", ""),
        "h": ("list of 0", None),
        "i": ("object of 0 fields", None),
    }


def test_numbers_are_shown_exactly() -> None:
    args = {"a": 1e21, "b": 0.1, "c": 9007199254740991, "d": 100.0}
    assert [row.value.plain for row in field_table(args).rows if row.value] == [
        "1e+21",
        "0.1",
        "9007199254740991",
        "100.0",
    ]


def test_an_element_of_a_list_is_not_taken_for_a_key() -> None:
    rows = field_table({"to": ["x"], "[0]": "y"}).rows
    assert [(row.key.plain, row.element) for row in rows] == [("to", False), ("[0]", True), ("[0]", False)]


def test_a_finding_names_the_place_without_hidden_characters() -> None:
    table = field_table({"k\u202e": "v\u200b", "list": ["ok", "\x1b[2J"]})
    assert [finding.where for finding in table.findings] == [
        "/k‹U+202E RLO›, key, character 2",
        "/k‹U+202E RLO›, character 2",
        "/list/1, character 1",
    ]
    assert not any(map(hidden, "".join(finding.where + finding.message for finding in table.findings)))


def test_keys_that_look_alike_are_named() -> None:
    for twin in ("аmount", "Amount", "amo\u200bunt"):
        codes = {finding.code for finding in field_table({"amount": 1, twin: 2}).findings}
        assert "similar-keys" in codes, twin
    assert field_table({"amount": 1, "amounts": 2}).findings == ()


def test_many_alike_findings_become_one_with_a_count() -> None:
    table = field_table({"to": ["a\u200bb"] * 1_000})
    assert [(finding.code, finding.where) for finding in table.findings] == [
        ("zero-width", "/to/0, character 2; /to/1, character 2; /to/2, character 2 and 997 more")
    ]
    assert all(row.findings for row in table.rows if row.element)


def test_a_long_place_is_cut_visibly() -> None:
    table = field_table({"k" * 250: "\u200b"})
    assert table.findings[0].where == "/" + "k" * 199 + "…, character 1"


def test_deep_nesting_is_no_recursion() -> None:
    for depth in (64, 2_000):
        rows = field_table(nested(depth), schema=SCHEMA).rows
        assert rows[-1].key.plain == "end"
        assert rows[-1].depth == len(rows) - 1


def test_twenty_thousand_elements_are_all_there() -> None:
    table = field_table({"ids": list(range(20_000))})
    assert len(table.rows) == 20_001
    chunks = list(table.chunks())
    assert len(chunks) == 51
    assert [row.value.plain for chunk in chunks for row in chunk if row.value][-1] == "19999"


def test_a_long_text_is_continued_chunk_by_chunk() -> None:
    body = "".join(f"line {number}\n" for number in range(1_000))
    chunks = list(field_table({"a": 1, "body": body, "z": 2}).chunks(400))
    parts = [row for chunk in chunks for row in chunk if row.pointer == "/body"]
    assert [(row.part, row.parts, row.line_count) for row in parts] == [(1, 3, 400), (2, 3, 400), (3, 3, 200)]
    assert "".join(row.value.source for row in parts if row.value) == body
    assert [[row.pointer for row in chunk] for chunk in chunks] == [
        ["/a"],
        ["/body"],
        ["/body"],
        ["/body", "/z"],
    ]


def test_a_long_line_counts_as_the_lines_it_wraps_to() -> None:
    assert field_table({"a": "x" * 1_000}).line_count == 10
    assert field_table({"a": "x" * 1_001}).line_count == 11
    assert field_table({"a": "x\u200b" * 30}).line_count == 4
