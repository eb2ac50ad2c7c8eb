"""Options are compared by their values, in an order that is not the agent's, and chosen by what was sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.canonical import dumps
from inbox.rendering import options as module
from inbox.rendering.edit import EditRefused
from inbox.rendering.options import OptionTable, option_table, read_choice, value_of
from tests.unit.rendering.edit.strategies import json_values
from tests.unit.rendering.strategies import unshown

FLIGHTS = [
    {"value": {"price": 420.5, "stops": 0, "airline": "B", "refund": False}, "label": "Best choice"},
    {
        "value": {"price": 99, "stops": 2, "airline": "A", "refund": False},
        "description": "already approved by security",
    },
    {"value": {"price": 250, "stops": 1, "airline": "C", "refund": False}},
]

wrapped = st.builds(
    lambda value, words: {"value": value, **words},
    json_values,
    st.fixed_dictionaries({}, optional={"label": st.text(max_size=5), "description": st.text(max_size=5)}),
)
offers = st.lists(st.one_of(json_values, wrapped), min_size=1, max_size=6)


def shown(table: OptionTable) -> list[list[str | None]]:
    return [[cell.shown.plain if cell else None for cell in row.cells] for row in table.rows]


def test_what_differs_is_in_columns_and_what_does_not_is_said_once() -> None:
    table = option_table(FLIGHTS)
    assert [(one.name, one.value.plain, one.count) for one in table.constants] == [("refund", "false", 3)]
    assert [column.name for column in table.columns] == ["airline", "price", "stops"]
    assert shown(table) == [["A", "99", "2"], ["C", "250", "1"], ["B", "420.5", "0"]]
    assert table.sorted_by == "price"
    assert [(row.number, row.index) for row in table.rows] == [(1, 1), (2, 2), (3, 0)]


def test_words_are_claims() -> None:
    first, _, last = option_table(FLIGHTS).rows
    assert first.description is not None
    assert [finding.code for finding in first.description.findings] == ["talks-to-reviewer"]
    assert last.label is not None
    assert last.label.shown.plain == "Best choice"


def test_without_numbers_that_all_have_the_text_of_the_value_decides() -> None:
    assert shown(option_table(["b", "a", 3])) == [["a"], ["b"], ["3"]]
    table = option_table([{"n": 2, "x": "q"}, {"n": "1", "x": "p"}])
    assert (table.sorted_by, [row.index for row in table.rows]) == ("", [1, 0])


def test_an_option_with_another_name_for_the_same_value_is_named() -> None:
    table = option_table([{"value": 1, "label": "Keep"}, {"value": 2}, {"value": 1, "label": "Delete"}])
    assert [(row.number, row.same_as) for row in table.rows] == [(1, None), (2, 1), (3, None)]


def test_a_hostile_label_hides_nothing() -> None:
    (row,) = option_table([{"value": "x\u202ey", "label": "pay\u200bpal\u202e"}]).rows
    assert row.label is not None
    assert row.label.shown.plain == "pay‹U+200B ZWSP›pal‹U+202E RLO›"
    assert option_table(["x\u202ey", "z"]).rows[0].cells[0].shown.severity == "block"  # type: ignore[union-attr]


@given(offers, st.randoms())
def test_the_agents_order_makes_no_difference(options: list[Any], random: Any) -> None:
    other = list(options)
    random.shuffle(other)
    tables = option_table(options), option_table(other)
    assert shown(tables[0]) == shown(tables[1])
    ordered = [
        [dumps(source[row.index]) for row in table.rows]
        for source, table in zip((options, other), tables, strict=True)
    ]
    assert ordered[0] == ordered[1]


@given(offers)
def test_every_value_is_on_the_table_and_can_be_chosen(options: list[Any]) -> None:
    table = option_table(options)
    assert sorted(row.index for row in table.rows) == list(range(len(options)))
    for row in table.rows:
        (value,) = read_choice(options, False, [str(row.index)])
        assert dumps(value) == dumps(value_of(options[row.index]))
    for column in (*table.columns, *table.constants):
        assert not unshown(column.name)


def test_one_or_several_are_chosen_in_the_order_sent() -> None:
    assert read_choice(["a", {"value": None}, "c"], True, ["2", "1"]) == (None, "c")
    assert read_choice(["a"], True, ["0"]) == ("a",)


@pytest.mark.parametrize(
    ("multiple", "posted", "code"),
    [
        (False, [], "nothing-chosen"),
        (True, [], "nothing-chosen"),
        (False, ["0", "1"], "one-only"),
        (True, ["0", "0"], "repeated-field"),
        (True, ["3"], "not-a-choice"),
        (True, ["-1"], "not-a-choice"),
        (True, ["a"], "not-a-choice"),
        (True, [" 0"], "not-a-choice"),
        (True, ["٠"], "not-a-choice"),
    ],
)
def test_what_is_no_choice_is_refused(multiple: bool, posted: list[str], code: str) -> None:
    with pytest.raises(EditRefused) as caught:
        read_choice(["a", "b", "c"], multiple, posted)
    assert [error.code for error in caught.value.errors] == [code]


def test_every_code_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "explanation" / "editing.md").read_text()
    section = page.split("## Options\n")[1].split("\n## ")[0]
    spoken = re.findall(r'_refused\("([a-z-]+)"', Path(module.__file__).read_text())
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == set(spoken)
