"""Which currency an amount is in, when the arguments say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from inbox.policy.computed.values import Leaf
from inbox.policy.naming import lexicon

_SIGNS: Final = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₿": "BTC",
    "₺": "TRY",
}
_CODES: Final = lexicon(
    "AED ARS AUD BGN BRL BTC CAD CHF CLP CNY COP CZK DKK EGP ETH EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW MAD MXN"
    " MYR NGN NOK NZD PEN PHP PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD USDC USDT VND ZAR"
)
_WRITTEN: Final = re.compile(r"^\s*([A-Z]{3,4})?\s*[$€£¥₹₩₿₺]?\s*[+-]?\d[\d.,' ]*\s*([A-Z]{3,4})?\s*$")


def currency(leaves: Iterable[Leaf]) -> str:
    """The one currency named beside or inside an amount, as its ISO 4217 code; empty when there is none, or several.

    Of several nobody can say which one the tool reads: a `memo_currency: JPY` must not make 9,000 USD look cheap.
    """
    found = {code for leaf in leaves for code in _named(leaf)}
    return found.pop() if len(found) == 1 else ""


def _named(leaf: Leaf) -> Iterator[str]:
    text = leaf.text.strip()
    if "currency" in leaf.words and text.upper() in _CODES:
        yield text.upper()
    yield from (
        word.upper() for word in leaf.words if word.upper() in _CODES and len(word) == 3 and word != "all"
    )
    if len(text) <= 40 and (found := _WRITTEN.match(text)):
        code = found.group(1) or found.group(2)
        if code in _CODES:
            yield code
        else:
            yield from (code for sign, code in _SIGNS.items() if sign in text)
