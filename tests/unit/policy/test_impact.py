from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from inbox.policy.impact import MOST_VALUES, Impact, TooMuchToCheck, measure


def reach_of(args: dict[str, Any]) -> tuple[float, str]:
    found = measure(args).reach
    return (found.number, found.noun) if found else (0, "")


def amount_of(args: dict[str, Any]) -> float:
    found = measure(args).amount
    return found.number if found else 0


def test_arguments_that_touch_nothing_measure_nothing() -> None:
    assert measure({"path": "docs/a.md", "content": "hello", "draft": True}) == Impact(None, None, None)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"recipients": ["a", "b", "c"]}, (3, "recipients")),
        ({"to": ["a", "b"]}, (2, "recipients")),
        ({"userIds": [1, 2, 3, 4]}, (4, "users")),
        ({"account_ids": list(range(1247))}, (1247, "accounts")),
        ({"numbers": [1, 2]}, (2, "entries")),
        ({"rows": [{"a": 1}, {"a": 2}]}, (2, "rows")),
        ({"audience": {"segment": "all", "recipients": 2451}}, (2451, "recipients")),
        ({"recipient_count": 2451}, (2451, "recipients")),
        ({"count": "1,247"}, (1247, "entries")),
        ({"rows_affected": 41_202}, (41_202, "rows")),
        ({"audience_size": 90}, (90, "recipients")),
        ({"to": "a@x.example, b@x.example;c@x.example"}, (3, "addresses")),
        ({"body": "a@x.example|b@x.example"}, (2, "addresses")),
    ],
)
def test_people_and_things_are_counted(args: dict[str, Any], expected: tuple[int, str]) -> None:
    assert reach_of(args) == expected


@pytest.mark.parametrize(
    "args",
    [
        {"embedding": [0.1, 0.2, 0.3]},
        {"flags": [True, False]},
        {"rows_per_page": 500},
        {"account_number": 12_345_678},
        {"user_id": 99_999},
        {"file_size": 50_000},
        {"order_total": 4_999},
        {"recipient": {"name": "Ann", "city": "Rome"}},
        {"handle": "@ann", "note": "me @ home"},
        {"count": True},
    ],
)
def test_numbers_that_count_nobody_are_not_reach(args: dict[str, Any]) -> None:
    assert measure(args).reach is None


def test_cutting_a_list_into_short_ones_hides_nothing() -> None:
    assert reach_of({"batches": [{"users": list(range(50))} for _ in range(30)]}) == (1500, "users")
    assert reach_of({"users": [list(range(50)) for _ in range(30)]}) == (1500, "users")


def test_a_list_of_ids_under_a_plural_name_counts_ids_and_does_not_add_them_up() -> None:
    assert reach_of({"users": [90_001, 90_002]}) == (2, "users")


def test_a_table_with_hundreds_of_keys_is_a_list_in_disguise() -> None:
    assert reach_of({"recipients": {f"p{i}": "x" for i in range(300)}}) == (300, "recipients")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (640, 640),
        (-640.5, 640.5),
        ("640", 640),
        ("$1,200.00", 1200),
        ("1.200,50 EUR", 1200.5),
        ("€ 1 200,50", 1200.5),
        ("1'200", 1200),
        ("1.200", 1200),
        ("1,200", 1200),
        ("1.234.567", 1_234_567),
        ("12.5", 12.5),
        ("USD 99.99", 99.99),
        ("١٢٠٠", 1200),
        ("about 5", 0),
        ("", 0),
        ("2026-11-21", 0),
        (True, 0),
        (None, 0),
    ],
)
def test_amounts_are_read_as_people_write_them(value: object, expected: float) -> None:
    assert amount_of({"amount": value}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"amount_cents": 120_000}, 1200),
        ({"refund": {"value": "1200", "currency": "USD"}}, 1200),
        ({"invoices": [{"amount": 900}, {"amount": 800}]}, 1700),
        ({"total": 1700, "lines": [{"price": 900}, {"price": 800}]}, 1700),
        ({"value": 5000}, 0),
        ({"quantity": 5000}, 0),
    ],
)
def test_money_is_found_and_lines_of_one_list_are_added_up(args: dict[str, Any], expected: float) -> None:
    assert amount_of(args) == pytest.approx(expected)


@pytest.mark.parametrize(
    "args",
    [
        {"password": "hunter2"},
        {"config": {"apiKey": "abc"}},
        {"access_token": "abc"},
        {"token": "abc"},
        {"body": "key: AKIAABCDEFGHIJKLMNOP"},
        {"text": "-----BEGIN RSA PRIVATE KEY-----\nMIIE"},
        {"note": "use ghp_" + "a1B2" * 9},
    ],
)
def test_what_looks_like_a_secret_is_found(args: dict[str, Any]) -> None:
    assert measure(args).secret is not None


@pytest.mark.parametrize(
    "args",
    [{"max_tokens": "100"}, {"page_token": "abc"}, {"password": ""}, {"key": "name"}, {"password": True}],
)
def test_what_only_sounds_like_a_secret_is_not(args: dict[str, Any]) -> None:
    assert measure(args).secret is None


def test_a_hostile_argument_name_is_not_printed() -> None:
    found = measure({"amount‮": 500}).amount
    assert found is not None
    assert found.argument == "an argument"


def test_the_order_of_arguments_changes_nothing() -> None:
    args = {"to": ["a", "b"], "users": ["c", "d"], "amount": 5, "price": 5}
    assert measure(args) == measure(dict(reversed(args.items())))


def test_a_number_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="number"):
        measure({"amount": math.nan})


def test_more_values_than_the_budget_is_an_error_before_they_are_walked() -> None:
    with pytest.raises(TooMuchToCheck):
        measure({"rows": [0.5] * (MOST_VALUES + 1)})


def test_bottomless_nesting_is_an_error() -> None:
    class Well(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return self

        def __iter__(self) -> Iterator[str]:
            return iter(["down"])

        def __len__(self) -> int:
            return 1

    with pytest.raises(TooMuchToCheck):
        measure(Well())


@pytest.mark.parametrize(
    "text",
    [
        "a" * 250_000 + "@",
        "@" * 250_000,
        "-----BEGIN " * 23_000,
        "ghp_" * 60_000,
        "1," * 125_000,
        " " * 250_000,
    ],
)
def test_a_hostile_text_of_a_quarter_megabyte_is_walked_at_once(text: str) -> None:
    # Quadratic work on any of these would take minutes; a second leaves room for a busy machine.
    start = time.process_time()
    measure({"amount": text, "to": text})
    assert time.process_time() - start < 1
