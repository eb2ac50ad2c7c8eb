"""Which requests are alike enough to be reviewed as one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from inbox import canonical
from inbox.canonical import JsonValue

LEVELS: Final = 2


def shape(args: Mapping[str, JsonValue]) -> str:
    """The argument names and the types of their values, two levels deep, as canonical JSON.

    Values, the order of names and the length of lists play no part; whole numbers and fractions are one type.
    """
    return canonical.dumps(_shape(args, LEVELS)).decode()


def group_key(
    agent_id: object,
    tool: str,
    args: Mapping[str, JsonValue],
    policy_rule: str | None,
    risk: str,
    reversible: bool,
    *,
    schema_digest: str | None = None,
) -> str:
    """64 hex digits that two requests share only when one glance can cover both.

    `schema_digest` is the tool's, where known: the same arguments mean something else to another version.
    """
    parts: list[JsonValue] = [
        str(agent_id),
        tool,
        shape(args),
        policy_rule or "",
        str(risk),
        reversible,
        schema_digest or "",
    ]
    return hashlib.sha256(canonical.dumps(parts)).hexdigest()


def _shape(value: JsonValue, levels: int) -> JsonValue:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes/no"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return {key: _shape(item, levels - 1) for key, item in value.items()} if levels else "object"
    if isinstance(value, Sequence):
        return _kinds(value, levels)
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _kinds(items: Sequence[JsonValue], levels: int) -> list[JsonValue]:
    """Each kind of item once, in the order of its bytes; a list inside a list is just that."""
    kinds: dict[bytes, JsonValue] = {}
    for item in items:
        is_list = isinstance(item, Sequence) and not isinstance(item, str)
        kind = "list" if is_list else _shape(item, levels)
        kinds[canonical.dumps(kind)] = kind
    return [kinds[raw] for raw in sorted(kinds)]
