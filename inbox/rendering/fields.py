"""The arguments of an action as a table in which every value is reachable: nothing cut, nothing folded.

Order at each level: fields with findings, fields the tool's schema does not know, fields it requires, the
rest as the agent sent them. Elements of a list keep their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inbox.rendering.characters import hidden
from inbox.rendering.confusables import skeleton
from inbox.rendering.findings import Finding, merged, message
from inbox.rendering.lines import line_count, slices
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.schema import Declared, Schema, declared, items
from inbox.rendering.values import CONTAINERS, scalar_text, type_word

LINES_PER_CHUNK: Final = 400
_LONGEST_PLACE: Final = 200
_WITH_FINDINGS, _UNKNOWN, _REQUIRED, _REST = range(4)


@dataclass(frozen=True, slots=True)
class Row:
    """One value, or the head of an object or a list.

    `pointer` is the exact RFC 6901 pointer: data, not for display (it can hold hidden characters). `depth`
    counts from 0. `key` is "[2]" for an element of a list (`element` is true), else the key. `value` is None
    for a list or object, whose content follows in rows of its own. `unknown` means the key is not in the
    tool's schema. A value too long for one chunk comes in `parts` rows, of which this is number `part`.
    """

    pointer: str
    depth: int
    key: Revealed
    type: str
    value: Revealed | None
    findings: tuple[Finding, ...] = ()
    unknown: bool = False
    element: bool = False
    part: int = 1
    parts: int = 1

    @property
    def line_count(self) -> int:
        """Lines this row takes on the page."""
        return line_count(self.value) if self.value else 1


@dataclass(frozen=True, slots=True)
class FieldTable:
    """All rows in display order, and what there is to say about all of them, gravest first."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]

    @property
    def line_count(self) -> int:
        """Lines the whole table takes on the page."""
        return sum(row.line_count for row in self.rows)

    def chunks(self, max_lines: int = LINES_PER_CHUNK) -> Iterator[tuple[Row, ...]]:
        """The rows in pieces of at most `max_lines` lines. A longer value is continued in the next piece."""
        chunk: list[Row] = []
        lines = 0
        for row in self.rows:
            for part in _parts(row, max_lines):
                height = part.line_count
                if chunk and lines + height > max_lines:
                    yield tuple(chunk)
                    chunk, lines = [], 0
                chunk.append(part)
                lines += height
        if chunk:
            yield tuple(chunk)


@dataclass(slots=True)
class _Node:
    """A row before its place is known; `rank` orders the keys of one object."""

    row: Row
    rank: int
    children: list[int] = field(default_factory=list)
    keeps_order: bool = False


def field_table(args: Mapping[str, Any], *, schema: Schema | None = None) -> FieldTable:
    """The table of an action's arguments, JSON values as canonical.loads gives them.

    `schema` is the JSON Schema of the arguments, when the tool has one. Without it no field is unknown.
    """
    rows = tuple(_in_order(_nodes(args, schema or {})))
    return FieldTable(rows, merged(finding for row in rows for finding in row.findings))


def _nodes(args: Mapping[str, Any], root: Schema) -> list[_Node]:
    """All rows, each after the one it belongs to. The first node is the arguments as a whole, not a row."""
    nodes = [_Node(Row("", -1, Revealed(()), type_word(args), None), _REST)]
    waiting: list[tuple[int, Any, tuple[Schema, ...]]] = [(0, args, (root,) if root else ())]
    while waiting:
        at, value, schemas = waiting.pop()
        parent = nodes[at]
        parent.keeps_order = not isinstance(value, Mapping)
        for row, below, rank, schemas_below in _children(parent.row, value, schemas, root):
            parent.children.append(len(nodes))
            if isinstance(below, CONTAINERS):
                waiting.append((len(nodes), below, schemas_below))
            nodes.append(_Node(row, rank))
    for node in reversed(nodes):
        if any(nodes[child].rank == _WITH_FINDINGS for child in node.children):
            node.rank = _WITH_FINDINGS
    return nodes


def _children(
    parent: Row, value: Any, schemas: tuple[Schema, ...], root: Schema
) -> Iterator[tuple[Row, Any, int, tuple[Schema, ...]]]:
    if isinstance(value, Mapping):
        names = declared(schemas, root) if schemas else None
        twins = _similar(value)
        for key, below in value.items():
            unknown = names is not None and not names.knows(key)
            row = _row(parent, key, below, twin=twins.get(key), unknown=unknown)
            yield row, below, _rank(row, key, names), names.below(key) if names else ()
    else:
        schemas_below = items(schemas, root) if schemas else ()
        for index, below in enumerate(value):
            row = _row(parent, index, below)
            yield row, below, _rank(row, "", None), schemas_below


def _row(parent: Row, key: str | int, value: Any, *, twin: str | None = None, unknown: bool = False) -> Row:
    element = isinstance(key, int)
    name = str(key).replace("~", "~0").replace("/", "~1")
    shown_key = reveal(f"[{key}]" if isinstance(key, int) else key)
    shown = None if isinstance(value, CONTAINERS) else reveal(scalar_text(value))
    row = Row(
        pointer=f"{parent.pointer}/{name}",
        depth=parent.depth + 1,
        key=shown_key,
        type=type_word(value),
        value=shown,
        unknown=unknown,
        element=element,
    )
    found = [replace(finding, where=_place(row, "key, ", finding)) for finding in shown_key.findings]
    found += [
        replace(finding, where=_place(row, "", finding)) for finding in (shown.findings if shown else ())
    ]
    if twin is not None:
        pair = f"{shown_key.plain} and {reveal(twin).plain}"
        found.append(Finding("similar-keys", "warn", message("similar-keys", [pair]), _place(row)))
    return replace(row, findings=tuple(found)) if found else row


def _place(row: Row, part: str = "", finding: Finding | None = None) -> str:
    pointer = reveal(row.pointer).plain
    if len(pointer) > _LONGEST_PLACE:
        pointer = pointer[:_LONGEST_PLACE] + "…"
    return f"{pointer}, {part}{finding.where}" if finding else pointer


def _rank(row: Row, key: str, names: Declared | None) -> int:
    if any(finding.severity != "info" for finding in row.findings):
        return _WITH_FINDINGS
    if row.unknown:
        return _UNKNOWN
    return _REQUIRED if names and key in names.required else _REST


def _similar(value: Mapping[str, Any]) -> dict[str, str]:
    """Keys that a reader would take for an earlier key of the same object, with that key."""
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    for key in value:
        earlier = first.setdefault(_folded(key), key)
        if earlier != key:
            twins[key] = earlier
    return twins


def _folded(key: str) -> str:
    if key.isascii():
        return key.lower()
    return skeleton("".join(char for char in key if hidden(char) is None)).lower()


def _in_order(nodes: list[_Node]) -> Iterator[Row]:
    waiting = _sorted(nodes, nodes[0])
    while waiting:
        node = nodes[waiting.pop()]
        yield node.row
        waiting += _sorted(nodes, node)


def _sorted(nodes: list[_Node], parent: _Node) -> list[int]:
    """The children last first, as the stack wants them. Sorting keeps the agent's order among equals."""
    children = parent.children
    if not parent.keeps_order:
        children = sorted(children, key=lambda child: nodes[child].rank)
    return children[::-1]


def _parts(row: Row, max_lines: int) -> Iterator[Row]:
    if row.value is None or row.line_count <= max_lines:
        yield row
        return
    pieces = list(slices(row.value, max_lines))
    for number, piece in enumerate(pieces, 1):
        yield replace(
            row, value=piece, findings=row.findings if number == 1 else (), part=number, parts=len(pieces)
        )
