"""What one call of a program does, and who reads that from its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from inbox.policy.computed.shell.tree import Word


@dataclass(frozen=True, slots=True)
class Act:
    """What one call does. `runs` is the command line it hands on, to be judged in its place; `script` its text."""

    writes: bool = False
    destroys: bool = False
    network: bool = False
    privileged: bool = False
    runs_code: bool = False
    runs: tuple[Word, ...] | None = None
    script: str | None = None


READS: Final = Act()

UNREAD: Final = Act(runs_code=True)

WRITES: Final = Act(writes=True)

DESTROYS: Final = Act(writes=True, destroys=True)

Reader = Callable[[Sequence[Word]], Sequence[Act]]
