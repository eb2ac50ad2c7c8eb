"""What was posted for a form, back to the JSON value it stands for. What was not touched is what was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inbox.canonical import JsonRefused, JsonValue, dumps, loads
from inbox.rendering.columns import ABSENT
from inbox.rendering.edit.nodes import (
    PLACE,
    STATE,
    EditRefused,
    FieldError,
    Form,
    Kind,
    Node,
    State,
)
from inbox.rendering.edit.raw import read_raw, words_of
from inbox.rendering.edit.strings import BadEscape, from_text, lines_of, posted_lines

Posted = Mapping[str, Sequence[str]]

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER: Final = 400
_PLACE: Final = re.compile(r"[1-9][0-9]{0,4}")


def read_form(form: Form, posted: Posted) -> JsonValue:
    """The value that was filled in. Raises EditRefused with everything that is wrong.

    Every control of the form has to arrive, once, and nothing else that begins like one: a form cut short, or one
    made for another value, is refused whole. A field posted as it was shown is the value as it was sent.
    """
    reader = _Reader(posted)
    value = reader.read(form.root)
    known = {node.name + end for node in form.nodes for end in ("", STATE, PLACE)}
    if any(name.startswith("#") and name not in known for name in posted):
        reader.refuse("", "unknown-field", "This form was made for other values. Open it again.")
    if value is ABSENT:
        reader.refuse("", "missing-value", "Nothing is filled in.")
    if not reader.errors:
        reader.errors += _unstorable(value)
    if reader.errors:
        raise EditRefused(reader.errors)
    result: JsonValue = value
    return result


def refilled(form: Form, posted: Posted, errors: Sequence[FieldError]) -> Form:
    """The form as it was filled in, with what is wrong beside the field it is about, or the one that holds it."""
    pointers = {node.pointer for node in form.nodes}
    placed: dict[str, list[FieldError]] = {}
    for error in errors:
        at = error.pointer
        while at and at not in pointers:
            at = at.rpartition("/")[0]
        placed.setdefault(at, []).append(error)
    general = tuple(placed.pop("", ())) if form.root.container else ()
    return Form(_refilled(form.root, posted, placed), general)


def at_fields(form: Form, posted: Posted, errors: Sequence[FieldError]) -> list[FieldError]:
    """Errors about the value that was read, with the pointers of the fields it was read from.

    Where a row of a list was removed, added or moved the two differ.
    """
    reader = _Reader(posted)
    reader.read(form.root)
    return [replace(error, pointer=reader.field(form.root, error.pointer).pointer) for error in errors]


def place_of(form: Form, posted: Posted, pointer: str) -> str | None:
    """Where the value of a field stands in the value that was read; None for a field that is left out of it."""
    reader = _Reader(posted)
    reader.read(form.root)
    node, place = form.root, ""
    for step in pointer.split("/")[1:]:
        below = next((one for one in node.children if one.pointer == f"{node.pointer}/{step}"), None)
        if below is None:
            return None
        if node.kind is Kind.ARRAY:
            rows = [one.pointer for one in reader.rows.get(node.pointer, [])]
            if below.pointer not in rows:
                return None
            step = str(rows.index(below.pointer))
        node, place = below, f"{place}/{step}"
    return place


def _refilled(node: Node, posted: Posted, errors: Mapping[str, list[FieldError]]) -> Node:
    def last(name: str) -> str | None:
        return posted[name][-1] if posted.get(name) else None

    text, state, place = last(node.name), last(node.name + STATE), last(node.name + PLACE)
    return replace(
        node,
        text=node.text if text is None else posted_lines(text),
        state=State(state) if state is not None and state in node.states else None,
        place_text=place,
        errors=tuple(errors.get(node.pointer, ())),
        children=tuple(_refilled(child, posted, errors) for child in node.children),
    )


@dataclass(slots=True)
class _Reader:
    posted: Posted
    errors: list[FieldError] = field(default_factory=list)
    # The fields of the elements of each list, in the order of the value that is read.
    rows: dict[str, list[Node]] = field(default_factory=dict)

    def refuse(self, pointer: str, code: str, message: str) -> Any:
        self.errors.append(FieldError(pointer, code, message))
        return ABSENT

    def read(self, node: Node) -> Any:
        """The value of a field, ABSENT for none and after an error."""
        state = self._state(node)
        if state is State.NULL:
            return None
        if state is State.ABSENT:
            return ABSENT
        nothing = None if node.value is None else ABSENT
        if node.container:
            value = self._object(node) if node.kind is Kind.OBJECT else self._list(node)
            return value if value or state is State.VALUE else nothing
        text = self._text(node)
        if text is None:
            return ABSENT
        if state is State.AUTO and (text if node.kind is Kind.STRING else text.strip()) == "":
            return nothing
        if node.states[0] is State.VALUE and text == node.text:
            return node.value
        return self._typed(node, text)

    def _state(self, node: Node) -> State:
        posted = self.posted.get(node.name + STATE)
        if posted is None and len(node.states) == 1:
            return node.states[0]
        if posted is not None and len(posted) == 1 and posted[0] in node.states:
            return State(posted[0])
        if posted is None:
            self.refuse(node.pointer, "missing-field", "This field did not arrive. Send the form again.")
        else:
            self.refuse(node.pointer, "not-a-choice", "This is none of the ways this field can be set.")
        return node.states[0]

    def _text(self, node: Node) -> str | None:
        posted = self.posted.get(node.name)
        if posted is not None and len(posted) == 1:
            return posted_lines(posted[0])
        code, message = ("missing-field", "This field did not arrive. Send the form again.")
        if posted:
            code, message = ("repeated-field", "This field arrived more than once.")
        self.refuse(node.pointer, code, message)
        return None

    def _object(self, node: Node) -> dict[str, Any]:
        found = {child.key.source: self.read(child) for child in node.children}
        present: Mapping[str, Any] = node.value if isinstance(node.value, Mapping) else {}
        order = (*present, *(key for key in found if key not in present))
        return {key: found[key] for key in order if found[key] is not ABSENT}

    def _list(self, node: Node) -> list[Any]:
        placed = []
        for child in node.children:
            value = self.read(child)
            place = self._place(child)
            if value is not ABSENT:
                placed.append((place, value, child))
        placed.sort(key=lambda one: one[0])
        self.rows[node.pointer] = [child for _, _, child in placed]
        return [value for _, value, _ in placed]

    def field(self, node: Node, pointer: str) -> Node:
        """The field a place of the value was read from, or the one that holds it."""
        for step in pointer.split("/")[1:]:
            if node.kind is Kind.ARRAY:
                rows = self.rows.get(node.pointer, [])
                below = dict(enumerate(rows)).get(int(step)) if step.isdecimal() else None
            else:
                key = step.replace("~1", "/").replace("~0", "~")
                below = next((child for child in node.children if child.key.source == key), None)
            if below is None:
                break
            node = below
        return node

    def _place(self, node: Node) -> tuple[float, int, int]:
        """What sorts an element: its place; among equals who moved up, who stayed, who moved down."""
        own = node.place or 0
        text = (self.posted.get(node.name + PLACE) or [node.at])[0].strip()
        if not text:
            return (float("inf") if node.spare else own, 0, own)
        if not _PLACE.fullmatch(text):
            self.refuse(node.pointer, "not-a-place", "A place in the list is a whole number from 1.")
            return (own, 0, own)
        place = int(text)
        return (place, 1 if place > own and not node.spare else -1 if place != own else 0, own)

    def _typed(self, node: Node, text: str) -> Any:
        if node.kind is Kind.STRING:
            return self._string(node, text)
        if node.kind in (Kind.NUMBER, Kind.INTEGER):
            return self._number(node, text.strip())
        if node.kind is Kind.LINES:
            return lines_of(text)
        if node.kind is Kind.JSON:
            try:
                return read_raw(text, node.pointer)
            except EditRefused as refused:
                self.errors += refused.errors
                return ABSENT
        if re.fullmatch(r"[0-9]{1,4}", text) and int(text) < len(node.choices):
            return node.choices[int(text)].value
        return self.refuse(node.pointer, "not-a-choice", "Choose one of the values.")

    def _string(self, node: Node, text: str) -> Any:
        try:
            value = from_text(text, node.value)
        except BadEscape:
            message = (
                "In this text a backslash is written as two, a hidden character as \\u{…} with its code."
            )
            return self.refuse(node.pointer, "bad-escape", message)
        if errors := _unstorable(value):
            return self.refuse(node.pointer, errors[0].code, errors[0].message)
        return value

    def _number(self, node: Node, text: str) -> Any:
        if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
            message = (
                "Write a number: digits, a point before decimals, no spaces or separators, as in -1234.5."
            )
            return self.refuse(node.pointer, "not-a-number", message)
        try:
            value = loads(b'{"v":' + text.encode() + b"}")["v"]
        except JsonRefused as refused:
            return self.refuse(node.pointer, refused.code, words_of(refused))
        if node.kind is Kind.INTEGER and not float(value).is_integer():
            return self.refuse(node.pointer, "not-an-integer", "Write a whole number.")
        return value


def _unstorable(value: JsonValue) -> list[FieldError]:
    """Why the server cannot hold a value exactly; empty when it can."""
    try:
        loads(b'{"v":' + dumps(value) + b"}")
    except UnicodeEncodeError:
        return [FieldError("", "invalid-unicode", "A text holds half a character (a lone surrogate).")]
    except JsonRefused as refused:
        return [FieldError("", refused.code, words_of(refused))]
    return []
