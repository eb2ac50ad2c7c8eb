"""An itemised payload: its lines side by side, each approved, rejected or put off, and the totals of what stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, cast

from agents.contract import at_pointer
from inbox.answers import APPROVED, REJECTED, Said
from inbox.errors import Invalid
from inbox.lifecycle import Verb
from inbox.lines import LineSaid, split
from inbox.rendering.batch import Constant, constant_of
from inbox.rendering.columns import Cell, Values, side_by_side
from inbox.rendering.diff import diff
from inbox.selectors.saying.draft import Actions, Draft, Panel

MESSAGE: Final = 500
_MONEY: Final = re.compile(
    r"(^|[._ ])(amount|total|price|cost|sum|net|gross|fee|value|eur|usd|gbp)(_\w+)?$", re.IGNORECASE
)
_WORDS: Final = {"approve": "Approve", "reject": "reject", "defer": "defer"}


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line: its place, its cells, and what is said of it so far."""

    index: int
    cells: tuple[tuple[Cell | None, bool, str], ...]
    said: str
    message: str

    @property
    def number(self) -> int:
        return self.index + 1


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a column over what stays, and over all lines."""

    name: str
    kept: str
    all: str


class LinesPanel(Panel):
    """Nothing said of a line is an approval, as everywhere."""

    step = "lines"
    template = "inbox/_say_lines.html"
    title = "Decide line by line"
    error = ""

    def first(self, actions: Actions) -> str:
        return next((key for key, action in actions.items() if action.get("lines")), next(iter(actions)))

    def build(self) -> None:
        pointer = self.action.get("lines")
        self.lines: list[Any] = at_pointer(self.action["args"], pointer) if pointer else []
        columns = side_by_side(
            [one if isinstance(one, Mapping) and one else {"value": one} for one in self.lines]
        )
        self.columns: list[Values] = [column for column in columns if not column.is_constant]
        self.constants: tuple[Constant, ...] = tuple(
            constant_of(column) for column in columns if column.is_constant
        )
        # A sum over several currencies is none.
        mixed = any("currency" in column.path[-1].lower() for column in self.columns)
        self.money = [] if mixed else [one for one in columns if one.numbers and _MONEY.search(one.path[-1])]
        self.rows = [self._row(at) for at in range(len(self.lines))]

    def _row(self, at: int) -> LineRow:
        said = self.said(f"line-{at}") or "approve"
        return LineRow(
            at,
            tuple((column.cells[at], column.is_number, column.name) for column in self.columns),
            said if said in _WORDS else "approve",
            self.said(f"why-{at}"),
        )

    @property
    def kept(self) -> list[int]:
        return [row.index for row in self.rows if row.said == "approve"]

    @property
    def totals(self) -> list[Total]:
        kept = set(self.kept)
        return [
            Total(
                column.name,
                _money(sum(Decimal(str(number)) for at, number in column.numbers.items() if at in kept)),
                _money(sum(Decimal(str(number)) for number in column.numbers.values())),
            )
            for column in self.money
        ]

    @property
    def summary(self) -> str:
        """What the button says: "Approve 4 of 5, defer 1"."""
        counts = Counter(row.said for row in self.rows)
        if not counts["approve"]:
            return f"Reject all {len(self.rows)}"
        first = f"{self.word} {counts['approve']} of {len(self.rows)}"
        rest = [f"{_WORDS[one]} {counts[one]}" for one in ("reject", "defer") if counts[one]]
        return ", ".join([first, *rest])

    @property
    def word(self) -> str:
        """The verb of a tool that is plainly about paying, else a neutral one."""
        return "Pay" if re.match(r"pay([_.:-]|$)", self.action["name"]) else "Approve"

    def draft(self) -> Draft:
        said = [
            LineSaid(row.index, cast("Literal['approve', 'reject', 'defer']", row.said), row.message)
            for row in self.rows
        ]
        if any(len(one.message) > MESSAGE for one in said):
            raise self._refuse(
                Invalid("message-too-long", f"Not recorded: a reason is over {MESSAGE} characters.")
            )
        alone = dict.fromkeys(self.actions, APPROVED)
        if all(one.type == "reject" for one in said):
            told = "; ".join(dict.fromkeys(one.message for one in said if one.message))
            rest = dict.fromkeys(self.actions, REJECTED)
            return Draft(rest | {self.key: Said(Verb.REJECT, message=told)}, self.summary, verdict="reject")
        try:
            parted = split(self.action, said)
        except Invalid as wrong:
            raise self._refuse(wrong) from None
        if not parted.set_aside:
            return Draft(alone, self.summary, args=self._args(self.action["args"]))
        notes = []
        counts = Counter(one["type"] for one in parted.set_aside)
        if counts["defer"]:
            one = counts["defer"] == 1
            notes.append(
                f"{counts['defer']} {'comes' if one else 'come'} back as {'a request of its own' if one else 'requests of their own'}."
            )
        if counts["reject"]:
            notes.append(
                f"{counts['reject']} {'is' if counts['reject'] == 1 else 'are'} not done, and {self.agent} is told why."
            )
        return Draft(
            alone | {self.key: Said(Verb.EDIT, parted.args)},
            self.summary,
            notes=tuple(notes),
            set_aside=parted.set_aside,
            changes={self.key: diff(self.action["args"], dict(parted.args))},
            args=self._args(parted.args),
        )

    def _args(self, own: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        return {key: action["args"] for key, action in self.actions.items()} | {self.key: own}

    def _refuse(self, wrong: Invalid) -> Invalid:
        self.error = wrong.detail
        return wrong


def _money(amount: Decimal | int) -> str:
    # Not by `% 1`: of 1e30 Decimal has no remainder, and raises.
    return f"{amount:,}" if amount == round(amount) else f"{amount:,.2f}"
