"""What one person may decide at most, beside their tier, and why a request is above it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """A person's ceiling. None is no limit; an empty list allows nothing.

    `amount` is in `currency` (three capital letters). `tools` are patterns where `*` stands for any run of
    characters and `?` for one.
    """

    amount: Decimal | None = None
    currency: str = ""
    environments: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return self.amount is not None or self.environments is not None or self.tools is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request would touch: the largest amount it moves, if any, where, and with which tools."""

    amount: Decimal | None
    currency: str
    environment: str
    tools: Sequence[str]


NO_LIMITS: Final = Limits()
# What the column of a request's amount holds; more is stored as this much.
MOST_MONEY: Final = 10**17


def above(limits: Limits, asked: Asked) -> str:
    """What of the request is above the ceiling, as a clause; "" when nothing is.

    Amounts are compared in the ceiling's own currency only: any other currency is above it. A request from
    nowhere in particular is above a ceiling that names environments.
    """
    if limits.amount is not None and asked.amount is not None:
        most = f"{limits.amount:,.2f} {limits.currency}"
        if asked.currency != limits.currency:
            return f"it moves {asked.currency or 'an unknown currency'}, at most {most} is allowed"
        if asked.amount > limits.amount:
            return f"it moves {asked.amount:,.2f} {asked.currency}, at most {most} is allowed"
    if limits.environments is not None and asked.environment not in limits.environments:
        where = asked.environment or "an unnamed environment"
        return f"it acts in {where}, allowed is {_listed(limits.environments)}"
    if limits.tools is not None:
        for tool in asked.tools:
            if not any(fnmatchcase(tool, pattern) for pattern in limits.tools):
                return f"it calls {tool}, allowed is {_listed(limits.tools)}"
    return ""


def limits_words(limits: Limits) -> tuple[str, ...]:
    """A ceiling in short clauses: "at most 500.00 EUR", "only in staging", "only send_*"."""
    return tuple(
        clause
        for clause in (
            f"at most {limits.amount:,.2f} {limits.currency}" if limits.amount is not None else "",
            f"only in {_listed(limits.environments)}" if limits.environments is not None else "",
            f"only {_listed(limits.tools)}" if limits.tools is not None else "",
        )
        if clause
    )


def money_moved(amounts: Iterable[tuple[float | None, str]]) -> tuple[Decimal | None, str]:
    """The largest of some amounts with its currency; None where none moves money.

    Amounts of different currencies have none in common, so the currency is then "", which is above any ceiling; so
    is what is no number or too large to be one of money.
    """
    found = [(amount, currency) for amount, currency in amounts if amount is not None]
    if not found:
        return None, ""
    largest = max(abs(amount) if abs(amount) <= MOST_MONEY else math.inf for amount, _ in found)
    moved = Decimal(MOST_MONEY) if largest > MOST_MONEY else Decimal(str(largest))
    currencies = {currency for _, currency in found}
    # Upwards: a ceiling of 10.00 is not kept by 10.004.
    rounded = moved.quantize(Decimal("0.01"), rounding=ROUND_UP)
    return rounded, currencies.pop() if len(currencies) == 1 else ""


def loosens(before: Limits, after: Limits) -> bool:
    """Whether the second ceiling may allow something that the first did not."""
    if before.amount is not None and (
        after.amount is None or after.currency != before.currency or after.amount > before.amount
    ):
        return True
    return any(
        old is not None and (new is None or not set(new) <= set(old))
        for old, new in ((before.environments, after.environments), (before.tools, after.tools))
    )


def _listed(allowed: Sequence[str]) -> str:
    return " or ".join(allowed) or "nothing"
