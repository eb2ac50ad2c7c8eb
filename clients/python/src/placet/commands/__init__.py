"""The commands, one a file, in the order of the help."""

from __future__ import annotations

from typing import Final

from placet.commands import approve, listing, login, reject, show, watch
from placet.commands.command import Command

COMMANDS: Final[tuple[Command, ...]] = (
    login.COMMAND,
    listing.COMMAND,
    show.COMMAND,
    approve.COMMAND,
    reject.COMMAND,
    watch.COMMAND,
)
