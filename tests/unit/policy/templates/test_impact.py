"""An admin's word on which arguments count, which only ever raises what the server computed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from inbox.policy.facts import Computed
from inbox.policy.templates import ImpactAdapter, adapted
from inbox.policy.templates.impact import EVERYTHING

ADAPTER = ImpactAdapter(
    recipients=("audience", "copy"),
    amount="pay.value",
    currency="pay.unit",
    rows=("ids",),
    scope=("everyone",),
)


def measured(
    args: dict[str, Any], before: Computed | None = None, adapter: ImpactAdapter = ADAPTER
) -> Computed:
    return adapted(before or Computed(), adapter, args)


def test_named_arguments_are_counted() -> None:
    found = measured(
        {
            "audience": ["a@x.io", "b@x.io"],
            "copy": "c@x.io, d@x.io",
            "ids": 7,
            "pay": {"value": "1,200.50", "unit": "eur"},
        }
    )
    assert (found.recipients, found.affected, found.amount, found.currency) == (4, 7, 1200.5, "EUR")


@pytest.mark.parametrize("value", [True, "*", "", "all", []])
def test_a_call_without_bounds_reaches_everything(value: object) -> None:
    assert measured({"everyone": value}).affected == EVERYTHING


@pytest.mark.parametrize("value", [False, "eu", ["x"], None, 0])
def test_a_bounded_or_absent_scope_does_not(value: object) -> None:
    assert measured({"everyone": value}).affected == 0
    assert measured({}).affected == 0


def test_cents_are_a_hundredth() -> None:
    adapter = ImpactAdapter(amount="cents", minor=True, currency="USD")
    found = measured({"cents": 1250}, adapter=adapter)
    assert (found.amount, found.currency) == (12.5, "USD")


@settings(deadline=None)
@given(
    args=st.dictionaries(
        st.sampled_from(["audience", "copy", "ids", "pay", "everyone"]),
        st.none()
        | st.booleans()
        | st.integers(-(10**6), 10**6)
        | st.text(max_size=8)
        | st.lists(st.text(max_size=5), max_size=4)
        | st.fixed_dictionaries({"value": st.integers(-500, 500) | st.text(max_size=5)}),
    ),
    before=st.builds(
        Computed,
        recipients=st.integers(0, 9),
        affected=st.integers(0, 9),
        amount=st.none() | st.floats(0, 1e6),
    ),
)
def test_an_adapter_never_lowers(args: dict[str, Any], before: Computed) -> None:
    after = measured(args, before)
    assert after.recipients >= before.recipients
    assert after.affected >= before.affected
    assert before.amount is None or (after.amount is not None and after.amount >= before.amount)


@pytest.mark.parametrize(
    "bad", [{"amount": "a b"}, {"recipients": ["x"] * 11}, {"rows": ["a..b"]}, {"else": 1}]
)
def test_what_is_no_adapter_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImpactAdapter.model_validate(bad)
