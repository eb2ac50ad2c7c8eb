"""Offered options side by side: what they share once, what differs in columns, in an order the agent does not pick.

Values come before words: what is chosen is the value, a label is a claim about it. Nothing is preselected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inbox.canonical import JsonValue, dumps
from inbox.rendering.batch import Column, Constant, constant_of
from inbox.rendering.columns import Cell, Values, side_by_side
from inbox.rendering.edit.nodes import EditRefused, FieldError
from inbox.rendering.text import AgentText, plain

_WRAPPED: Final = frozenset({"value", "label", "description"})
_LONGEST_LABEL: Final = 200
_LONGEST_DESCRIPTION: Final = 1_000


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option.

    `index` is what is posted for it: its position as sent. `number` counts from 1 in the order of the page.
    `cells` has one for each column, None where the option has no such value. `label` and `description` are
    claims. `same_as` is the number of an earlier row with the very same value, however it is called.
    """

    index: int
    number: int
    cells: tuple[Cell | None, ...]
    label: AgentText | None
    description: AgentText | None
    same_as: int | None


@dataclass(frozen=True, slots=True)
class OptionTable:
    """The options to choose from. `sorted_by` is the column of numbers they stand in the order of, "" for none."""

    constants: tuple[Constant, ...]
    columns: tuple[Column, ...]
    rows: tuple[OptionRow, ...]
    sorted_by: str

    @property
    def lines(self) -> Iterator[tuple[OptionRow, tuple[tuple[Cell | None, Column], ...]]]:
        """Each row with its cells beside their columns."""
        return ((row, tuple(zip(row.cells, self.columns, strict=True))) for row in self.rows)


def option_table(options: Sequence[JsonValue]) -> OptionTable:
    """Compare the options: values, or objects of `value`, `label` and `description`.

    Rows stand in ascending order of the first column of numbers that all have and that differs, by name of the
    column; among equals, and without such a column, by the canonical text of their values. In what order the agent
    offered them, and what it calls them, makes no difference.
    """
    values = [value_of(option) for option in options]
    columns = sorted(side_by_side([_members(value) for value in values]), key=lambda column: column.path)
    varying = [column for column in columns if not column.is_constant]
    leading = next((column for column in varying if len(column.numbers) == len(values)), None)
    texts = [dumps(value) for value in values]
    # The words of an option come last: they only part options of one and the same value.
    order = sorted(
        range(len(values)),
        key=lambda at: (leading.numbers[at] if leading else 0, texts[at], dumps(options[at])),
    )
    first: dict[bytes, int] = {}
    rows = []
    for number, at in enumerate(order, 1):
        earlier = first.setdefault(texts[at], number)
        rows.append(_row(at, number, options[at], varying, earlier if earlier < number else None))
    return OptionTable(
        constants=tuple(constant_of(column) for column in columns if column.is_constant),
        columns=tuple(Column(c.pointer, c.name, c.is_number, c.summary()) for c in varying),
        rows=tuple(rows),
        sorted_by=leading.name if leading else "",
    )


def value_of(option: Any) -> JsonValue:
    """What the agent receives when an option is chosen."""
    value: JsonValue = option["value"] if _is_wrapped(option) else option
    return value


def read_choice(options: Sequence[JsonValue], multiple: bool, posted: Sequence[str]) -> tuple[JsonValue, ...]:
    """The values chosen, in the order they were sent in; exactly one unless `multiple`.

    `posted` are the indexes of rows. Raises EditRefused: `nothing-chosen`, `one-only`, `repeated-field` or
    `not-a-choice`. That none of them fits is not a choice but another verdict.
    """
    if not posted:
        raise _refused("nothing-chosen", "Choose one of the options, or say that none of them fits.")
    known = {str(index): index for index in range(len(options))}
    if any(text not in known for text in posted):
        raise _refused("not-a-choice", "This is none of the options. Open the request again.")
    if len(set(posted)) < len(posted):
        raise _refused("repeated-field", "An option was chosen twice.")
    if len(posted) > 1 and not multiple:
        raise _refused("one-only", "Choose one option only.")
    return tuple(value_of(options[index]) for index in sorted(known[text] for text in posted))


def _refused(code: str, message: str) -> EditRefused:
    return EditRefused([FieldError("", code, message)])


def _is_wrapped(option: Any) -> bool:
    return isinstance(option, Mapping) and "value" in option and option.keys() <= _WRAPPED


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) and value else {"value": value}


def _row(at: int, number: int, option: Any, columns: Sequence[Values], same_as: int | None) -> OptionRow:
    words = option if _is_wrapped(option) else {}
    return OptionRow(
        index=at,
        number=number,
        cells=tuple(column.cells[at] for column in columns),
        label=_claim(words.get("label"), _LONGEST_LABEL),
        description=_claim(words.get("description"), _LONGEST_DESCRIPTION),
        same_as=same_as,
    )


def _claim(text: object, limit: int) -> AgentText | None:
    return plain(text, limit=limit) if isinstance(text, str) and text else None
