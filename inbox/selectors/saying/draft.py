"""What every form for a decision has: it is shown, read back, and says what it comes to before anything is recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from inbox.answers import Answers
from inbox.errors import FieldError, Invalid
from inbox.rendering.diff import Change
from inbox.rendering.edit import FieldError as AtField
from inbox.rendering.text import AgentText, plain

Actions = Mapping[str, Mapping[str, Any]]
Posted = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A filled-in form, ready for `decide`, and in words for who is about to send it.

    `button` says what pressing it does, `notes` what follows. `changes` are those of each action that was edited, `args`
    the arguments as they would run, both by action.
    """

    answers: Answers
    button: str
    notes: tuple[str, ...] = ()
    verdict: Literal["approve", "reject"] = "approve"
    set_aside: tuple[Mapping[str, Any], ...] = ()
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    args: Mapping[str, Mapping[str, Any]] | None = None


class Panel(ABC):
    """One form of the request page. `step` is its name in addresses; `previewed`: a press shows what it means first."""

    step: str
    template: ClassVar[str]
    title: ClassVar[str]
    previewed: ClassVar[bool] = True
    button: str = "Preview"
    # Whether the focus goes on to a control of the form, and not to its heading.
    focused: bool = False

    def __init__(self, actions: Actions, agent: str, key: str, posted: Posted | None = None) -> None:
        """`posted` is what was filled in so far; None for a form not touched yet."""
        self.actions = actions
        self.agent = agent
        self.key = key if key in actions else self.first(actions)
        self.posted: Posted = posted or {}
        self.touched = posted is not None
        self.build()

    def first(self, actions: Actions) -> str:
        """The action that is meant when none is named."""
        return next(iter(actions))

    @abstractmethod
    def build(self) -> None:
        """Make the fields, filled in as posted."""

    @abstractmethod
    def draft(self) -> Draft:
        """What is filled in. Raises Invalid, and then shows what is wrong at its field."""

    def press(self, op: str) -> None:  # noqa: B027 - forms without such buttons stay as they are
        """Do what a button inside the form says: it changes the form and decides nothing. Raises Invalid."""

    @property
    def action(self) -> Mapping[str, Any]:
        return self.actions[self.key]

    @property
    def question(self) -> AgentText:
        """What the agent asks, in its own words."""
        return plain(self.action["description"])

    @property
    def others(self) -> int:
        """How many further actions the request has."""
        return len(self.actions) - 1

    def said(self, name: str) -> str:
        """The one value posted under a name, "" for none."""
        values = self.posted.get(name) or [""]
        return values[-1].strip()


def refused(errors: Iterable[AtField], key: str) -> Invalid:
    """What is wrong with fields, as a refusal of the whole form."""
    found = list(errors)
    where = f"/decisions/{key}"
    return Invalid(
        "invalid-form",
        f"Not recorded. {len(found)} fields need another look."
        if len(found) > 1
        else f"Not recorded. {found[0].message}",
        errors=[FieldError(f"{where}{one.pointer}", one.code, one.message) for one in found],
    )


def counted(number: int, word: str) -> str:
    """ "1 step", "3 steps"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
