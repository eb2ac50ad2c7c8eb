"""The arguments a tool takes, from its schema and from a call, and which role each plays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inbox.policy.templates.kinds import Role

# More than this nobody reads in one sentence; a schema may list thousands.
MOST_ARGUMENTS: Final = 60
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LETTERS: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its dotted path, its own name in small letters without separators, and whether it is a list."""

    path: str
    name: str
    is_list: bool = False


def arguments_of(schema: Mapping[str, Any] | None, sample: Mapping[str, Any] | None) -> tuple[Argument, ...]:
    """The arguments in the order of the call, then of the schema. Names that no sentence could hold are left out.

    A table with few fields counts by its fields: `payment.amount`. Both inputs are an agent's and may be anything.
    """
    found: dict[str, Argument] = {}
    for argument in (*_sampled(sample or {}), *_declared(schema or {})):
        known = found.get(argument.path)
        # A table the call left empty is named by its fields in the schema.
        if known is None and not any(
            path.startswith(argument.path + ".") or argument.path.startswith(path + ".") for path in found
        ):
            found[argument.path] = argument
        if len(found) == MOST_ARGUMENTS:
            break
    return tuple(found.values())


def cast(roles: Sequence[Role], arguments: Sequence[Argument]) -> dict[str, Argument]:
    """Which argument plays each role. One argument plays one role: the earlier roles choose first."""
    chosen: dict[str, Argument] = {}
    free = list(arguments)
    for role in roles:
        best = min(
            (argument for argument in free if argument.name in role.names),
            key=lambda argument: (role.names.index(argument.name), argument.path.count("."), argument.path),
            default=None,
        )
        if best is not None:
            chosen[role.name] = best
            free.remove(best)
    return chosen


def _sampled(sample: Mapping[str, Any], above: str = "") -> Iterator[Argument]:
    for name, value in list(sample.items())[:MOST_ARGUMENTS]:
        if not _PLAIN.fullmatch(name):
            continue
        if isinstance(value, Mapping) and value and not above:
            yield from _sampled(value, f"{name}.")
        else:
            yield _argument(above + name, name, isinstance(value, list | tuple))


def _declared(schema: Mapping[str, Any], above: str = "") -> Iterator[Argument]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, said in list(properties.items())[:MOST_ARGUMENTS]:
        if not isinstance(name, str) or not _PLAIN.fullmatch(name):
            continue
        inner = said if isinstance(said, Mapping) else {}
        if not above and isinstance(inner.get("properties"), Mapping) and inner["properties"]:
            yield from _declared(inner, f"{name}.")
        else:
            yield _argument(above + name, name, inner.get("type") == "array")


def _argument(path: str, name: str, is_list: bool) -> Argument:
    return Argument(path, _LETTERS.sub("", name.lower()), is_list)
