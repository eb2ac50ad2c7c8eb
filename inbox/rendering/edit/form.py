"""A form for a JSON value, from the schema of the tool and the value itself. Bounded whatever the agent sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inbox.canonical import JsonValue
from inbox.rendering.columns import ABSENT
from inbox.rendering.edit.bounds import bounds, is_number
from inbox.rendering.edit.nodes import Choice, Form, Kind, Node, State, child_pointer, name_of
from inbox.rendering.edit.raw import raw_text
from inbox.rendering.edit.shape import ANYTHING, Option, Shape, element, key_of, shape_of
from inbox.rendering.edit.strings import is_line, is_multiline, to_text
from inbox.rendering.raw import raw_json
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.schema import Schema, declared
from inbox.rendering.text import AgentText, plain
from inbox.rendering.values import scalar_text

# Three controls for each, under the thousand that Django reads of one body.
MOST_FIELDS: Final = 320
MOST_ELEMENTS: Final = 60
DEEPEST: Final = 10
MOST_SPARE: Final = 20
_MOST_CHOICES_IN_ALL: Final = 2_000
_DEEPEST_ABSENT: Final = 2
_LONGEST_TITLE: Final = 120
_LONGEST_DESCRIPTION: Final = 500
_LONGEST_CHOSEN: Final = 500


def form_of(schema: Schema | None, value: JsonValue, *, spare: int = 2, more: Sequence[str] = ()) -> Form:
    """The form to edit `value`, a JSON value as canonical.loads gives them; nothing in it is left out.

    `schema` is the JSON Schema of the value (draft 2020-12), None when there is none: then fields follow the
    types of the value. `spare` is how many empty rows a list ends with, `more` names a list by its pointer once for
    each further one; at most 20 in all. What is too much for fields (over 320 of them, 60 elements, 10 levels) is
    one field: of lines, for a list of plain texts, else of JSON.
    """
    builder = _Builder(schema or {}, spare, Counter(more))
    root = _Place("", 0, reveal(""), (schema,) if schema else ())
    return Form(builder.node(root, value))


def empty_form(schema: Schema, *, spare: int = 2, more: Sequence[str] = ()) -> Form:
    """The form for an answer that does not exist yet."""
    builder = _Builder(schema, spare, Counter(more))
    return Form(builder.node(_Place("", 0, reveal(""), (schema,), required=True), ABSENT))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field stands and what is known about it before its value is looked at."""

    pointer: str
    depth: int
    key: Revealed
    schemas: tuple[object, ...]
    required: bool = False
    removable: bool = False
    unknown: bool = False
    position: int | None = None
    spare: bool = False
    absent: int = 0

    def below(self, key: str | int, schemas: tuple[object, ...], value: Any) -> _Place:
        label = reveal(f"[{key}]" if isinstance(key, int) else key)
        absent = self.absent + 1 if value is ABSENT else 0
        return _Place(child_pointer(self.pointer, key), self.depth + 1, label, schemas, absent=absent)


@dataclass(slots=True)
class _Builder:
    root: Schema
    spare: int
    more: Mapping[str, int]
    fields_left: int = MOST_FIELDS
    choices_left: int = _MOST_CHOICES_IN_ALL
    shapes: dict[tuple[int, ...], Shape] = field(default_factory=dict)
    phrases: dict[tuple[int, Kind], tuple[str, ...]] = field(default_factory=dict)
    claims: dict[tuple[str, int], AgentText] = field(default_factory=dict)

    def node(self, place: _Place, value: Any) -> Node:
        shape = self._shape(place.schemas)
        kind, misfit = self._kind(shape, value, place)
        node = Node(
            pointer=place.pointer,
            name=name_of(place.pointer),
            depth=place.depth,
            key=place.key,
            kind=kind,
            value=value,
            shown=_shown(value, kind),
            states=_states(kind, value, shape, place),
            element=place.position is not None,
            spare=place.spare,
            place=place.position,
            required=place.required,
            unknown=place.unknown,
            misfit=misfit,
            title=self._claim(_title(shape, place.key), _LONGEST_TITLE),
            description=self._claim(shape.says("description"), _LONGEST_DESCRIPTION),
            bounds=self._bounds(shape, kind),
        )
        if node.container:
            below = list(self._members(place, shape, value, kind))
            return replace(node, children=tuple(self.node(*one) for one in below))
        return self._leaf(node, shape)

    def _leaf(self, node: Node, shape: Shape) -> Node:
        filled = node.states[0] is State.VALUE
        if node.kind in (Kind.CHOICE, Kind.BOOLEAN):
            options = shape.options if node.kind is Kind.CHOICE else (Option(True), Option(False))
            choices = self._choices(options, node.value if filled else ABSENT)
            chosen = key_of(node.value) if filled else None
            text = next((str(one.index) for one in choices if key_of(one.value) == chosen), "")
            return replace(node, choices=choices, text=text)
        if not filled:
            long = is_number(most := shape.says("maxLength")) and most > _LONGEST_TITLE
            return replace(node, multiline=node.kind is Kind.JSON or long)
        if node.kind is Kind.STRING:
            text, escaped = to_text(node.value)
            return replace(node, text=text, escaped=escaped, multiline=is_multiline(text))
        if node.kind is Kind.LINES:
            return replace(node, text="\n".join(node.value), multiline=True)
        if node.kind is Kind.JSON:
            return replace(node, text=raw_text(node.value), multiline=True)
        return replace(node, text=json.dumps(node.value))

    def _kind(self, shape: Shape, value: Any, place: _Place) -> tuple[Kind, bool]:
        """The control, and whether the value is not of the type the schema says."""
        kind = shape.kind
        if kind is Kind.CHOICE:
            short = value is ABSENT or len(key_of(value)) <= _LONGEST_CHOSEN
            if short and self.choices_left >= len(shape.options):
                return Kind.CHOICE, False
            return Kind.JSON, not short
        if value is ABSENT or (value is None and shape.nullable):
            kind = kind or Kind.JSON
        elif kind is None:
            kind = _own_kind(value)
        elif not _fits(kind, value):
            return Kind.JSON, True
        if kind in (Kind.OBJECT, Kind.ARRAY) and not self._unfold(shape, kind, value, place):
            return Kind.LINES if self._in_lines(shape, value) else Kind.JSON, False
        return kind, False

    def _in_lines(self, shape: Shape, value: Any) -> bool:
        """Whether a list can be written one element a line, and every line read is an element."""
        if not isinstance(value, list) or not value or not all(map(is_line, value)):
            return False
        return all(self._shape(element(shape, at)).kind in (None, Kind.STRING) for at in (0, len(value)))

    def _unfold(self, shape: Shape, kind: Kind, value: Any, place: _Place) -> bool:
        """Whether there is room for a field for each part of a list or object; takes the room."""
        if place.depth >= DEEPEST or place.absent > _DEEPEST_ABSENT:
            return False
        if kind is Kind.ARRAY:
            present = len(value) if isinstance(value, list) else 0
            if present > MOST_ELEMENTS or (place.absent == _DEEPEST_ABSENT):
                return False
            count = present + self._spare(place)
        else:
            names = declared(_mappings(shape.parts), self.root)
            keys = set(value) if isinstance(value, Mapping) else set()
            count = len(keys.union(names.properties, names.required) if names else keys)
        if count > self.fields_left:
            return False
        self.fields_left -= count
        return True

    def _members(self, place: _Place, shape: Shape, value: Any, kind: Kind) -> Iterator[tuple[_Place, Any]]:
        if kind is Kind.ARRAY:
            yield from self._elements(place, shape, value if isinstance(value, list) else [])
            return
        present: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        names = declared(_mappings(shape.parts), self.root)
        if names is None:
            for key, below in present.items():
                yield replace(place.below(key, (), below), removable=True), below
            return
        unknown = [key for key in present if not names.knows(key)]
        required = [key for key in (*names.properties, *sorted(names.required)) if key in names.required]
        others = [key for key in (*names.properties, *present) if key not in names.required]
        for key in dict.fromkeys((*unknown, *required, *others, *present)):
            below = present.get(key, ABSENT)
            child = place.below(key, names.below(key), below)
            must = key in names.required
            yield replace(child, required=must, removable=not must, unknown=key in unknown), below

    def _elements(self, place: _Place, shape: Shape, value: Sequence[Any]) -> Iterator[tuple[_Place, Any]]:
        for index, below in enumerate(value):
            child = place.below(index, element(shape, index), below)
            yield replace(child, removable=True, position=index + 1), below
        for index in range(len(value), len(value) + self._spare(place)):
            schemas = element(shape, index) or _schema_like(value)
            yield replace(place.below(index, schemas, ABSENT), position=index + 1, spare=True), ABSENT

    def _spare(self, place: _Place) -> int:
        return min(max(self.spare + self.more.get(place.pointer, 0), 0), MOST_SPARE)

    def _choices(self, options: Sequence[Option], value: Any) -> tuple[Choice, ...]:
        self.choices_left -= len(options)
        # Beside 1, "1" needs its quotes.
        own = () if value is ABSENT else (value,)
        texts = all(isinstance(one, str) for one in (*own, *(option.value for option in options)))
        choices = [
            Choice(
                index,
                option.value,
                reveal(_choice_text(option.value, texts)),
                self._claim(option.title or None, _LONGEST_TITLE),
            )
            for index, option in enumerate(options)
        ]
        if value is not ABSENT and key_of(value) not in {key_of(option.value) for option in options}:
            shown = reveal(_choice_text(value, texts))
            choices.append(Choice(len(choices), value, shown, as_sent=True))
        return tuple(choices)

    def _shape(self, schemas: tuple[object, ...]) -> Shape:
        # By identity: the schemas live as long as the root, which is kept.
        key = tuple(map(id, schemas))
        if key not in self.shapes:
            self.shapes[key] = shape_of(schemas, self.root) if schemas else ANYTHING
        return self.shapes[key]

    def _bounds(self, shape: Shape, kind: Kind) -> tuple[str, ...]:
        key = (id(shape), kind)
        if key not in self.phrases:
            self.phrases[key] = bounds(shape, kind)
        return self.phrases[key]

    def _claim(self, text: object, limit: int) -> AgentText | None:
        if not isinstance(text, str) or not text:
            return None
        if (text, limit) not in self.claims:
            self.claims[text, limit] = plain(text, limit=limit)
        return self.claims[text, limit]


_LIKE: Final[dict[Kind, Schema]] = {
    Kind.STRING: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
}


def _schema_like(elements: Sequence[Any]) -> tuple[object, ...]:
    """What a further element is when only the others tell: of their one simple type, else JSON."""
    kinds = {_own_kind(one) for one in elements}
    like = _LIKE.get(next(iter(kinds))) if len(kinds) == 1 else None
    return (like,) if like else ()


def _mappings(parts: Sequence[object]) -> tuple[Schema, ...]:
    return tuple(part for part in parts if isinstance(part, Mapping))


def _title(shape: Shape, key: Revealed) -> object:
    """What a schema calls the field, unless that is its key over again, as generated schemas have it."""
    title = shape.says("title")
    same = isinstance(title, str) and title.casefold() == key.source.replace("_", " ").strip().casefold()
    return None if same else title


def _own_kind(value: Any) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, str):
        return Kind.STRING
    if is_number(value):
        return Kind.NUMBER
    if isinstance(value, Mapping):
        return Kind.OBJECT
    return Kind.ARRAY if isinstance(value, list) else Kind.JSON


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.INTEGER:
        return is_number(value) and float(value).is_integer()
    return kind is Kind.JSON or _own_kind(value) is kind


def _states(kind: Kind, value: Any, shape: Shape, place: _Place) -> tuple[State, ...]:
    remove = (State.ABSENT,) if place.removable else ()
    nothing = (State.NULL,) if shape.nullable and kind is not Kind.JSON else ()
    offered = {key_of(option.value) for option in shape.options} if kind is Kind.CHOICE else set()
    empty = (
        () if kind in (Kind.CHOICE, Kind.BOOLEAN, Kind.NUMBER, Kind.INTEGER, Kind.JSON) else (State.VALUE,)
    )
    if value is ABSENT and place.depth == 0:
        return (State.VALUE,) if kind in (Kind.OBJECT, Kind.ARRAY) else (State.AUTO, *nothing)
    if value is ABSENT:
        return (State.AUTO, *empty, *nothing)
    if value is None and nothing and key_of(None) not in offered:
        return (State.AUTO, *empty, *remove)
    return (State.VALUE, *nothing, *remove)


def _shown(value: Any, kind: Kind) -> Revealed | None:
    if value is ABSENT or kind in (Kind.OBJECT, Kind.ARRAY):
        return None
    return raw_json(value) if isinstance(value, (Mapping, list)) else reveal(scalar_text(value))


def _choice_text(value: Any, as_text: bool) -> str:
    return value if as_text else json.dumps(value, ensure_ascii=False, sort_keys=True)
