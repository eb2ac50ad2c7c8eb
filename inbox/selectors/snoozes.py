"""What a member put aside, what came back to them, and what silence does meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.lifecycle import OnTimeout
from inbox.models import ApprovalRequest, Snooze
from inbox.selectors.waiting import next_people

# How rows end that bring nothing back.
BY_HAND: Final = "taken back by hand"
ANEW: Final = "put aside anew"
CLOSED: Final = "it is closed"
_SILENT: Final = (BY_HAND, ANEW, CLOSED)


@dataclass(frozen=True, slots=True)
class Aside:
    """Where one request stands in a member's putting aside: `until` while it is, `back` once it came back.

    `at` is when it comes back, where that is a time.
    """

    until: str = ""
    back: str = ""
    at: datetime | None = None


NOWHERE: Final = Aside()


def live() -> Q:
    """Rows that hold: not ended, and not over by the database clock, whoever writes that down."""
    return Q(ended_at=None) & (~Q(until=Snooze.Until.TIME) | Q(at__gt=Now()))


def put_aside(member_id: UUID) -> QuerySet[Snooze, UUID]:
    """The ids of the requests this member has put aside, for a condition in SQL."""
    return Snooze.objects.filter(live(), member=member_id).order_by().values_list("request", flat=True)


def asides(member_id: UUID, requests: Iterable[ApprovalRequest]) -> Mapping[UUID, Aside]:
    """For each of these requests what the member's latest row says; one query."""
    latest = (
        Snooze.objects.filter(member=member_id, request__in=[request.pk for request in requests])
        .annotate(holds=live())
        .order_by("request", "-created_at", "-pk")
        .distinct("request")
    )
    return {row.request_id: _aside(row) for row in latest}


def until_words(row: Snooze) -> str:
    """ "until 14:20 UTC", "until the agent replies", "until request …1a2b3c4d is decided", "until 5 alike wait"."""
    if row.until == Snooze.Until.TIME and row.at is not None:
        return f"until {clock(row.at)}"
    if row.until == Snooze.Until.REPLY:
        return "until the agent replies"
    if row.until == Snooze.Until.DECIDED:
        return f"until request …{str(row.other_id)[-8:]} is decided"
    return f"until {row.count} alike wait"


def before_then(request: ApprovalRequest, at: datetime | None) -> str:
    """What silence does before a request comes back at `at`, as a sentence; "" where it does nothing before.

    Without `at` nobody knows when it comes back: then the sentence says what happens unless it does.
    """
    if request.on_timeout == OnTimeout.WAIT.value:
        return ""
    ends = "rejected and its run stopped" if request.on_timeout == OnTimeout.HALT.value else "rejected"
    if at is None:
        return f"It will be {ends} at {clock(request.expires_at)} unless it is back and decided before."
    if request.expires_at <= at:
        return f"It will be {ends} at {clock(request.expires_at)}, before then."
    people = next_people(request)
    if people and request.escalate_at is not None and request.escalate_at <= at:
        return f"It will ask {people} at {clock(request.escalate_at)}, before then."
    return ""


def clock(moment: datetime) -> str:
    """A time as people say it: "14:20 UTC", with the day unless it is today."""
    local = timezone.localtime(moment)
    day = "" if local.date() == timezone.localtime().date() else f"{local.day} {local:%b} "
    return f"{day}{local:%H:%M %Z}"


def _aside(row: Snooze) -> Aside:
    if row.holds:  # type: ignore[attr-defined]
        return Aside(until=until_words(row), at=row.at)
    if row.ended_at is None and row.at is not None:
        return Aside(back=time_came(row.at))
    return NOWHERE if row.ended_because in _SILENT else Aside(back=row.ended_because)


def time_came(at: datetime) -> str:
    """Why a row that names a time is over."""
    return f"it is past {clock(at)}"
