"""What a form is made of: typed fields in a tree, and what can be wrong with one that was filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from inbox.canonical import JsonValue
from inbox.rendering.reveal import Revealed
from inbox.rendering.text import AgentText

# Names of the further controls of a field: its name, and one of these behind it. A pointer holds no colon.
STATE: Final = ":is"
PLACE: Final = ":at"


class Kind(StrEnum):
    """What a field holds, and so which control it is.

    `lines`: a long list of texts, one a line. `json`: whatever has no simpler control, typed as JSON.
    """

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    ARRAY = "array"
    OBJECT = "object"
    LINES = "lines"
    JSON = "json"


class State(StrEnum):
    """What is posted under `{name}:is`. AUTO: as it was (left out, or nothing) unless something is filled in."""

    AUTO = ""
    VALUE = "value"
    NULL = "null"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to choose, posted as its `index`. `title` is the schema's name for it, a claim."""

    index: int
    value: JsonValue
    shown: Revealed
    title: AgentText | None = None
    as_sent: bool = False


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong: an RFC 6901 pointer into the value, a stable code, and a sentence for a person.

    `line` and `column` count from 1 and are set where text was typed as JSON.
    """

    pointer: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None


class EditRefused(ValueError):
    """What was posted is no value; nothing of it may be used. `errors` is never empty."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.code}" for error in self.errors))


@dataclass(frozen=True, slots=True)
class Node:
    """One field.

    `name` is what it is posted under: the pointer as a URI fragment, so ASCII whatever the key holds.
    `value` is the value as sent, ABSENT where there is none (`spare`: an empty row at the end of a list).
    `text` is what the control starts with (the index of a choice, "" for none); posted unchanged it is read as
    `value`. `escaped`: hidden characters stand in it as \\u{202e}, a backslash as two. `shown` is the value for
    reading, with findings. `states` is what may be posted under `{name}:is`, the first preselected; a
    single one needs no control. `place` is the position in a list, posted under `{name}:at`.
    `unknown`: the key is not in the schema. `misfit`: the value is not of the type the schema says.
    `bounds` are phrases of the server's about what the schema asks; `title` and `description` are claims.
    """

    pointer: str
    name: str
    depth: int
    key: Revealed
    kind: Kind
    value: Any
    text: str = ""
    shown: Revealed | None = None
    multiline: bool = False
    escaped: bool = False
    choices: tuple[Choice, ...] = ()
    states: tuple[State, ...] = (State.VALUE,)
    element: bool = False
    spare: bool = False
    place: int | None = None
    required: bool = False
    unknown: bool = False
    misfit: bool = False
    title: AgentText | None = None
    description: AgentText | None = None
    bounds: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()
    errors: tuple[FieldError, ...] = ()
    # What was posted and refused, to be shown again.
    state: State | None = None
    place_text: str | None = None

    @property
    def selected(self) -> State:
        """The state the form starts with."""
        return self.states[0] if self.state is None else self.state

    @property
    def state_options(self) -> tuple[tuple[State, str], ...]:
        """The states with their words, to be chosen from when there are several."""
        was = "nothing (null)" if self.value is None else "left out"
        words = {
            State.AUTO: f"{was} unless filled in",
            State.VALUE: "as filled in, even if empty" if State.AUTO in self.states else "as filled in",
            State.NULL: "nothing (null)",
            State.ABSENT: "remove",
        }
        return tuple((state, words[state]) for state in self.states)

    @property
    def container(self) -> bool:
        """Whether the value is in the fields below and not in a control of its own."""
        return self.kind in (Kind.OBJECT, Kind.ARRAY)

    @property
    def at(self) -> str:
        """What the control of the place starts with."""
        if self.place_text is not None:
            return self.place_text
        return "" if self.place is None or self.spare else str(self.place)


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form; `errors` are about no field in particular."""

    root: Node
    errors: tuple[FieldError, ...] = ()

    @property
    def nodes(self) -> Iterator[Node]:
        """Every field in the order of the page, each before those below it."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


def child_pointer(pointer: str, key: str | int) -> str:
    """The RFC 6901 pointer one step further."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def name_of(pointer: str) -> str:
    """The name of the control of a pointer. Browsers change line ends in names, so they are percent-encoded."""
    return "#" + quote(pointer, safe="/", errors="surrogatepass")
