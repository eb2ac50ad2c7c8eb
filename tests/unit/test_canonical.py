"""Strict JSON against hostile bytes: linear in their length, and refused in one way only."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.canonical import MAX_DEPTH, JsonRefused, dumps, loads

ROOM = 8 * 1024 * 1024
HOSTILE = {
    "escaped quotes in an unclosed string": (b'{"a":"', b'\\"', b""),
    "escaped quotes in a closed string": (b'{"a":"', b'\\"', b'"}'),
    "quotes": (b"", b'"', b""),
    "backslashes": (b'{"a":"', b"\\", b""),
    "backslashes outside strings": (b"", b"\\", b""),
    "quotes after backslashes": (b"", b'\\\\"', b""),
    "a string that is never closed": (b'{"a":"', b"x", b""),
    "closed objects": (b'{"a":[', b"{},", b"0]}"),
    "closing brackets": (b"", b"]", b""),
    "opening brackets": (b"", b"[", b""),
    "opening brackets in a string": (b'{"a":"', b"[", b'"}'),
    "digits": (b'{"a":', b"1", b"}"),
    "digits after the point": (b'{"a":0.', b"1", b"}"),
    "digits of an exponent": (b'{"a":1e', b"1", b"}"),
    "blanks": (b'{"a":', b" ", b""),
}


def refused(raw: bytes, max_bytes: int = ROOM) -> JsonRefused | None:
    try:
        loads(raw, max_bytes=max_bytes)
    except JsonRefused as refusal:
        return refusal
    return None


def seconds(raw: bytes) -> float:
    """The least processor time of several readings, in seconds."""
    times = []
    for _ in range(7):
        began = time.process_time()
        refused(raw)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize("kind", HOSTILE)
def test_four_times_the_bytes_cost_about_four_times_the_time(kind: str) -> None:
    before, unit, after = HOSTILE[kind]
    short, long = (before + unit * (size // len(unit)) + after for size in (60_000, 240_000))
    # Quadratic work costs sixteen times as much. Half a millisecond covers the clock's grain.
    assert seconds(long) < 9 * seconds(short) + 0.000_5


@pytest.mark.parametrize("closing", [b"", b'"}'])
def test_escaped_quotes_and_backslashes_do_not_hide_nesting(closing: bytes) -> None:
    deep = b"[" * (MAX_DEPTH + 1)
    for text in (rb"\\", rb"\"", rb"\\\"", rb"\n\\", rb"\"\\", b""):
        refusal = refused(b'{"a":"' + text + b'","b":' + deep + closing)
        assert refusal is not None
        assert refusal.code == "too-deep", text


@pytest.mark.parametrize("text", [rb"\\", rb"\"", rb"\\\"", rb"\n\\", rb"\"\\", b""])
def test_brackets_in_strings_are_no_nesting(text: bytes) -> None:
    raw = b'{"a":"' + text + b"[" * 500 + text + b'"}'
    assert loads(raw) == json.loads(raw)


def test_as_deep_as_allowed_and_no_deeper() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert refused(nested(MAX_DEPTH)) is None
    refusal = refused(nested(MAX_DEPTH + 1))
    assert refusal is not None
    assert refusal.code == "too-deep"


@pytest.mark.parametrize("mantissa", ["0", "1", "-0", "-1", "0.0", "1.5", "9" * 16])
@pytest.mark.parametrize("sign", ["", "+", "-"])
@pytest.mark.parametrize("digits", [3, 4, 17, 18, 19, 20, 21, 400, 5_000])
def test_exponents_out_of_range_are_refused_as_numbers(mantissa: str, sign: str, digits: int) -> None:
    zero = float(mantissa) == 0
    refusal = refused(f'{{"a":{mantissa}e{sign}{"9" * digits}}}'.encode())
    if zero and refusal is None:
        assert not mantissa.startswith("-")
        assert digits < 19
        return
    assert refusal is not None
    expected = (422, "number-not-exact") if zero and digits < 19 else (400, "invalid-number")
    assert (refusal.status, refusal.code) == expected


@pytest.mark.parametrize("number", ["0e99999999999999999999", "1e-99999999999999999999"])
def test_an_exponent_beyond_decimal_is_an_invalid_number(number: str) -> None:
    refusal = refused(f'{{"a":{number}}}'.encode())
    assert refusal is not None
    assert (refusal.status, refusal.code) == (400, "invalid-number")


DIGITS = st.text("0123456789", min_size=1, max_size=30)
NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    DIGITS,
    st.one_of(st.just(""), DIGITS.map(".{}".format)),
    st.one_of(
        st.just(""),
        st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), DIGITS),
    ),
)
NEARLY_JSON = st.lists(
    st.one_of(st.sampled_from([*'{}[]",:\\ntue/', '"a":', "\\ud800", "NaN", "null", "\\u0000"]), NUMBERS)
).map(lambda parts: "".join(parts).encode())


@given(st.one_of(st.binary(), NEARLY_JSON, NEARLY_JSON.map(lambda raw: b'{"a":' + raw + b"}")))
@example(b'{"a":' + b"[" * 100_000)
@example(b'{"a":"\\')
def test_any_bytes_are_read_or_refused_and_what_is_read_comes_back(raw: bytes) -> None:
    refusal = refused(raw)
    if refusal is None:
        assert loads(dumps(loads(raw))) == loads(raw)
    else:
        assert refusal.status in (400, 413, 422)
        assert refusal.detail


@given(NUMBERS)
def test_any_number_is_held_exactly_or_refused(number: str) -> None:
    try:
        value = loads(f'{{"a":{number}}}'.encode())["a"]
    except JsonRefused:
        return
    assert loads(dumps({"a": value})) == {"a": value}
