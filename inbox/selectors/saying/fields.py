"""A JSON value as fields of the page's form: filled in, the rows of its lists added and moved, read back with its types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from inbox.canonical import JsonValue
from inbox.rendering.columns import ABSENT
from inbox.rendering.edit import (
    EditRefused,
    FieldError,
    Form,
    Kind,
    Node,
    at_fields,
    empty_form,
    form_of,
    place_of,
    problems,
    raw_text,
    read_form,
    read_raw,
    refilled,
)
from inbox.rendering.edit.nodes import STATE, State
from inbox.rendering.schema import Schema
from inbox.selectors.saying.draft import Posted, refused

RAW: Final = "raw"
# Posted by a box beside an element: browsers send nothing for a box that is not ticked.
REMOVE: Final = "remove"
# One empty row each list ends with; `more` names a list once for every further one.
MORE: Final = "more"
MOST_MORE: Final = 20
NO_OBJECT: Final = FieldError("", "not-an-object", "The arguments are an object: { … }.")

Press = Literal["up", "down", "add", "raw", "fields"]
_PRESSES: Final = frozenset(get_args(Press))
_STEPS: Final = {"up": -1, "down": 1}


@dataclass(frozen=True, slots=True)
class Field:
    """A field with the buttons of its row: what each posts as `op`, "" where there is none. `focus` names the one just pressed."""

    node: Node
    up: str = ""
    down: str = ""
    add: str = ""
    focus: str = ""


class Fields:
    """The fields of one value; `prefix` stands before all they post, so that several values fit into one form.

    `value` is what they start with, ABSENT for an answer that does not exist yet.
    """

    def __init__(
        self, schema: Schema | None, value: Any, posted: Posted, *, touched: bool, prefix: str = ""
    ) -> None:
        self.schema, self.value, self.prefix = schema, value, prefix
        start = len(prefix)
        self.posted: Posted = {name[start:]: said for name, said in posted.items() if name.startswith(prefix)}
        self.raw = self._said("form") == RAW
        # The values the fields were made for: the agent's, or those filled in when rows were moved.
        self.base = self._said("base")
        self.more = tuple(self.posted.get(MORE, ()))[:MOST_MORE]
        self.wrong: tuple[FieldError, ...] = ()
        self.focus = ("", "")
        self.fresh = self._made(self._made_for())
        self.form = self._filled(()) if touched and not self.raw else self.fresh
        own = "" if value is ABSENT else raw_text(value)
        self.text = (self.posted.get("json") or [own])[-1].replace("\r\n", "\n")

    @property
    def fields(self) -> Iterator[Field]:
        """Every field; an object's own heading says nothing where it is the whole value."""
        lists = [one for one in self.form.nodes if one.kind is Kind.ARRAY]
        rows = {
            row.pointer: [one for one in list_.children if not one.spare]
            for list_ in lists
            for row in list_.children
            if not row.spare
        }
        for node in self.form.nodes:
            if not node.pointer and node.kind is Kind.OBJECT:
                continue
            beside = rows.get(node.pointer, ())
            yield Field(
                node,
                up=self._op("up", node) if beside and beside[0] is not node else "",
                down=self._op("down", node) if beside and beside[-1] is not node else "",
                add=self._op("add", node) if node.kind is Kind.ARRAY else "",
                focus=self.focus[1] if node.name == self.focus[0] else "",
            )

    @property
    def started(self) -> bool:
        """Whether something is filled in that was not there."""
        return any(
            not node.container and node.text.strip() not in ("", start.text.strip())
            for node, start in zip(self.form.nodes, self.fresh.nodes, strict=True)
        )

    def press(self, what: Press, name: str) -> None:
        """Do what a button of the fields says. Raises EditRefused where the values are none that could be shown anew."""
        node = next((one for one in self.fresh.nodes if one.name == name), None)
        if what == "add":
            if node is not None and node.kind is Kind.ARRAY:
                self.more = (*self.more, node.pointer)[:MOST_MORE]
                self.fresh = self._made(self._made_for())
                self.form = self._filled(())
                self.focus = (next(one.name for one in self.form.nodes if one.pointer == node.pointer), what)
            return
        value = self.read()
        if what == "raw":
            self.raw, self.text = True, raw_text(value)
            return
        to = self._moved(value, node, _STEPS[what]) if what in _STEPS and node is not None else ""
        self.raw, self.base, self.more = False, raw_text(value), ()
        self.form = self.fresh = self._made(value)
        self.focus = (next((one.name for one in self.form.nodes if to and one.pointer == to), ""), what)

    def read(self) -> JsonValue:
        """The value as it is filled in. Raises EditRefused, and then shows what is wrong at its field."""
        try:
            return self._read()
        except EditRefused as refused:
            self.show(refused.errors)
            raise

    def peek(self) -> JsonValue:
        """The value as far as it can be read already, else the one the fields started with."""
        try:
            return self._read()
        except EditRefused:
            return cast("JsonValue", self.value)

    def checked(self) -> JsonValue:
        """The value, held against its schema. Raises EditRefused as `read` does."""
        value = self.read()
        if found := list(problems(self.schema, value)):
            posted = with_removed(self.fresh, self.posted)
            self.show(found if self.raw else at_fields(self.fresh, posted, found))
            raise EditRefused(found)
        return value

    def arguments(self) -> dict[str, Any]:
        """The value where it is the arguments of an action. Raises EditRefused."""
        value = self.checked()
        if not isinstance(value, dict):
            # A schema that offers other values than objects gets a form in which one can be chosen.
            self.show([NO_OBJECT])
            raise EditRefused([NO_OBJECT])
        return value

    def show(self, errors: Sequence[FieldError]) -> None:
        """Put what is wrong beside the fields it is about."""
        if self.raw:
            self.wrong = tuple(errors)
        else:
            self.form = self._filled(errors)

    def _read(self) -> JsonValue:
        if not self.raw:
            return read_form(self.fresh, with_removed(self.fresh, self.posted))
        value = read_raw(self.text)
        if not isinstance(value, dict):
            raise EditRefused([NO_OBJECT])
        return value

    def _moved(self, value: JsonValue, node: Node, step: int) -> str:
        """Let a row and its neighbour change places in the value; where the row stands then, "" if it is left out."""
        place = place_of(self.fresh, with_removed(self.fresh, self.posted), node.pointer)
        above, _, own = (place or "").rpartition("/")
        rows: Any = value
        for key in above.split("/")[1:]:
            rows = rows[int(key) if isinstance(rows, list) else key.replace("~1", "/").replace("~0", "~")]
        if not isinstance(rows, list) or not own:
            return ""
        at, to = int(own), min(max(int(own) + step, 0), len(rows) - 1)
        rows[at], rows[to] = rows[to], rows[at]
        return f"{above}/{to}"

    def _op(self, what: Press, node: Node) -> str:
        return f"{what} {self.prefix}{node.name}"

    def _said(self, name: str) -> str:
        return (self.posted.get(name) or [""])[-1].strip()

    def _made(self, value: Any) -> Form:
        if value is ABSENT:
            return empty_form(cast("Schema", self.schema), spare=1, more=self.more)
        return form_of(self.schema, value, spare=1, more=self.more)

    def _made_for(self) -> Any:
        try:
            value = read_raw(self.base) if self.base else ABSENT
        except EditRefused:
            value = ABSENT
        if value is ABSENT or (isinstance(self.value, dict) and not isinstance(value, dict)):
            self.base = ""
            return self.value
        return value

    def _filled(self, errors: Sequence[FieldError]) -> Form:
        return refilled(self.fresh, with_removed(self.fresh, self.posted), errors)


def pressed(several: Iterable[tuple[str, Fields]], op: str) -> bool:
    """Let the fields that a button stands in do what it says; several by the key of their action. Raises Invalid.

    Returns whether the focus is to go on from that button.
    """
    what, _, where = op.partition(" ")
    for key, fields in several:
        prefix, name = fields.prefix, where.removeprefix(fields.prefix)
        if what in _PRESSES and where.startswith(prefix) and name[:1] in ("", "#"):
            try:
                fields.press(cast("Press", what), name)
            except EditRefused as wrong:
                raise refused(wrong.errors, key) from None
            return bool(fields.focus[0])
    return False


def with_removed(form: Form, posted: Posted) -> Posted:
    """What a form posted, with its boxes for removing and its empty rows as the states they stand for."""
    gone = set(posted.get(REMOVE, ()))
    filled = dict(posted)
    for node in form.nodes:
        if node.name + STATE in filled:
            continue
        if removable(node):
            filled[node.name + STATE] = [State.ABSENT if node.name in gone else State.VALUE]
        elif node.spare:
            # A row is there once something is in it. An empty text as an element is typed as JSON.
            filled[node.name + STATE] = [State.AUTO]
    return filled


def removable(node: Node) -> bool:
    """Whether a box is enough to say how the field is set: as it is filled in, or not at all."""
    return node.states == (State.VALUE, State.ABSENT)
