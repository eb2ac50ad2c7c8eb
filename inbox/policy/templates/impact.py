"""Which arguments of a tool say how far it reaches: an admin's word, where names alone are read by habit.

An adapter sharpens what the server computes and never lowers it: the larger of the two counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from inbox.canonical import JsonValue
from inbox.policy.facts import Computed

MOST_PATHS: Final = 10

ArgumentPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,80}(\.[A-Za-z0-9_-]{1,80}){0,9}$", max_length=200)
]
Paths = Annotated[tuple[ArgumentPath, ...], Field(max_length=MOST_PATHS)]


class ImpactAdapter(BaseModel):
    """Paths into the arguments (`to`, `payment.amount`), as sentences write them.

    `recipients` and `rows` count: a list by its elements, a number by itself, text by its addresses, at least 1.
    `amount` is money in the currency that `currency` names, an ISO 4217 code or the path to one; `minor` says
    that it counts cents. `scope` are arguments that widen a call when they are true, empty or `*`: such a
    call reaches everything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipients: Paths = ()
    amount: ArgumentPath | None = None
    currency: ArgumentPath | None = None
    minor: bool = False
    rows: Paths = ()
    scope: Paths = ()

    def __bool__(self) -> bool:
        return bool(self.recipients or self.amount or self.rows or self.scope)

    def paths(self) -> tuple[str, ...]:
        """Every path it reads."""
        one = tuple(path for path in (self.amount, self.currency) if path and not _CODE.fullmatch(path))
        return (*self.recipients, *one, *self.rows, *self.scope)

    def written(self) -> dict[str, Any]:
        """As JSON without what is not said: what a catalogue row stores."""
        return self.model_dump(mode="json", exclude_defaults=True)


# A call without bounds counts as this many: over every threshold of reach.
EVERYTHING: Final = 1_000_000
_CODE: Final = re.compile(r"[A-Z]{3}")
_NUMBER: Final = re.compile(r"[^\d+-]{0,3}([+-]?\d{1,15}(?:[, ]\d{3})*(?:\.\d{1,9})?)[^\d]{0,4}")


@dataclass(frozen=True, slots=True)
class _Reach:
    recipients: int
    affected: int
    amount: float | None
    currency: str


def adapted(computed: Computed, adapter: ImpactAdapter, args: Mapping[str, JsonValue]) -> Computed:
    """The computed facts with the adapter's own counts taken in wherever they are larger."""
    if not adapter:
        return computed
    found = _reach(adapter, args)
    amount = computed.amount
    if found.amount is not None and (amount is None or found.amount > amount):
        amount = found.amount
    return replace(
        computed,
        recipients=max(computed.recipients, found.recipients),
        affected=max(computed.affected, found.affected, found.recipients),
        amount=amount,
        currency=found.currency or computed.currency if amount is not None else "",
    )


def value_at(args: Mapping[str, JsonValue], path: str) -> JsonValue:
    """The value at a dotted path; None where there is none."""
    value: JsonValue = dict(args)
    for step in path.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _reach(adapter: ImpactAdapter, args: Mapping[str, JsonValue]) -> _Reach:
    wide = any(_is_wide(args, path) for path in adapter.scope)
    amount = _number(value_at(args, adapter.amount)) if adapter.amount else None
    return _Reach(
        recipients=sum(_count(value_at(args, path)) for path in adapter.recipients),
        affected=EVERYTHING if wide else sum(_count(value_at(args, path)) for path in adapter.rows),
        amount=abs(amount) / (100 if adapter.minor else 1) if amount is not None else None,
        currency=_currency(adapter.currency, args),
    )


def _is_wide(args: Mapping[str, JsonValue], path: str) -> bool:
    head, _, last = path.rpartition(".")
    holder = value_at(args, head) if head else dict(args)
    if not isinstance(holder, Mapping) or last not in holder:
        return False
    value = holder[last]
    return value is True or value in ("", "*", "**", "/", "all", "everyone") or value in ([], {})


def _count(value: JsonValue) -> int:
    if value is None or isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        return math.ceil(abs(value)) if math.isfinite(value) else EVERYTHING
    if isinstance(value, str):
        return max(1, value.count("@")) if value else 0
    return max(len(value), sum(_addresses(value)))


def _addresses(values: Any) -> Iterator[int]:
    for value in values:
        if isinstance(value, str):
            yield max(1, value.count("@"))


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str) and len(value) <= 40:
        found = _NUMBER.fullmatch(value.strip())
        return float(found.group(1).replace(",", "").replace(" ", "")) if found else None
    return None


def _currency(named: str | None, args: Mapping[str, JsonValue]) -> str:
    if named is None:
        return ""
    value = named if _CODE.fullmatch(named) else value_at(args, named)
    text = value.upper() if isinstance(value, str) else ""
    return text if _CODE.fullmatch(text) else ""
