"""The lines of an itemised payload, said yes or no to one by one: what stays in the arguments and what is set aside. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agents.contract import at_pointer
from inbox.errors import FieldError, Invalid


@dataclass(frozen=True, slots=True)
class LineSaid:
    """What is said of one line, by its place in the list. What nothing is said of is approved."""

    index: int
    type: Literal["approve", "reject", "defer"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """The arguments with the approved lines alone, and the others as a revision keeps them."""

    args: Mapping[str, Any]
    set_aside: tuple[Mapping[str, Any], ...]


def split(action: Mapping[str, Any], said: Sequence[LineSaid]) -> Split:
    """Take the lines that are not approved out of an envelope's action.

    Raises Invalid: not-itemised, unknown-line, line-twice, and nothing-left where no line stays.
    """
    key, pointer = action["key"], action.get("lines")
    if pointer is None:
        raise Invalid("not-itemised", f"Not recorded: {key} has no lines to decide one by one.")
    lines = at_pointer(action["args"], pointer)
    places = [one.index for one in said]
    if len(set(places)) != len(places):
        raise Invalid("line-twice", f"Not recorded: a line of {key} stands twice.")
    unknown = [place for place in places if not 0 <= place < len(lines)]
    if unknown:
        raise Invalid(
            "unknown-line",
            f"Not recorded: {key} has no line {unknown[0] + 1}.",
            errors=[FieldError(f"/decisions/{key}/lines", "unknown-line", str(unknown[0]))],
        )
    out = {one.index: one for one in said if one.type != "approve"}
    if len(out) == len(lines):
        raise Invalid("nothing-left", f"Not recorded: no line of {key} is left. Reject it, or put it aside.")
    kept = [line for place, line in enumerate(lines) if place not in out]
    return Split(
        _with(action["args"], pointer.split("/")[1:], kept),
        tuple(
            {
                "key": key,
                "at": pointer,
                "index": place,
                "line": lines[place],
                "type": out[place].type,
                "message": out[place].message,
            }
            for place in sorted(out)
        ),
    )


def alone(args: Mapping[str, Any], pointer: str, line: Any) -> Mapping[str, Any]:
    """The arguments with nothing but this line in the list."""
    parted: Mapping[str, Any] = _with(args, pointer.split("/")[1:], [line])
    return parted


def _with(value: Any, way: Sequence[str], lines: Sequence[Any]) -> Any:
    if not way:
        return list(lines)
    key = way[0].replace("~1", "/").replace("~0", "~")
    if isinstance(value, list):
        return [_with(one, way[1:], lines) if place == int(key) else one for place, one in enumerate(value)]
    return {**value, key: _with(value[key], way[1:], lines)}
