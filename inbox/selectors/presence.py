"""Who is away now or soon, and who stands in."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from inbox.models import Delegation
from inbox.policy.delegation import Absence


def absences(team_id: UUID, *, since: datetime) -> list[Absence[UUID]]:
    """The absences of a team's members, by member id, that are not over at `since`; one query."""
    rows = Delegation.objects.filter(team_id=team_id, revoked_at=None, ends_at__gt=since)
    return [
        Absence(member_id, starts_at, ends_at, delegate_id)
        for member_id, starts_at, ends_at, delegate_id in rows.values_list(
            "member_id", "starts_at", "ends_at", "delegate_id"
        )
    ]


def open_delegations(team_id: UUID, *, member_id: UUID | None = None) -> list[Delegation]:
    """The absences that are not over, soonest first; of one member, or of all."""
    found = Delegation.objects.filter(team_id=team_id, revoked_at=None, ends_at__gt=timezone.now())
    if member_id is not None:
        found = found.filter(member_id=member_id)
    return list(found.select_related("member__user", "delegate__user").order_by("starts_at"))


def last_day(ends_at: datetime) -> str:
    """The last day of an absence, as people say it: "2 Dec"."""
    day = timezone.localtime(ends_at - timedelta(microseconds=1))
    return f"{day.day} {day:%b}"
