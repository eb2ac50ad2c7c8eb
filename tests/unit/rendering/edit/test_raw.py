"""JSON typed by hand is read as strictly as the API's, and a refusal says where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from inbox.canonical import dumps
from inbox.rendering.characters import hidden
from inbox.rendering.edit import EditRefused, raw_text, read_raw
from tests.unit.rendering.edit.strategies import json_values


@given(json_values)
def test_the_text_of_a_value_is_read_back_and_hides_nothing(value: Any) -> None:
    text = raw_text(value)
    assert not any(map(hidden, text))
    assert dumps(read_raw(text.replace("\n", "\r\n"))) == dumps(value)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "malformed-json", 1, 1),
        ('{\n  "a": 1,\n}', "malformed-json", 3, 1),
        ('{"a": 1} x', "malformed-json", 1, 10),
        ('1, "x": 2', "malformed-json", 1, 2),
        ('1}, {"v": 2', "malformed-json", 1, 2),
        ('{"a": 1,\n "b": {"a": 2},\n "a": 3}', "duplicate-key", 3, 2),
        ('{"é": 1,\n "e\u0301": 3}', "confusable-keys", 2, 2),
        ('{"x": {"__proto__": 3}}', "reserved-key", 1, 8),
        ('{"x":\n{"": 3}}', "invalid-key", 2, 2),
        ('["NaN",\n NaN]', "invalid-number", 2, 2),
        ("[1, -Infinity]", "invalid-number", 1, 5),
        ("[1.5,\n 1e999]", "invalid-number", 2, 2),
        ("[1, 9007199254740993]", "number-not-exact", 1, 5),
        ("[-0]", "number-not-exact", 1, 2),
        ('["ok", "\\ud800"]', "invalid-unicode", 1, 8),
        ('{"a": "\\u0000"}', "invalid-unicode", 1, 7),
        ("[" * 70 + "]" * 70, "too-deep", 1, 64),
        ("[1," * 3 + "\n0", "malformed-json", 2, 2),
        ('"' + "x" * 300_000 + '"', "body-too-large", None, None),
        ("[" + "1," * 20_001 + "1]", "too-many-elements", None, None),
        ("'a'", "malformed-json", 1, 1),
        ('"' * 20_001, "malformed-json", 1, 3),
    ],
)
def test_what_is_refused_is_refused_with_its_place(
    text: str, code: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(EditRefused) as caught:
        read_raw(text, "/x")
    (error,) = caught.value.errors
    assert (error.pointer, error.code, error.line, error.column) == ("/x", code, line, column)
    assert error.message.endswith(".")


def test_any_value_may_stand_alone() -> None:
    for text, value in (("null", None), (" 5 ", 5), ('"v"', "v"), ("[]", []), ('{"v": 1}', {"v": 1})):
        assert read_raw(text) == value
