"""The keys a page offers, for its help dialog; docs/reference/keys.md lists the same, and a test compares.

What a key does is on the control itself (`data-key`): the scripts know no commands, they press what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """`name` as printed, `does` as a phrase for the help."""

    name: str
    does: str


INBOX_KEYS: Final = (
    Key("j", "Next row"),
    Key("k", "Previous row"),
    Key("Enter", "Open the row"),
    Key("o", "Open the row"),
    Key("a", "Approve, or open what must be read first"),
    Key("r", "Open to reject"),
    Key("h", "Open to put it aside"),
    Key("c", "Claim the row, or let go of it"),
    Key("z", "Undo what is held"),
    Key("Z", "Recently decided"),
    Key("w", "Why is this here"),
    Key(".", "Load what is new"),
    Key("/", "Filter"),
)
REQUEST_KEYS: Final = (
    Key("a", "Approve, or decide step by step"),
    Key("e", "Edit and approve"),
    Key("l", "Decide line by line"),
    Key("m", "Answer, or ask the agent"),
    Key("n", "Leave the agent a note"),
    Key("h", "Put it aside"),
    Key("u", "Escalate"),
    Key("t", "Pass it on"),
    Key("c", "Claim it, let go of it, or take it over"),
    Key("Enter", "Commit what the bar asks"),
    Key("r", "Reject"),
    Key("1–9", "Choose an option, or a reason"),
    Key("z", "Undo while it is held, or what can still be done"),
    Key("w", "Why you are asked"),
    Key("s", "Raw JSON, or fields"),
    Key("]", "Next of your turn"),
    Key("[", "Previous of your turn"),
    Key(".", "Show how it stands now"),
)
SHEET_KEYS: Final = (
    Key("j", "Next row"),
    Key("k", "Previous row"),
    Key("o", "Open the row"),
    Key("x", "Leave the row out, or put it back"),
    Key("v", "Looked at the row"),
    Key("a", "Approve what is ticked"),
    Key("r", "Reject what is ticked"),
)
EVERYWHERE: Final = (
    Key("?", "Keys on this page"),
    Key("Esc", "Back, or close"),
    Key("g i", "Inbox"),
    Key("g b", "Batches"),
    Key("g a", "Agents"),
    Key("g l", "Audit"),
    Key("g p", "Policy"),
    Key("g n", "Notifications"),
)
