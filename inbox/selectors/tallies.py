"""The counts around every page: one query."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.selectors.counting import counts
from inbox.selectors.notifications import unread, unread_of_all
from inbox.selectors.queue import capped, put_aside_by, your_turn
from inbox.selectors.turn import Turn


@dataclass(frozen=True, slots=True)
class Tallies:
    """What waits for a member, what they put aside, what they have not read; one above its cap each stands for more."""

    your_turn: int
    snoozed: int
    unread: int


def tallies(turn: Turn) -> Tallies:
    """Counted for this member, now."""
    member = turn.member
    mine, aside, lines, of_all = counts(
        capped(your_turn(turn)), capped(put_aside_by(turn)), unread(member), unread_of_all(member)
    )
    return Tallies(mine, aside, lines + (of_all if mine else 0))
