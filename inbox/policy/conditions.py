"""Typed conditions: a fact, an operator, a value. Checked when a document is parsed, compiled to closures.

A fact that is missing, or of a type the operator cannot compare with the value, raises Unanswerable: nobody
may conclude anything from it, so whoever asked must ask people.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any, Final

from inbox.policy.fact_catalogue import MISSING, Fact, Type, find, value_of
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.meter import Meter, Unanswerable
from inbox.policy.reasons import printable
from inbox.policy.rule import Condition, Op, Scalar

Test = Callable[[ActionFacts, Facts, Meter], bool]

_ORDER: Final[frozenset[Op]] = frozenset({"lt", "le", "gt", "ge"})
_WORDS: Final[frozenset[Op]] = frozenset({"contains", "starts_with", "ends_with", "matches", "under"})
_LISTS: Final[frozenset[Op]] = frozenset({"in", "not_in"})


def mistakes(condition: Condition) -> list[str]:
    """What is wrong with a condition, in sentences; nothing when its fact exists, and operator and value fit it."""
    fact = find(condition.fact)
    if fact is None:
        return [f"There is no fact {condition.fact}."]
    op, value = condition.op, condition.value
    if op == "exists":
        return [] if value is None or isinstance(value, bool) else ["exists takes true or false."]
    if value is None:
        return [f"{op} needs a value."]
    if isinstance(value, tuple):
        if op not in _LISTS and op != "under":
            return [f"{op} takes one value: use in for several."]
        items: Sequence[Scalar] = value
    elif op in _LISTS:
        return [f"{op} takes a list of values."]
    else:
        items = (value,)
    wanted = _wanted(op, fact)
    if wanted is None:
        return [f"{op} says nothing about {fact.name}, which is {_A_WORD[fact.type]}."]
    if any(_type(item) not in wanted for item in items):
        return [f"{condition.fact} {op} takes {' or '.join(sorted(_A_WORD[one] for one in wanted))}."]
    if op == "under" and any(_resolved(str(item)) is None for item in items):
        return ["under takes a directory that needs nothing to be resolved: no ~, variables or patterns."]
    return []


def compiled(condition: Condition, *, every: bool) -> Test:
    """The condition as a function of facts. `every`: of several values all must hold and one at least exist; else any.

    Only for conditions without mistakes. The function raises Unanswerable.
    """
    fact = find(condition.fact)
    if fact is None:
        raise ValueError("a condition on no fact")
    name, op, value = condition.fact, condition.op, condition.value
    if op == "exists":
        wanted = value is not False
        return lambda action, facts, _: _exists(value_of(name, action, facts)) is wanted
    holds = _HOLDS[op]
    known = _prepared(op, value)

    def test(action: ActionFacts, facts: Facts, meter: Meter) -> bool:
        found = value_of(name, action, facts)
        if found is MISSING:
            raise Unanswerable(f"{printable(name)} is missing")
        meter.spend(_size(found))
        try:
            if isinstance(found, list | tuple):
                # Every item is asked, so that one that makes no sense is noticed wherever it stands.
                answers = [holds(item, known) for item in found]
                return bool(answers) and (all(answers) if every else any(answers))
            return holds(found, known)
        except TypeError:
            raise Unanswerable(f"{printable(name)} cannot be compared by {op}") from None

    return test


def _prepared(op: Op, value: Any) -> Any:
    if op == "matches":
        return re.compile(translate(value)).match
    if op in _LISTS:
        return {kind: frozenset(one for one in value if _type(one) is kind) for kind in map(_type, value)}
    if op == "under":
        return tuple(_resolved(one) for one in (value if isinstance(value, tuple) else (value,)))
    return value


def _size(value: Any) -> int:
    items = value if isinstance(value, list | tuple) else (value,)
    return len(items) + sum(len(item) for item in items if isinstance(item, str)) // 100


def _exists(value: Any) -> bool:
    return value is not MISSING and not (isinstance(value, str | list | tuple) and not value)


def _same(left: Any, right: Any) -> bool:
    """Equality within one type. True is not 1, and a number is not its text: comparing those raises TypeError."""
    if isinstance(left, bool) != isinstance(right, bool) or isinstance(left, str) != isinstance(right, str):
        raise TypeError
    if not isinstance(left, bool | str):
        return _number(left) == _number(right)
    return bool(left == right)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _among(value: Any, several: Mapping[Type, frozenset[Scalar]]) -> bool:
    kind = _type(value)
    if kind is Type.NUMBER:
        _number(value)
    if kind not in several:
        raise TypeError
    return value in several[kind]


def _under(value: Any, tops: Sequence[str]) -> bool:
    path = _resolved(_text(value))
    alike = [top for top in tops if path is not None and top.startswith("/") == path.startswith("/")]
    if path is None or not alike:
        # Where a relative path begins is the agent's business, so it is below no absolute one for certain.
        raise TypeError
    return any(_below(path, top) for top in alike)


def _below(path: str, top: str) -> bool:
    if path == ".." or path.startswith("../"):
        return False
    return path not in (top, ".") if top == "." else path.startswith(top.rstrip("/") + "/") and path != top


def _resolved(path: str) -> str | None:
    """The path with `.` and `..` worked out, or None where only the agent's machine could say what it means."""
    if not path or not path.isprintable() or path.startswith("~") or re.search(r"[\\$`*?\[\]{}%]|://", path):
        return None
    normal = posixpath.normpath(path)
    return "/" + normal.lstrip("/") if normal.startswith("/") else normal


_HOLDS: Final[dict[Op, Callable[[Any, Any], bool]]] = {
    "eq": _same,
    "ne": lambda left, right: not _same(left, right),
    "lt": lambda left, right: _number(left) < _number(right),
    "le": lambda left, right: _number(left) <= _number(right),
    "gt": lambda left, right: _number(left) > _number(right),
    "ge": lambda left, right: _number(left) >= _number(right),
    "in": _among,
    "not_in": lambda left, right: not _among(left, right),
    "contains": lambda left, right: _text(right) in _text(left),
    "starts_with": lambda left, right: _text(left).startswith(_text(right)),
    "ends_with": lambda left, right: _text(left).endswith(_text(right)),
    "matches": lambda left, match: match(_text(left)) is not None,
    "under": _under,
}
_A_WORD: Final = {
    Type.TEXT: "a text",
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.TEXTS: "a list of texts",
    Type.ANY: "any value",
}


def _type(value: Any) -> Type:
    if isinstance(value, bool):
        return Type.BOOLEAN
    return Type.TEXT if isinstance(value, str) else Type.NUMBER


def _wanted(op: Op, fact: Fact) -> frozenset[Type] | None:
    """The types of value an operator takes for a fact; None when it does not fit the fact at all."""
    any_type = fact.type is Type.ANY
    if op in _ORDER:
        return frozenset({Type.NUMBER}) if any_type or fact.type is Type.NUMBER else None
    if op in _WORDS:
        return frozenset({Type.TEXT}) if any_type or fact.type in (Type.TEXT, Type.TEXTS) else None
    if any_type:
        return frozenset({Type.TEXT, Type.NUMBER, Type.BOOLEAN})
    return frozenset({Type.TEXT if fact.type is Type.TEXTS else fact.type})
