"""The batch sheet says once what is the same, shows all that varies, and puts what is odd first."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.rendering import columns
from inbox.rendering.batch import BatchItem, BatchRow, BatchSheet, batch_sheet
from inbox.rendering.outliers import modified_z, outliers
from inbox.rendering.reveal import Revealed, reveal
from tests.unit.rendering.strategies import arguments


def refunds(count: int = 50, seed: int = 7) -> list[dict[str, Any]]:
    """Refunds as an agent sends them: amounts spread evenly, one customer and order each."""
    order = random.Random(seed)
    return [
        {
            "amount": 20 + number / 2,
            "currency": "USD",
            "customer": "cus_" + "".join(order.choices(string.ascii_lowercase, k=8)),
            "order": {"id": f"#{55_000 + number}", "express": number % 2 == 0},
            "reason": "late_delivery",
        }
        for number in range(count)
    ]


def sheet(calls: list[dict[str, Any]], history: Any = None) -> BatchSheet:
    return batch_sheet([BatchItem(f"req-{number}", call) for number, call in enumerate(calls)], history)


def odd(calls: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {row.id: row.why_odd for row in sheet(calls).rows if row.place == "odd"}


def test_what_is_the_same_is_said_once_and_columns_are_what_varies() -> None:
    made = sheet(refunds())
    assert [(c.name, c.value.plain, c.count) for c in made.constants] == [
        ("currency", "USD", 50),
        ("reason", "late_delivery", 50),
    ]
    assert [(c.pointer, c.name, c.summary) for c in made.columns] == [
        ("/amount", "amount", "20.0 – 44.5 (median 32.25)"),
        ("/customer", "customer", "50 distinct"),
        ("/order/id", "order.id", "50 distinct"),
        ("/order/express", "order.express", "true ×25, false ×25"),
    ]


def test_a_clean_batch_has_nothing_odd() -> None:
    assert odd(refunds()) == {}


def planted(change: Callable[[dict[str, Any]], Any]) -> dict[str, tuple[str, ...]]:
    calls = refunds()
    change(calls[17])
    return odd(calls)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda call: call.update(amount=4_000), "amount 4000 is far above the median of 32.75"),
        (lambda call: call.update(amount=0.5), "amount 0.5 is far below the median of 32.25"),
        (lambda call: call.update(amount="28.5"), "amount is of type text, the others number"),
        (lambda call: call.update(currency="EUR"), "currency is EUR, all others have USD"),
        (lambda call: call.update(bcc="x@y.example"), "has bcc, 49 of 50 do not"),
        (lambda call: call.pop("reason"), "has no reason, 49 of 50 have one"),
        (lambda call: call.update(customer="x" * 200), "customer has 200 characters, the median is 12"),
        (
            lambda call: call.update(customer="cus_\u200babc"),
            "customer: Invisible characters of no width stand here: U+200B ZWSP.",
        ),
        (lambda call: call["order"].update(express=1), "order.express is of type number, the others yes/no"),
    ],
)
def test_one_call_among_fifty_that_differs_is_odd(
    change: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    found = planted(change)
    assert set(found) == {"req-17"}
    assert reason in found["req-17"]


def test_a_counterparty_named_twice_is_odd_in_both_calls() -> None:
    calls = refunds()
    calls[40]["customer"] = calls[17]["customer"]
    reason = f"customer {calls[17]['customer']} is also in 1 other call"
    assert odd(calls) == {"req-17": (reason,), "req-40": (reason,)}


def test_a_rare_choice_is_odd_in_a_large_batch() -> None:
    calls = refunds(200)
    for number, call in enumerate(calls):
        call["method"] = "card" if number % 2 else "bank"
    calls[5]["method"] = calls[6]["method"] = calls[7]["method"] = "crypto"
    assert odd(calls) == dict.fromkeys(("req-5", "req-6", "req-7"), ("method is crypto in 3 of 200",))


def test_one_text_or_zero_among_amounts_does_not_hide_the_large_one() -> None:
    for disguise in ("28.5", 0, -1):
        calls = refunds()
        calls[3]["amount"] = disguise
        calls[17]["amount"] = 4_000
        assert "amount 4000 is far above" in " ".join(odd(calls)["req-17"])


def test_odd_rows_come_first_then_extremes_then_spot_checks_then_the_rest() -> None:
    calls = refunds()
    calls[17]["amount"] = 4_000
    made = sheet(calls)
    assert [row.place for row in made.rows] == ["odd"] + ["extreme"] * 6 + ["spot check"] * 3 + ["rest"] * 40
    assert made.rows[0].id == "req-17"
    assert made.extremes == ("req-49", "req-48", "req-47", "req-2", "req-1", "req-0")
    assert made.spot_check == tuple(row.id for row in made.rows if row.place == "spot check")
    amounts = [float(amount_of(row)) for row in made.rows if row.place == "rest"]
    assert amounts == sorted(amounts, reverse=True)


def amount_of(row: BatchRow) -> str:
    cell = row.cells[0]
    assert cell is not None
    return cell.shown.source


def test_spot_checks_are_the_same_for_everybody_and_differ_between_batches() -> None:
    assert sheet(refunds()).spot_check == sheet(refunds()).spot_check
    assert sheet(refunds(50)).spot_check != sheet(refunds(51)).spot_check


class OnlyDollars:
    """Approved before: late deliveries in dollars."""

    def approved_before(self, pointer: str, value: Any) -> bool:
        return (pointer, value) in {
            ("/currency", "USD"),
            ("/reason", "late_delivery"),
            ("/order/express", True),
        }


def test_a_constant_nobody_approved_before_is_suspect() -> None:
    calls = [{**call, "payout_account": "DE02"} for call in refunds()]
    findings = {c.name: [f.code for f in c.findings] for c in sheet(calls, OnlyDollars()).constants}
    assert findings == {"currency": [], "reason": [], "payout_account": ["never-seen"]}


def test_a_choice_nobody_approved_before_is_odd_and_fresh_names_are_not() -> None:
    reasons = {why for row in sheet(refunds(), OnlyDollars()).rows for why in row.why_odd}
    assert reasons == {"order.express false was never approved before for this tool"}


def test_a_finding_in_a_constant_stands_beside_it() -> None:
    made = sheet([{**call, "memo": "ok\u202e"} for call in refunds()])
    assert {c.name: [f.code for f in c.findings] for c in made.constants}["memo"] == ["bidi-control"]


def test_equal_looking_values_of_other_types_are_different() -> None:
    calls = [{"x": value} for value in (True, True, True, 1)]
    assert odd(calls) == {"req-3": ("x is of type number, the others yes/no", "x is 1, all others have true")}


def test_lists_are_shown_whole_as_json() -> None:
    made = sheet([{"to": ["a", "b\u202e"]}, {"to": []}])
    shown = {row.id: row.cells[0] for row in made.rows}
    assert {name: (cell.shown.plain, cell.type) for name, cell in shown.items() if cell} == {
        "req-0": ('["a", "b‹U+202E RLO›"]', "list of 2"),
        "req-1": ("[]", "list of 0"),
    }


def test_a_batch_of_none_one_or_equal_calls_has_no_columns() -> None:
    assert sheet([]).rows == ()
    for calls in ([{"a": 1}], [{"a": 1}] * 20):
        made = sheet(calls)
        assert made.columns == ()
        assert [(c.name, c.count) for c in made.constants] == [("a", len(calls))]
        assert [row.id for row in made.rows if row.why_odd] == []


@given(st.lists(arguments, max_size=8))
def test_every_call_is_on_the_sheet_once_with_all_its_values(calls: list[dict[str, Any]]) -> None:
    made = sheet(calls)
    assert sorted(row.id for row in made.rows) == sorted(f"req-{number}" for number in range(len(calls)))
    constants = {constant.pointer for constant in made.constants}
    for row in made.rows:
        present = {column.pointer for column, cell in zip(made.columns, row.cells, strict=True) if cell}
        assert present | constants == set(flat_pointers(calls[int(row.id[4:])]))


def flat_pointers(value: dict[str, Any], above: str = "") -> list[str]:
    result = []
    for key, below in value.items():
        pointer = f"{above}/{key.replace('~', '~0').replace('/', '~1')}"
        result += flat_pointers(below, pointer) if isinstance(below, dict) and below else [pointer]
    return result


def test_scores_do_not_depend_on_the_unit() -> None:
    cents = modified_z([4_10, 36_50, 49_99, 12_00, 400_00])
    assert cents == pytest.approx(modified_z([4.10, 36.50, 49.99, 12.00, 400.00]))


def test_the_threshold_is_three_and_a_half() -> None:
    spread = [-3, -2, -1, 0, 1, 2, 3]
    assert modified_z([*spread, 10])[-1] == pytest.approx(3.204, abs=0.001)
    assert outliers([*spread, 10]) == {}
    assert modified_z([*spread, 12])[-1] == pytest.approx(3.878, abs=0.001)
    assert set(outliers([*spread, 12])) == {7}


def test_few_or_equal_numbers_have_no_outliers() -> None:
    assert outliers([1, 1, 1, 1_000]) == {}
    assert outliers([25.0] * 50) == {}
    assert set(outliers([25.0] * 49 + [26.0])) == {49}


def test_clean_skewed_amounts_are_rarely_flagged_and_a_plant_is_always_in_sight() -> None:
    """Measured when the rule was chosen: on a raw scale 82 % of such batches would carry a false flag."""
    order = random.Random(11)
    flagged = seen = 0
    for _ in range(200):
        amounts = [round(order.lognormvariate(3.7, 0.6), 2) for _ in range(50)]
        flagged += bool(outliers(amounts))
        amounts[23] = max(amounts) * 2
        made = sheet([{"amount": amount} for amount in amounts])
        seen += "req-23" in [row.id for row in made.rows if row.place in ("odd", "extreme")]
    assert flagged < 40
    assert seen == 200


def test_each_value_of_a_large_batch_is_revealed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    revealed: list[str] = []

    def counting(text: str) -> Revealed:
        revealed.append(text)
        return reveal(text)

    monkeypatch.setattr(columns, "reveal", counting)
    assert len(sheet(refunds(500)).rows) == 500
    assert len(revealed) == 3 * 500 + len(["true", "false", "USD", "late_delivery"])
