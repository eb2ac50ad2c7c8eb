"""Many like calls as one sheet: what is the same, what varies, and the odd ones first.

Everything is on the sheet: a value is in the constants when all calls share it and in a cell otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from typing import Any, Final, Literal

from inbox.rendering.columns import Cell, Values, side_by_side
from inbox.rendering.findings import Finding, message
from inbox.rendering.oddities import ValueHistory, why_odd
from inbox.rendering.reveal import Revealed

Place = Literal["odd", "extreme", "spot check", "rest"]

_EXTREMES: Final = 3
_SPOT_CHECKS: Final = 3


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One call: the id it is decided under and its arguments."""

    id: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same in all `count` calls. What is the same everywhere can still be wrong."""

    pointer: str
    name: str
    value: Revealed
    type: str
    count: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A value that varies, with what it varies over: "4.10 – 49.99 (median 36.50)", "50 distinct"."""

    pointer: str
    name: str
    is_number: bool
    summary: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One call, a cell for each column (None where it has no such value), and why it stands out."""

    id: str
    cells: tuple[Cell | None, ...]
    why_odd: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class BatchSheet:
    """Rows are in the order of the page: odd, extremes, spot checks, the rest.

    `extremes` are the ids of the three largest and three smallest in the first column of numbers;
    `spot_check` of three to be shown in full. A call that is odd already is in neither.
    """

    constants: tuple[Constant, ...]
    columns: tuple[Column, ...]
    rows: tuple[BatchRow, ...]
    extremes: tuple[str, ...]
    spot_check: tuple[str, ...]


def batch_sheet(items: Sequence[BatchItem], history: ValueHistory | None = None) -> BatchSheet:
    """Compare the calls. `history` knows what was approved before for their tool.

    The choice of spot checks is made by the digest of all ids: the same for everybody who opens the batch, and
    not in the hands of whoever sent a call.
    """
    values = side_by_side([item.args for item in items])
    varying = [column for column in values if not column.is_constant]
    reasons = why_odd(varying, history)
    numbers = next((column.numbers for column in varying if column.is_number), {})
    odd = [at for at in range(len(items)) if at in reasons]
    plain = sorted(
        (at for at in range(len(items)) if at not in reasons), key=lambda at: -numbers.get(at, -inf)
    )
    present = [at for at in plain if at in numbers]
    extremes = sorted({*present[:_EXTREMES], *present[-_EXTREMES:]}, key=plain.index)
    spots = _spot_check(items, [at for at in plain if at not in extremes])
    rest = [at for at in plain if at not in extremes and at not in spots]
    placed: list[tuple[Place, list[int]]] = [
        ("odd", odd),
        ("extreme", extremes),
        ("spot check", spots),
        ("rest", rest),
    ]
    return BatchSheet(
        constants=tuple(constant_of(column, history) for column in values if column.is_constant),
        columns=tuple(Column(c.pointer, c.name, c.is_number, c.summary()) for c in varying),
        rows=tuple(
            BatchRow(items[at].id, tuple(c.cells[at] for c in varying), tuple(reasons.get(at, ())), place)
            for place, positions in placed
            for at in positions
        ),
        extremes=tuple(items[at].id for at in extremes),
        spot_check=tuple(items[at].id for at in spots),
    )


def constant_of(column: Values, history: ValueHistory | None = None) -> Constant:
    """A column that is the same in all calls, with a finding when its value was never approved before."""
    cell = column.cells[0]
    if cell is None:
        raise ValueError(f"not a constant: {column.name}")
    findings = cell.shown.findings
    if history is not None and not history.approved_before(column.pointer, column.values[0]):
        findings = (*findings, Finding("never-seen", "warn", message("never-seen"), column.name))
    return Constant(column.pointer, column.name, cell.shown, cell.type, len(column.values), findings)


def _spot_check(items: Sequence[BatchItem], candidates: Sequence[int]) -> list[int]:
    seed = sha256("\n".join(sorted(item.id for item in items)).encode()).digest()
    return sorted(candidates, key=lambda at: sha256(seed + items[at].id.encode()).digest())[:_SPOT_CHECKS]
