"""What a command is: a name, a sentence, its arguments, and what it does."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from placet.context import Context


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `run` returns an exit code; what it raises becomes one (placet.exits)."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Context, Namespace], int]
