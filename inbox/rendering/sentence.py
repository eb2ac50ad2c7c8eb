"""The system's sentence about a tool call, from a template that admins own and the payload.

    Refund {amount|money:currency} to {customer.name} for {order_ids|list}

A placeholder is a dotted path into the arguments (`to`, `customer.name`, `items.0`), then at most one filter:
`|count`, `|number`, `|list`, `|first_line`, `|host`, `|money:USD` or `|money:path.to.currency`. Braces are doubled to
stand for themselves. What is missing prints "—". Templates are parsed here and values never are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox.rendering.characters import hidden
from inbox.rendering.filters import FILTERS, MISSING, is_currency, money
from inbox.rendering.inline import shown
from inbox.rendering.values import CONTAINERS

LONGEST_TEMPLATE: Final = 300

_PATH: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+|\[[0-9]+\])*")
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ABSENT: Final = object()

Path = tuple[str, ...]


@dataclass(slots=True)
class TemplateError(Exception):
    """A template that cannot be used. `position` counts characters from 0; `detail` says what is wrong."""

    position: int
    detail: str

    def __str__(self) -> str:
        return f"At character {self.position + 1}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value's place in a sentence; `argument` is a currency, or with `argument_is_path` where it stands."""

    path: Path
    filter: str = ""
    argument: str = ""
    argument_is_path: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: its own words and placeholders in order, and the paths it reads as written."""

    parts: tuple[str | Placeholder, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line without hidden characters. `complete`: every argument value is visible in it, in full and in place.

    A sentence with right-to-left letters is never complete: two Hebrew values with a number between them are
    drawn in each other's place, and a plain line cannot hold them apart.
    """

    text: str
    complete: bool


def compile_template(text: str) -> Template:
    """Parse a template. Raises TemplateError for anything but the language above."""
    if not text.strip():
        raise TemplateError(0, "The sentence is empty.")
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateError(LONGEST_TEMPLATE, f"The sentence is over {LONGEST_TEMPLATE} characters.")
    for position, char in enumerate(text):
        if char in "\n\t" or hidden(char) not in (None, "odd-space"):
            raise TemplateError(position, f"U+{ord(char):04X} does not show itself; remove it.")
    parts: list[str | Placeholder] = []
    at = 0
    while at < len(text):
        brace = min(
            (found for found in (text.find("{", at), text.find("}", at)) if found >= 0), default=len(text)
        )
        if brace > at:
            parts.append(text[at:brace])
        if brace == len(text):
            break
        if text.startswith(("{{", "}}"), brace):
            parts.append(text[brace])
            at = brace + 2
            continue
        at, placeholder = _placeholder(text, brace)
        parts.append(placeholder)
    return Template(tuple(parts), tuple(dict.fromkeys(_variables(parts))))


def _placeholder(text: str, start: int) -> tuple[int, Placeholder]:
    if text[start] == "}":
        raise TemplateError(start, "A } closes nothing; write }} for a brace.")
    end = text.find("}", start)
    if end < 0:
        raise TemplateError(start, "A { is never closed; write {{ for a brace.")
    inside = text[start + 1 : end]
    if "{" in inside:
        raise TemplateError(start + 1 + inside.index("{"), "A placeholder cannot stand inside another one.")
    path, bar, rest = inside.partition("|")
    placed = start + 1
    steps = _path(path, placed)
    name, colon, argument = rest.partition(":")
    placed += len(path) + 1
    if name == "money":
        if not argument:
            raise TemplateError(placed, "money needs a currency, such as money:USD, or the path to one.")
        if is_currency(argument):
            return end + 1, Placeholder(steps, "money", argument)
        currency = ".".join(_path(argument, placed + len(name) + 1))
        return end + 1, Placeholder(steps, "money", currency, argument_is_path=True)
    if bar and (not name or name not in FILTERS):
        known = ", ".join(sorted([*filter(None, FILTERS), "money"]))
        raise TemplateError(placed, f"“{name}” is no filter; there are {known}.")
    if colon:
        raise TemplateError(placed + len(name), f"The filter {name} takes nothing after it.")
    return end + 1, Placeholder(steps, name)


def _path(text: str, position: int) -> Path:
    if not _PATH.fullmatch(text):
        what = f"“{text}” is no path" if text else "A placeholder names nothing"
        raise TemplateError(position, f"{what}; write one like to, customer.name or items.0.")
    return tuple(text.replace("[", ".").replace("]", "").split("."))


def _variables(parts: list[str | Placeholder]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Placeholder):
            yield ".".join(part.path)
            if part.argument_is_path:
                yield part.argument


def render(template: Template | None, tool: str, args: Mapping[str, Any]) -> Sentence:
    """The sentence for a call of `tool` with `args`. Without a template it says so and is never complete."""
    if template is None:
        arguments = "1 argument" if len(args) == 1 else f"{len(args):,} arguments"
        return Sentence(f"Call {shown(tool).text} · {arguments} · no template", False)
    visible: set[Path] = set()
    texts = [part if isinstance(part, str) else _fill(part, args, visible) for part in template.parts]
    text = "".join(texts)
    in_order = not any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)
    return Sentence(text, in_order and all(_is_visible(leaf, visible) for leaf in _leaves(args)))


def _fill(place: Placeholder, args: Mapping[str, Any], visible: set[Path]) -> str:
    value = _lookup(args, place.path)
    if value is _ABSENT:
        return MISSING.text
    if place.filter == "money":
        return _fill_money(place, value, args, visible)
    result = FILTERS[place.filter](value)
    if result.complete:
        visible.add(place.path)
    return result.text


def _fill_money(place: Placeholder, value: Any, args: Mapping[str, Any], visible: set[Path]) -> str:
    if not place.argument_is_path:
        result = money(value, place.argument)
    else:
        path = tuple(place.argument.split("."))
        currency = _lookup(args, path)
        result = money(value, None if currency is _ABSENT else currency)
        if currency is not _ABSENT and shown(currency).complete:
            visible.add(path)
    if result.complete:
        visible.add(place.path)
    return result.text


def _lookup(args: Mapping[str, Any], path: Path) -> Any:
    value: Any = args
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif (
            isinstance(value, (list, tuple))
            and step.isascii()
            and step.isdecimal()
            and int(step) < len(value)
        ):
            value = value[int(step)]
        else:
            return _ABSENT
    return value


def _leaves(args: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of all values that hold no others. Iterative: payloads nest deeply."""
    waiting: list[tuple[Path, Any]] = [((key,), value) for key, value in args.items()]
    while waiting:
        path, value = waiting.pop()
        if not isinstance(value, CONTAINERS) or not value:
            yield path
        elif isinstance(value, Mapping):
            waiting += [((*path, key), below) for key, below in value.items()]
        else:
            waiting += [((*path, str(index)), below) for index, below in enumerate(value)]


def _is_visible(leaf: Path, visible: set[Path]) -> bool:
    return any(leaf[:length] in visible for length in range(1, len(leaf) + 1))
