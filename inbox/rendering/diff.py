"""What changed between two JSON values, place by place, and the second one again from the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from inbox.canonical import JsonValue, dumps
from inbox.rendering.align import Aligner, json_type
from inbox.rendering.columns import ABSENT
from inbox.rendering.inline import shown
from inbox.rendering.raw import raw_json
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.text_diff import TextPart, text_diff
from inbox.rendering.values import CONTAINERS, scalar_text


class ChangeKind(StrEnum):
    """What happened at a place. RETYPED: the value has another type, as 25 and "25" have."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RETYPED = "retyped"


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    `pointer` is the RFC 6901 pointer into the first value, whose last step is, for an added element of a list, its
    position in the second. `before` and `after` are the values, ABSENT where there is none. `parts` is the change
    of a text word by word, empty for other values.
    """

    pointer: str
    kind: ChangeKind
    before: Any
    after: Any
    parts: tuple[TextPart, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """The keys and positions the pointer goes through."""
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in self.pointer.split("/")[1:])

    @property
    def place(self) -> str:
        """The place for people, without anything hidden: "lines.0.amount"; "the value" for the whole."""
        return shown(".".join(self.steps)).text if self.pointer else "the value"

    @property
    def shown_before(self) -> Revealed | None:
        """The value as it was, for the page; None when it is added."""
        return _shown(self.before)

    @property
    def shown_after(self) -> Revealed | None:
        """The value as it is, for the page; None when it is removed."""
        return _shown(self.after)


def diff(before: JsonValue, after: JsonValue) -> tuple[Change, ...]:
    """The changes from one value to another: keys in the order of the canonical bytes, elements by position.

    Numbers are the same when they are written the same: 25 and 25.0 differ. Empty exactly when the canonical bytes
    are the same. Elements of a list are paired by likeness in the small; beyond 100,000 comparisons by
    what stands once in both, and between these by position.
    """
    return tuple(_changes("", before, after, Aligner()))


def apply(before: JsonValue, changes: Sequence[Change]) -> JsonValue:
    """The second value again. Raises ValueError when the changes are not from this first value."""
    root = _Branch()
    if changes and not changes[0].pointer:
        whole: JsonValue = _replaced(before, changes[0])
        return whole
    for change in changes:
        branch = root
        for step in change.steps[:-1]:
            branch = branch.below.setdefault(step, _Branch())
        branch.here.append(change)
    result: JsonValue = _applied(before, root)
    return result


def summary(changes: Sequence[Change]) -> str:
    """One sentence without its full stop: "amount 25 → 23 and 1 more"."""
    if not changes:
        return "nothing changed"
    first = _phrase(changes[0])
    return first if len(changes) == 1 else f"{first} and {len(changes) - 1:,} more"


def _changes(pointer: str, before: Any, after: Any, aligner: Aligner) -> Iterator[Change]:
    if json_type(before) is not json_type(after):
        yield Change(pointer, ChangeKind.RETYPED, before, after)
    elif isinstance(before, Mapping):
        for key in sorted({*before, *after}):
            yield from _member(_below(pointer, key), before.get(key, ABSENT), after.get(key, ABSENT), aligner)
    elif isinstance(before, (list, tuple)):
        yield from _elements(pointer, before, after, aligner)
    elif isinstance(before, str):
        if before != after:
            yield Change(pointer, ChangeKind.CHANGED, before, after, text_diff(before, after))
    elif dumps(before) != dumps(after):
        yield Change(pointer, ChangeKind.CHANGED, before, after)


def _member(pointer: str, before: Any, after: Any, aligner: Aligner) -> Iterator[Change]:
    if before is ABSENT:
        yield Change(pointer, ChangeKind.ADDED, ABSENT, after)
    elif after is ABSENT:
        yield Change(pointer, ChangeKind.REMOVED, before, ABSENT)
    else:
        yield from _changes(pointer, before, after, aligner)


def _elements(
    pointer: str, before: Sequence[Any], after: Sequence[Any], aligner: Aligner
) -> Iterator[Change]:
    at = other = 0
    for paired, partner in [*aligner.pairs(before, after), (len(before), len(after))]:
        for number in range(at, paired):
            yield Change(_below(pointer, number), ChangeKind.REMOVED, before[number], ABSENT)
        for number in range(other, partner):
            yield Change(_below(pointer, number), ChangeKind.ADDED, ABSENT, after[number])
        if paired < len(before):
            yield from _changes(_below(pointer, paired), before[paired], after[partner], aligner)
        at, other = paired + 1, partner + 1


def _below(pointer: str, key: str | int) -> str:
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


@dataclass(slots=True)
class _Branch:
    """The changes of one object or list, and those further down."""

    here: list[Change] = field(default_factory=list)
    below: dict[str, _Branch] = field(default_factory=dict)


def _applied(value: Any, branch: _Branch) -> Any:
    if isinstance(value, Mapping):
        return _applied_to_object(value, branch)
    if isinstance(value, (list, tuple)):
        return _applied_to_list(value, branch)
    if branch.here or branch.below:
        raise ValueError("the changes are from another value")
    return value


def _applied_to_object(value: Mapping[str, Any], branch: _Branch) -> dict[str, Any]:
    result = dict(value)
    for change in branch.here:
        key = change.steps[-1]
        if _replaced(result.get(key, ABSENT), change) is ABSENT:
            del result[key]
        else:
            result[key] = change.after
    for key, below in branch.below.items():
        if key not in result:
            raise ValueError("the changes are from another value")
        result[key] = _applied(result[key], below)
    return result


def _applied_to_list(value: Sequence[Any], branch: _Branch) -> list[Any]:
    kept: dict[int, Any] = dict(enumerate(value))
    added: dict[int, Any] = {}
    for change in branch.here:
        at = _position(change.steps[-1])
        if change.kind is ChangeKind.ADDED:
            added[at] = change.after
        elif _replaced(kept.get(at, ABSENT), change) is ABSENT:
            del kept[at]
        else:
            kept[at] = change.after
    for step, below in branch.below.items():
        at = _position(step)
        if at not in kept:
            raise ValueError("the changes are from another value")
        kept[at] = _applied(kept[at], below)
    result = list(kept.values())
    for at in sorted(added):
        if at > len(result):
            raise ValueError("the changes are from another value")
        result.insert(at, added[at])
    return result


def _replaced(value: Any, change: Change) -> Any:
    same = value is change.before or (
        ABSENT not in (value, change.before) and dumps(value) == dumps(change.before)
    )
    if not same:
        raise ValueError("the changes are from another value")
    return change.after


def _position(step: str) -> int:
    if not step.isdecimal():
        raise ValueError("the changes are from another value")
    return int(step)


def _shown(value: Any) -> Revealed | None:
    if value is ABSENT:
        return None
    return raw_json(value) if isinstance(value, CONTAINERS) else reveal(scalar_text(value))


def _phrase(change: Change) -> str:
    if change.kind is ChangeKind.ADDED:
        return f"{change.place} {shown(change.after).text} added"
    if change.kind is ChangeKind.REMOVED:
        return f"{change.place} {shown(change.before).text} removed"
    words = f"{change.place} {shown(change.before).text} → {shown(change.after).text}"
    return words if change.kind is ChangeKind.CHANGED else f"{words} (another type)"
