"""A member's notifications: the latest, and how many are unread. One query each."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from inbox.models import Member, Notification

LATEST: Final = 50
# Counted as far as this and one more: a badge needs no larger number.
UNREAD_CAP: Final = 99


def latest(member: Member) -> list[Notification]:
    """The latest 50, those told or counted up last first, each with its request and agent."""
    return list(
        Notification.objects.filter(member=member)
        .select_related("request__agent", "request__group")
        .order_by("-updated_at", "-pk")[:LATEST]
    )


def unread_count(member: Member) -> int:
    """How many are unread; 100 stands for more than 99."""
    return unread(member).count()


def unread(member: Member) -> QuerySet[Notification]:
    """What is unread, as far as it is counted."""
    return Notification.objects.filter(member=member, read_at=None).order_by()[: UNREAD_CAP + 1]
