"""What a template of a tool consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from inbox.policy.words import Effect

# Tools with such a word in front look something up, whatever noun follows: no template that acts is theirs.
READING: Final = frozenset({
    "check", "count", "describe", "fetch", "find", "get", "inspect", "list", "look", "lookup", "peek", "preview",
    "query", "read", "retrieve", "search", "show", "view",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """One thing a call of this kind names: the names arguments have for it, likeliest first, without separators."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inverse:
    """The call that puts it back: another word for one word of the tool's name, and the roles it is given.

    `given` maps an argument of that tool to the role of this one whose value it gets.
    """

    word: str
    instead: str
    given: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ToolTemplate:
    """One kind of tool.

    `names` are sets of words: a tool is of this kind by name when it has all of one set. `sentence` are pieces
    with `{role}` or `{role|filter}`; a piece whose role no argument plays is left out, the first one always stays.
    `recipients`, `amount`, `currency`, `rows`, `scope` name roles for the impact adapter. `window` is in seconds.
    """

    id: str
    title: str
    effect: Effect
    names: tuple[frozenset[str], ...]
    roles: tuple[Role, ...]
    needs: tuple[str, ...]
    sentence: tuple[str, ...]
    presets: tuple[str, ...]
    reversible: bool = False
    reads: bool = False
    recipients: tuple[str, ...] = ()
    amount: str = ""
    currency: str = ""
    rows: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    window: int | None = None
    inverses: tuple[Inverse, ...] = ()
    caution: str = ""
    texts: frozenset[str] = field(default_factory=frozenset)


def words(*several: str) -> tuple[frozenset[str], ...]:
    """Each text as a set of words: `words("send mail", "reply")`."""
    return tuple(frozenset(text.split()) for text in several)


def role(name: str, names: str) -> Role:
    """A role and the names for it, in one line."""
    return Role(name, tuple(names.split()))
