"""A diff says everything that changed and nothing else, and is the way from one value to the other."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.canonical import dumps
from inbox.rendering.columns import ABSENT
from inbox.rendering.diff import Change, ChangeKind, apply, diff, summary
from inbox.rendering.text_diff import text_diff
from tests.unit.rendering.edit.strategies import json_values, scalars
from tests.unit.rendering.strategies import any_text, nested, unshown


def told(before: Any, after: Any) -> list[tuple[str, str, Any, Any]]:
    return [
        (one.pointer, one.kind, *(None if value is ABSENT else value for value in (one.before, one.after)))
        for one in diff(before, after)
    ]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A value and the same one with some of it changed: two drawn apart share too little to be aligned."""
    before = draw(json_values)
    return before, draw(changed(before))


def changed(value: Any) -> st.SearchStrategy[Any]:
    """The value with any part replaced, removed, repeated or moved."""

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        if draw(st.integers(0, 5)) == 0:
            return draw(scalars)
        if isinstance(value, dict):
            kept = {key: draw(changed(below)) for key, below in value.items() if draw(st.integers(0, 4))}
            return {**kept, **draw(st.dictionaries(st.sampled_from("abz"), scalars, max_size=1))}
        if isinstance(value, list):
            elements = [draw(changed(below)) for below in value if draw(st.integers(0, 4))]
            extra = draw(st.lists(scalars, max_size=2))
            at = draw(st.integers(0, len(elements)))
            return elements[:at] + extra + elements[at:]
        return value

    return build().filter(_storable)


def _storable(value: Any) -> bool:
    try:
        dumps(value)
    except UnicodeEncodeError:
        return False
    return True


@given(pairs())
def test_the_changes_lead_from_the_first_value_to_the_second(pair: tuple[Any, Any]) -> None:
    before, after = pair
    assert dumps(apply(before, diff(before, after))) == dumps(after)


@given(json_values, json_values)
def test_they_do_so_for_values_that_have_nothing_in_common(before: Any, after: Any) -> None:
    assert dumps(apply(before, diff(before, after))) == dumps(after)


@given(pairs())
def test_no_change_without_a_difference_and_none_said_twice(pair: tuple[Any, Any]) -> None:
    before, after = pair
    assert diff(before, before) == ()
    changes = diff(before, after)
    assert bool(changes) == (dumps(before) != dumps(after))
    assert len({(one.pointer, one.kind is ChangeKind.ADDED) for one in changes}) == len(changes)
    for one in changes:
        assert ABSENT in (one.before, one.after) or dumps(one.before) != dumps(one.after)
        assert not unshown(summary([one]))


@given(any_text, any_text)
def test_the_parts_of_a_text_are_both_texts(before: str, after: str) -> None:
    parts = text_diff(before, after)
    assert "".join(part.shown.source for part in parts if part.kind != "added") == before
    assert "".join(part.shown.source for part in parts if part.kind != "removed") == after
    assert all(part.shown.source for part in parts)
    assert all(one.kind != other.kind for one, other in pairwise(parts))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 25, "b": 1}, {"b": 1, "a": 23}, [("/a", "changed", 25, 23)]),
        ({"a": 25}, {"a": "25"}, [("/a", "retyped", 25, "25")]),
        ({"a": 1}, {"a": True}, [("/a", "retyped", 1, True)]),
        ({"a": 1}, {"a": 1.0}, [("/a", "changed", 1, 1.0)]),
        ({"a": ""}, {"a": None}, [("/a", "retyped", "", None)]),
        ({"a": 1}, {"b": None}, [("/a", "removed", 1, None), ("/b", "added", None, None)]),
        ({"x/y": {"~": 1}}, {"x/y": {"~": 2}}, [("/x~1y/~0", "changed", 1, 2)]),
        ([1, 2, 3], [0, 1, 2, 3], [("/0", "added", None, 0)]),
        ([1, 2, 3], [1, 3], [("/1", "removed", 2, None)]),
        ([1, 2, 3], [1, 9, 3], [("/1", "changed", 2, 9)]),
        (["a", "b", "c"], ["c", "a", "b"], [("/0", "added", None, "c"), ("/2", "removed", "c", None)]),
        ([], [[]], [("/0", "added", None, [])]),
        (5, [5], [("", "retyped", 5, [5])]),
        (
            [{"id": 1, "n": 1, "s": "x"}, {"id": 2, "n": 1, "s": "y"}, {"id": 3, "n": 1, "s": "z"}],
            [{"id": 1, "n": 5, "s": "x"}, {"id": 3, "n": 7, "s": "z"}],
            [
                ("/0/n", "changed", 1, 5),
                ("/1", "removed", {"id": 2, "n": 1, "s": "y"}, None),
                ("/2/n", "changed", 1, 7),
            ],
        ),
    ],
)
def test_changes_are_told_where_a_person_looks_for_them(before: Any, after: Any, expected: list[Any]) -> None:
    assert told(before, after) == expected


def test_what_is_taken_out_of_a_long_list_is_all_that_changed() -> None:
    before = [f"usr_{number}" for number in range(1_247)]
    taken = {one for at, one in enumerate(before) if at * 265 % 1_247 < 265}
    after = [one for one in before if one not in taken]
    changes = diff(before, after)
    assert [one.before for one in changes] == [one for one in before if one in taken]
    assert {one.kind for one in changes} == {ChangeKind.REMOVED}
    after[500] = "usr_x"
    assert len(diff(before, after)) == 266
    assert len(diff(after, before)) == 266
    assert apply(after, diff(after, before)) == before


def test_a_text_is_compared_word_by_word() -> None:
    (change,) = diff({"body": "Dear Ann, pay 25 EUR now."}, {"body": "Dear Ann, pay 23 EUR."})
    assert [(part.kind, part.shown.plain) for part in change.parts] == [
        ("same", "Dear Ann, pay "),
        ("removed", "25"),
        ("added", "23"),
        ("same", " EUR"),
        ("removed", " now"),
        ("same", "."),
    ]


def test_what_is_hidden_in_a_change_is_shown() -> None:
    (change,) = diff({"k\u202e": "paypal.com"}, {"k\u202e": "pay\u200bpal.com"})
    assert change.place == "k‹U+202E RLO›"
    assert change.shown_after is not None
    assert change.shown_after.severity == "block"
    assert summary([change]) == "k‹U+202E RLO› paypal.com → pay‹U+200B ZWSP›pal.com"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, "nothing changed"),
        ({"amount": 25, "to": "x"}, {"amount": 23, "to": "y z"}, "amount 25 → 23 and 1 more"),
        ({"a": {"b": [1]}}, {"a": {"b": [1, 2]}}, "a.b.1 2 added"),
        ({"bcc": "e@f.example"}, {}, "bcc e@f.example removed"),
        ({"n": 25}, {"n": "25"}, "n 25 → 25 (another type)"),
        (1, 2, "the value 1 → 2"),
    ],
)
def test_one_sentence_says_what_changed(before: Any, after: Any, expected: str) -> None:
    assert summary(diff(before, after)) == expected


def test_changes_of_another_value_are_refused() -> None:
    changes = diff({"a": [1, {"b": 2}]}, {"a": [{"b": 3}], "c": 1})
    for other in (
        {},
        {"a": []},
        {"a": [1]},
        {"a": [1, {"b": 9}]},
        {"a": {"0": 1}},
        [],
        5,
        {"a": [1, {"b": 2}], "c": 0},
    ):
        with pytest.raises(ValueError, match="another value"):
            apply(other, changes)
    with pytest.raises(ValueError, match="another value"):
        apply([], [Change("/x", ChangeKind.REMOVED, 1, ABSENT)])


WORDS = " ".join(f"w{number}" for number in range(20_000))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (list(range(20_000)), list(range(20_000, 0, -1))),
        (list(range(20_000)), [-1, *range(20_000)]),
        ([[number] for number in range(5_000)], [[number, 1] for number in range(5_000)]),
        ("a b " * 200, "b a " * 200),
        ("a " * 20_000, "a a b " * 15_000),
        (WORDS, WORDS[::-1]),
        ("x" * 200_000, "x" * 199_999 + "y"),
        (
            [{"k": number % 7, "v": [number] * 3} for number in range(300)],
            [{"k": number % 5, "v": [number] * 3} for number in range(300)],
        ),
        (nested(60), nested(61)),
    ],
)
def test_hostile_values_are_compared_in_bounded_time(before: Any, after: Any) -> None:
    began = time.process_time()
    changes = diff(before, after)
    assert time.process_time() - began < 3
    assert dumps(apply(before, changes)) == dumps(after)
