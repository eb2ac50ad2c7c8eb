"""JSON values in words: what type one is, and how one that holds no others is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

CONTAINERS: Final = (Mapping, list, tuple)


def scalar_text(value: Any) -> str:
    """A value that is no list or object as JSON writes it, a text without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def type_word(value: Any) -> str:
    """The type of a value for people: "text", "number", "yes/no", "nothing", "list of 3", "object of 1 field"."""
    if isinstance(value, str):
        return "text" if value else "empty text"
    if isinstance(value, bool):
        return "yes/no"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return f"object of {len(value):,} field{'' if len(value) == 1 else 's'}"
    return f"list of {len(value):,}" if isinstance(value, CONTAINERS) else "number"
