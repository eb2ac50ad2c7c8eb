"""Why one call of a batch stands out from the others, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final, Protocol

from inbox.rendering.columns import ABSENT, Values
from inbox.rendering.inline import shown
from inbox.rendering.outliers import FEWEST, outliers
from inbox.rendering.values import type_word

_RARE: Final = 0.02
_ENOUGH_FOR_RARE: Final = 50
# A column is a choice among few values, or names somebody else in nearly every row.
_CHOICE: Final = 0.2
_NAMES: Final = 0.8
_SHORT: Final = 80
_LENGTHS_APART: Final = 20


class ValueHistory(Protocol):
    """What people approved before for the same tool."""

    def approved_before(self, pointer: str, value: Any) -> bool:
        """Whether this value under this RFC 6901 pointer was in an approved call."""


def why_odd(columns: Sequence[Values], history: ValueHistory | None) -> dict[int, list[str]]:
    """The reasons for each odd call, by its position; calls that stand out by nothing are not in it."""
    reasons: dict[int, list[str]] = {}
    for column in columns:
        for rule in (_hidden, _shape, _numbers, _lengths, _rare, _repeated):
            for at, reason in rule(column):
                reasons.setdefault(at, []).append(reason)
        if history is not None:
            for at, reason in _new(column, history):
                reasons.setdefault(at, []).append(reason)
    return reasons


def _hidden(column: Values) -> Iterator[tuple[int, str]]:
    for at, cell in enumerate(column.cells):
        for finding in cell.shown.findings if cell else ():
            if finding.severity != "info":
                yield at, f"{column.name}: {finding.message}"


def _shape(column: Values) -> Iterator[tuple[int, str]]:
    """Calls that lack a field most others have, have one most lack, or hold another type in it."""
    total = len(column.values)
    present = total - column.missing
    for at, value in enumerate(column.values):
        if value is ABSENT and present > column.missing:
            yield at, f"has no {column.name}, {present:,} of {total:,} have one"
        elif value is not ABSENT and 0 < present <= column.missing:
            yield at, f"has {column.name}, {column.missing:,} of {total:,} do not"
    kinds = [None if value is ABSENT else _kind(value) for value in column.values]
    usual = max(set(kinds) - {None}, key=lambda kind: (kinds.count(kind), str(kind)))
    for at, kind in enumerate(kinds):
        if kind not in (None, usual):
            yield at, f"{column.name} is of type {kind}, the others {usual}"


def _kind(value: Any) -> str:
    word = type_word(value)
    return "text" if word == "empty text" else word.partition(" of ")[0]


def _numbers(column: Values) -> Iterator[tuple[int, str]]:
    """Numbers far from the others. One text among the numbers must not switch this off."""
    if not column.is_number:
        return
    positions = list(column.numbers)
    middle = shown(median(column.numbers.values())).text
    for position, score in outliers(list(column.numbers.values())).items():
        at = positions[position]
        side = "above" if score > 0 else "below"
        yield at, f"{column.name} {shown(column.values[at]).text} is far {side} the median of {middle}"


def _lengths(column: Values) -> Iterator[tuple[int, str]]:
    texts = {at: len(value) for at, value in enumerate(column.values) if isinstance(value, str)}
    if len(texts) < FEWEST:
        return
    middle = median(texts.values())
    positions = list(texts)
    for position in outliers([length + 1 for length in texts.values()]):
        length = texts[positions[position]]
        if abs(length - middle) >= _LENGTHS_APART:
            yield positions[position], f"{column.name} has {length:,} characters, the median is {middle:,.0f}"


def _rare(column: Values) -> Iterator[tuple[int, str]]:
    """Values of a choice that hardly any other call makes; the one call that differs when all others agree."""
    total = len(column.values) - column.missing
    alone = total > 2 and len(column.counts) == 2 and min(column.counts.values()) == 1
    is_choice = not column.is_number and len(column.counts) <= total * _CHOICE
    for at, key in enumerate(column.keys):
        if key is None:
            continue
        count = column.counts[key]
        if alone and count == 1:
            others = next(
                value
                for other, value in zip(column.keys, column.values, strict=True)
                if other not in (None, key)
            )
            yield (
                at,
                f"{column.name} is {shown(column.values[at]).text}, all others have {shown(others).text}",
            )
        elif is_choice and total >= _ENOUGH_FOR_RARE and count < total * _RARE:
            yield at, f"{column.name} is {shown(column.values[at]).text} in {count:,} of {total:,}"


def _repeated(column: Values) -> Iterator[tuple[int, str]]:
    """The same counterparty twice, where nearly every call names another one."""
    total = len(column.values) - column.missing
    if total < FEWEST or column.is_number or not total * _NAMES <= len(column.counts) < total:
        return
    for at, key in enumerate(column.keys):
        value = column.values[at]
        if key is not None and column.counts[key] > 1 and isinstance(value, str) and 0 < len(value) <= _SHORT:
            others = column.counts[key] - 1
            calls = "1 other call" if others == 1 else f"{others:,} other calls"
            yield at, f"{column.name} {shown(value).text} is also in {calls}"


def _new(column: Values, history: ValueHistory) -> Iterator[tuple[int, str]]:
    """Values of a choice nobody approved before. Numbers and names are new in nearly every call."""
    total = len(column.values) - column.missing
    if column.is_number or len(column.counts) > max(total * _CHOICE, 2):
        return
    known: Mapping[str | None, bool] = {
        key: history.approved_before(column.pointer, value)
        for key, value in zip(column.keys, column.values, strict=True)
        if key is not None
    }
    for at, key in enumerate(column.keys):
        if key is not None and not known[key]:
            yield at, f"{column.name} {shown(column.values[at]).text} was never approved before for this tool"
