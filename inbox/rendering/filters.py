"""The filters of sentence templates: each shows one value, and says whether nothing of it is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from inbox.rendering.inline import Shown, shown, shown_list
from inbox.rendering.values import CONTAINERS, scalar_text

MISSING: Final = Shown("—", False)

_URL: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\]*@)?([^/?#\\@]+?)(?::\d*)?(?:[/?#].*)?", re.DOTALL
)
_ADDRESS: Final = re.compile(r"[^@\s]+@([^@\s/\\]+)")
_BARE_HOST: Final = re.compile(r"([^\s/\\@:?#]+\.[^\s/\\@:?#.]+)(?::\d*)?")
_AMOUNT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SYMBOLS: Final[dict[str, str]] = {"USD": "$", "EUR": "€", "GBP": "£"}
_WITHOUT_CENTS: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})


def count(value: Any) -> Shown:
    """How many elements a list or object has; of anything else it cannot be said."""
    if isinstance(value, CONTAINERS):
        return Shown(f"{len(value):,}", not value)
    return MISSING


def every(value: Any) -> Shown:
    """All elements of a list; a single value as itself."""
    return shown_list(value) if isinstance(value, (list, tuple)) else shown(value)


def first_line(value: Any) -> Shown:
    """The first line of a text."""
    if not isinstance(value, str):
        return shown(value)
    line, newline, _ = value.partition("\n")
    first = shown(line.removesuffix("\r"))
    return Shown(first.text, first.complete and not newline)


def host(value: Any) -> Shown:
    """The host of a URL or mail address, with its other form when it is international."""
    if not isinstance(value, str):
        return MISSING
    match = _URL.fullmatch(value) or _ADDRESS.fullmatch(value) or _BARE_HOST.fullmatch(value)
    if match is None:
        return MISSING
    # The @ tells the renderer that what follows is a host and not prose.
    part = shown("@" + match.group(1))
    return Shown(part.text.removeprefix("@"), part.complete and match.group(1) == value)


def number(value: Any) -> Shown:
    """A whole number with its thousands apart: "2,451". Digits in a text stay as they are: they may be an id."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Shown(f"{value:,}", True)
    return shown(value)


def money(value: Any, currency: Any) -> Shown:
    """An amount in major units with its currency, never rounded: "$640.00", "1,200 JPY", "0.125 CHF".

    `currency` is a code, or whatever the payload holds in its place; None when it holds nothing there.
    """
    code = currency if isinstance(currency, str) else ""
    text = "" if isinstance(value, (bool, *CONTAINERS)) else scalar_text(value)
    amount, complete = shown(value).text, shown(value).complete
    symbol = ""
    if _AMOUNT.fullmatch(text):
        decimals = len(text.partition(".")[2])
        digits = f"{abs(Decimal(text)):,.{decimals if code in _WITHOUT_CENTS else max(decimals, 2)}f}"
        symbol = _SYMBOLS.get(code, "")
        amount, complete = ("-" if text.startswith("-") else "") + symbol + digits, True
    named = MISSING if currency is None else shown(currency)
    return Shown(amount if symbol else f"{amount} {named.text}", complete)


def is_currency(text: str) -> bool:
    """Whether an argument of the money filter is a currency and not the path to one."""
    return _CURRENCY.fullmatch(text) is not None


FILTERS: Final[Mapping[str, Callable[[Any], Shown]]] = {
    "": shown,
    "count": count,
    "first_line": first_line,
    "host": host,
    "list": every,
    "number": number,
}
