"""How far arguments reach: people and things counted, money, secrets. Read from the exact values, nothing else.

The agent writes these values, so they are only ever used to raise. Everything is linear in the size of the
arguments; what is too large or too deep to walk raises, which asks for the highest tier.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from inbox.canonical import JsonValue

MOST_VALUES: Final = 50_000
DEEPEST: Final = 100
# A table with more keys than this lists things; with fewer it describes one.
MOST_FIELDS: Final = 100


class TooMuchToCheck(Exception):
    """The arguments are larger or deeper than policy is willing to walk."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number, the noun for what it counts (`recipients`; empty for money), and the argument it stands in."""

    number: float
    noun: str
    argument: str


@dataclass(frozen=True, slots=True)
class Impact:
    """The largest reach and amount in one action's arguments, and the first argument that holds a secret."""

    reach: Measure | None
    amount: Measure | None
    secret: str | None


def measure(args: Mapping[str, JsonValue]) -> Impact:
    """Walk the arguments once.

    Numbers at one place are added up: lines of one list are paid together. Different places are not, since
    two arguments may name the same thing (a total and its lines). Raises TooMuchToCheck over 50,000 values or
    100 levels, ValueError for a number that is none, TypeError for what JSON cannot hold.
    """
    if not isinstance(args, Mapping):
        raise TypeError("arguments are a table of names and values")
    reach: Counter[tuple[str, str, str]] = Counter()
    amounts: dict[tuple[str, str], float] = {}
    secret: str | None = None
    for place, value in _walk(args):
        things = _things(place, value)
        if things:
            reach[place.path, place.noun, place.argument] += things
        elif isinstance(value, str):
            if "@" in value:
                reach[place.path, "addresses", place.argument] += _addresses(value)
            if secret is None and value and (place.names_secret or _SECRET_VALUE.search(value)):
                secret = place.argument
        if not (place.declares_count or place.is_money):
            continue
        number = _number(value)
        if number is None:
            continue
        if place.declares_count:
            reach[place.path, place.noun, place.argument] += math.ceil(abs(number))
        else:
            spot = place.path, place.argument
            amounts[spot] = amounts.get(spot, 0) + abs(number) / place.parts_of_a_unit
    return Impact(
        reach=_largest(Measure(count, noun, argument) for (_, noun, argument), count in reach.items()),
        amount=_largest(Measure(total, "", argument) for (_, argument), total in amounts.items()),
        secret=secret,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where values stand, and what the argument's name says about them.

    `path` leaves list positions out: all lines of a list are one place, and cutting a list into many short
    ones hides nothing.
    """

    path: str
    name: str = ""
    parent: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    is_line: bool = False

    def inside(self, key: str) -> _Place:
        words = frozenset(word.lower() for word in _WORD.findall(key[:256]))
        return _Place(f"{self.path}/{key}", key, self.words, words)

    def line(self) -> _Place:
        return _Place(f"{self.path}/", self.name, self.parent, self.words, True)

    @property
    def argument(self) -> str:
        # A name is the agent's text: one that is not plain could dress up the sentence it stands in.
        return self.name if _PLAIN.fullmatch(self.name) else "an argument"

    @property
    def noun(self) -> str:
        # Sorted: sets have no order, and the same request must read the same in every process.
        for word in sorted(self.words):
            if word in _THINGS:
                return word
        for word in sorted(self.words):
            if word in _PLURALS:
                return _PLURALS[word]
        return "recipients" if "audience" in self.words else "entries"

    @property
    def declares_count(self) -> bool:
        if self.is_line or self.words & _PAGING:
            return False
        return bool(
            self.words & (_THINGS | _MANY)
            or self.words == {"count"}
            or ("count" in self.words and self.words & _PLURALS.keys())
        )

    @property
    def is_money(self) -> bool:
        return bool(self.words & (_MONEY | _MINOR)) or bool(
            self.words & _INSIDE_MONEY and self.parent & _MONEY
        )

    @property
    def parts_of_a_unit(self) -> int:
        return 100 if self.words & _MINOR else 1

    @property
    def names_secret(self) -> bool:
        if self.words & _SECRET_WORDS or self.words == {"token"}:
            return True
        return bool(self.words & {"key", "token"} and self.words & _KEY_KINDS)


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_PLURALS: Final = {
    "account": "accounts", "address": "addresses", "attendee": "attendees", "bcc": "recipients", "cc": "recipients",
    "contact": "contacts", "customer": "customers", "device": "devices", "email": "emails", "employee": "employees",
    "file": "files", "host": "hosts", "invoice": "invoices", "item": "items", "member": "members",
    "message": "messages", "order": "orders", "participant": "participants", "patient": "patients",
    "person": "people", "recipient": "recipients", "record": "records", "row": "rows", "student": "students",
    "subscriber": "subscribers", "target": "targets", "to": "recipients", "user": "users",
}  # fmt: skip
_THINGS: Final = frozenset(_PLURALS.values())
_MANY: Final = frozenset({"affected", "audience"})
# How much is shown at once says nothing about how much is touched.
_PAGING: Final = frozenset({"page", "per"})
_MONEY: Final = frozenset({
    "amount", "amounts", "balance", "budget", "cost", "credit", "debit", "deposit", "dollars", "donation", "eur",
    "euros", "fee", "gbp", "money", "payment", "payout", "price", "refund", "salary", "sum", "total", "transfer",
    "usd", "wage", "withdrawal",
})  # fmt: skip
_MINOR: Final = frozenset({"cents", "pence", "minor"})
_INSIDE_MONEY: Final = frozenset({"value", "units"})
_SECRET_WORDS: Final = frozenset(
    {"apikey", "credential", "credentials", "passphrase", "passwd", "password", "secret"}
)
_KEY_KINDS: Final = frozenset(
    {"access", "api", "auth", "bearer", "encryption", "private", "refresh", "session"}
)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30}"
    r"|\bsk[-_](?:live|proj|ant)[-_][A-Za-z0-9]{10}"
    r"|\bxox[abprs]-[A-Za-z0-9]{10}"
)
# Short prefix and suffix for a currency sign or code.
_NUMERIC = re.compile(r"\s*[^\d\s.,+-]{0,3}\s*[+-]?(\d[\d.,' _]*)\s*[^\d\s.,+-]{0,3}\s*")
_LONGEST_NUMBER: Final = 40


def _walk(args: Mapping[str, JsonValue]) -> Iterator[tuple[_Place, JsonValue]]:
    stack: list[tuple[_Place, int, JsonValue]] = [(_Place(""), 0, args)]
    seen = 0
    while stack:
        place, depth, value = stack.pop()
        seen += 1
        if seen > MOST_VALUES or depth > DEEPEST:
            raise TooMuchToCheck
        yield place, value
        if isinstance(value, Mapping):
            stack.extend((place.inside(key), depth + 1, item) for key, item in value.items())
        elif isinstance(value, list | tuple):
            line = place.line()
            stack.extend((line, depth + 1, item) for item in value)
        elif not (value is None or isinstance(value, str | int | float)):
            raise TypeError("not a JSON value")


def _things(place: _Place, value: JsonValue) -> int:
    """How many things a list or a table names. Fractions, truth values and lists inside lists are no things."""
    if isinstance(value, Mapping):
        return len(value) if place.path and len(value) > MOST_FIELDS else 0
    if isinstance(value, list | tuple):
        return sum(isinstance(item, str | int | Mapping) and not isinstance(item, bool) for item in value)
    return 0


def _addresses(text: str) -> int:
    return sum(piece.count("@") for piece in re.split(r"[\s,;<>]+", text) if "@" in piece and "." in piece)


def _number(value: JsonValue) -> float | None:
    """A number, or the number a short text such as `$1,200.00` or `1.200,00 EUR` writes."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError("a number that is none")
        return float(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    found = _NUMERIC.fullmatch(value)
    return _written(found.group(1)) if found else None


def _written(text: str) -> float:
    """Digits with separators as a number. `1.200` and `1,200` are read as the larger of what they may mean."""
    digits = re.sub(r"[' _]", "", text).rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return float(digits)
    before, after = digits[:last], digits[last + 1 :]
    mixed = "." in digits and "," in digits
    grouped = not mixed and (len(after) == 3 or "." in before or "," in before)
    whole = re.sub(r"[.,]", "", before)
    return float(whole + after) if grouped else float(f"{whole}.{after}")


def _largest(found: Iterator[Measure]) -> Measure | None:
    # The name breaks ties, so that equal arguments in another order read the same.
    something = (one for one in found if one.number > 0)
    return max(something, key=lambda one: (one.number, one.argument, one.noun), default=None)
