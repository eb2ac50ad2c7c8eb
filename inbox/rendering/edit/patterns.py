"""Patterns of agents' schemas, matched in linear time or not at all.

Python's `re` backtracks: `^(a+)+$` takes years on forty letters. The engine behind pydantic does not, has no
look-around, and refuses what it cannot compile small; long ones with large counts are not tried.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from math import prod
from typing import Annotated, Any, Final

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

LONGEST_PATTERN: Final = 200
LONGEST_TEXT: Final = 10_000
# `(.{0,100}){0,50}` on 10,000 characters took 1.2 s; the time grows with the product of the counts.
_MOST_REPEATS: Final = 500
_COUNTED: Final = re.compile(r"\{(\d+)?(?:,(\d+)?)?\}")


def readable_pattern(pattern: str) -> bool:
    """Whether texts can be checked against the pattern."""
    return len(pattern) <= LONGEST_PATTERN and _compiled(pattern) is not None


def fits(pattern: str, text: str) -> bool | None:
    """Whether the pattern is found in the text, None when that is not checked."""
    if len(pattern) > LONGEST_PATTERN or len(text) > LONGEST_TEXT or (adapter := _compiled(pattern)) is None:
        return None
    try:
        adapter.validate_python(text, strict=True)
    except ValidationError:
        return False
    return True


# Only short ones are asked for: the cache must not hold on to megabytes an agent sent.
@lru_cache(maxsize=256)
def _compiled(pattern: str) -> TypeAdapter[Any] | None:
    counts = [match[2] or match[1] or "1" for match in _COUNTED.finditer(pattern)]
    if any(len(count) > 4 for count in counts) or prod(int(count) or 1 for count in counts) > _MOST_REPEATS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        return None
