from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.ceiling import NO_LIMITS, Asked, Limits, above, loosens, money_moved

FIVE_HUNDRED = Limits(amount=Decimal(500), currency="EUR")
environments = st.sampled_from(["", "staging", "production"])
tools = st.lists(st.sampled_from(["send_mail", "send_money", "drop"]), max_size=3)
amounts = st.none() | st.decimals(0, 1000, places=2)
asked = st.builds(
    Asked, amount=amounts, currency=st.sampled_from(["EUR", "USD", ""]), environment=environments, tools=tools
)
limits = st.builds(
    lambda money, environments, tools: Limits(*money, environments, tools),
    st.just((None, "")) | st.tuples(st.decimals(0, 1000, places=2), st.sampled_from(["EUR", "USD"])),
    st.none() | st.lists(environments, max_size=2).map(tuple),
    st.none() | st.lists(st.sampled_from(["send_*", "drop", "*", "send_m?il"]), max_size=2).map(tuple),
)


def request(**fields: object) -> Asked:
    told = {"amount": None, "currency": "", "environment": "", "tools": ("send_mail",), **fields}
    return Asked(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ceiling", "fields", "said"),
    [
        (FIVE_HUNDRED, {"amount": Decimal("500.00"), "currency": "EUR"}, ""),
        (FIVE_HUNDRED, {}, ""),
        (
            FIVE_HUNDRED,
            {"amount": Decimal("500.01"), "currency": "EUR"},
            "it moves 500.01 EUR, at most 500.00 EUR is allowed",
        ),
        (
            FIVE_HUNDRED,
            {"amount": Decimal(1), "currency": "USD"},
            "it moves USD, at most 500.00 EUR is allowed",
        ),
        (
            FIVE_HUNDRED,
            {"amount": Decimal(1)},
            "it moves an unknown currency, at most 500.00 EUR is allowed",
        ),
        (Limits(environments=("staging",)), {"environment": "staging"}, ""),
        (
            Limits(environments=("staging", "test")),
            {"environment": "production"},
            "it acts in production, allowed is staging or test",
        ),
        (Limits(environments=("staging",)), {}, "it acts in an unnamed environment, allowed is staging"),
        (Limits(tools=("send_*",)), {"tools": ("send_mail", "send_money")}, ""),
        (Limits(tools=("send_*",)), {"tools": ("send_mail", "drop")}, "it calls drop, allowed is send_*"),
        (Limits(tools=()), {}, "it calls send_mail, allowed is nothing"),
        (NO_LIMITS, {"amount": Decimal(10**9), "currency": "XXX"}, ""),
    ],
)
def test_what_is_above_a_ceiling_and_why(ceiling: Limits, fields: dict[str, object], said: str) -> None:
    assert above(ceiling, request(**fields)) == said


@given(limits, limits, asked)
def test_only_a_loosening_change_lets_somebody_decide_more(
    before: Limits, after: Limits, what: Asked
) -> None:
    if above(before, what) and not above(after, what):
        assert loosens(before, after)


@given(limits)
def test_lifting_a_ceiling_loosens_and_setting_one_does_not(ceiling: Limits) -> None:
    assert loosens(ceiling, NO_LIMITS) is bool(ceiling)
    assert not loosens(NO_LIMITS, ceiling)
    assert not loosens(ceiling, ceiling)


@pytest.mark.parametrize(
    ("amounts", "moved"),
    [
        ([], (None, "")),
        ([(None, ""), (None, "EUR")], (None, "")),
        ([(3.5, "EUR"), (10.0, "EUR"), (None, "")], (Decimal("10.00"), "EUR")),
        ([(-700.0, "EUR")], (Decimal("700.00"), "EUR")),
        ([(10.004, "EUR")], (Decimal("10.01"), "EUR")),
        ([(1.0, "EUR"), (2.0, "USD")], (Decimal("2.00"), "")),
        ([(math.nan, "EUR")], (Decimal(10**17), "EUR")),
        ([(math.inf, "EUR")], (Decimal(10**17), "EUR")),
        ([(1e300, "EUR")], (Decimal(10**17), "EUR")),
    ],
)
def test_the_money_a_request_moves(
    amounts: list[tuple[float | None, str]], moved: tuple[Decimal | None, str]
) -> None:
    assert money_moved(amounts) == moved
