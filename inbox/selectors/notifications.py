"""A member's notifications: the latest, and how many are unread. One query each, and a count where much waits for several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db.models import QuerySet

from inbox.models import Member, Notification
from inbox.models.notification import TEAM
from inbox.selectors.counting import counts
from inbox.selectors.queue import your_turn_count
from inbox.selectors.turn import Turn

LATEST: Final = 50
# Counted as far as this and one more: a badge needs no larger number.
UNREAD_CAP: Final = 99


def latest(member: Member) -> list[Notification]:
    """The latest 50, those told or counted up last first, each with its request and agent.

    The line for all that waits has its count of now; it is as good as read once nothing waits.
    """
    lines = list(
        Notification.objects.filter(member=member)
        .select_related("request__agent", "request__group")
        .order_by("-updated_at", "-pk")[:LATEST]
    )
    for line in lines:
        if line.key == TEAM and line.read_at is None:
            line.count = your_turn_count(Turn(member))
            line.read_at = None if line.count else line.updated_at
    return lines


def unread_count(member: Member, waiting: Callable[[], int] | None = None) -> int:
    """How many are unread; 100 stands for more than 99. `waiting` saves counting anew how many requests wait."""
    lines, of_all = counts(unread(member), unread_of_all(member))
    if of_all and not (waiting or (lambda: your_turn_count(Turn(member))))():
        of_all = 0
    return lines + of_all


def unread(member: Member) -> QuerySet[Notification]:
    """What is unread about single requests and groups, as far as it is counted."""
    return _unread(member).exclude(key=TEAM)[: UNREAD_CAP + 1]


def unread_of_all(member: Member) -> QuerySet[Notification]:
    """The line for all that waits, while it is unread. It tells of nothing where nothing waits any more."""
    return _unread(member).filter(key=TEAM)


def _unread(member: Member) -> QuerySet[Notification]:
    return Notification.objects.filter(member=member, read_at=None).order_by()
