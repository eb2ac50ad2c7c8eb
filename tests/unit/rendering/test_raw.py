"""The raw views are the canonical bytes, readable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from inbox import canonical
from inbox.rendering.raw import hexdump, raw_json
from tests.unit.rendering.strategies import arguments, nested, unshown


@given(arguments)
def test_the_raw_view_is_the_canonical_bytes_with_line_breaks(args: dict[str, Any]) -> None:
    shown = raw_json(args)
    assert canonical.dumps(json.loads(shown.source)) == canonical.dumps(args)
    assert shown.source == json.dumps(args, sort_keys=True, ensure_ascii=False, indent=2)
    assert unshown(shown.plain.replace("\n", "")) == []


def test_hidden_characters_are_badges_with_their_line() -> None:
    shown = raw_json({"a": 1, "to": "x\u202ey"})
    assert shown.plain == '{\n  "a": 1,\n  "to": "x‹U+202E RLO›y"\n}'
    assert [(f.code, f.where) for f in shown.findings] == [("bidi-control", "line 3, character 9")]


def test_the_indentation_of_a_deep_payload_is_not_padding() -> None:
    assert raw_json(nested(63)).findings == ()


def test_padding_inside_a_value_still_is() -> None:
    assert [f.code for f in raw_json({"a": "x" + " " * 90 + "y"}).findings] == ["padding"]


def test_numbers_json_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        raw_json({"a": float("nan")})


def test_a_hexdump_shows_offset_bytes_and_printable_ascii() -> None:
    assert hexdump('{"to":"é\n0123456789'.encode()).split("\n") == [
        '00000000  7b 22 74 6f 22 3a 22 c3  a9 0a 30 31 32 33 34 35  |{"to":"...012345|',
        "00000010  36 37 38 39                                       |6789|",
    ]
    assert hexdump(b"") == ""


def test_every_byte_can_be_read_back_from_the_hexdump() -> None:
    raw = bytes(range(256)) * 3 + b"end"
    lines = hexdump(raw).split("\n")
    assert bytes.fromhex("".join(line[10:58] for line in lines)) == raw
