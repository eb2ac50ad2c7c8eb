"""The commands, one concern a file, in the order of the help."""

from __future__ import annotations

from typing import Final

from placet.commands import (
    answer,
    approve,
    aside,
    break_glass,
    choose,
    claims,
    edit,
    feedback,
    lines,
    listing,
    login,
    notifications,
    pass_on,
    pauses,
    plan,
    reject,
    say,
    show,
    take_back,
    watch,
)
from placet.commands.command import Command

COMMANDS: Final[tuple[Command, ...]] = (
    login.COMMAND,
    listing.COMMAND,
    show.COMMAND,
    approve.COMMAND,
    reject.COMMAND,
    edit.COMMAND,
    answer.COMMAND,
    choose.COMMAND,
    lines.COMMAND,
    plan.COMMAND,
    break_glass.COMMAND,
    take_back.UNDO,
    take_back.RECALL,
    take_back.COMPENSATE,
    feedback.COMMAND,
    say.ASK,
    say.REGENERATE,
    say.GUIDE,
    aside.DEFER,
    aside.UNDEFER,
    pass_on.ESCALATE,
    pass_on.DELEGATE,
    claims.CLAIM,
    claims.RELEASE,
    notifications.COMMAND,
    pauses.PAUSES,
    pauses.PAUSE,
    pauses.RESUME,
    watch.COMMAND,
)
