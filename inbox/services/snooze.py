"""Putting a waiting request aside for oneself, and what brings it back. Nothing changes for anybody else.

Lock order: the requests by id, the member, the group, then the rows here by id; after them history, notifications
and the stream. Whoever ends a row holds the request whose event ends it, so a row made at that instant is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from inbox.audit import SYSTEM, Entry
from inbox.models import Snooze

Until = Snooze.Until


def end_snoozes(
    request_ids: Iterable[UUID], because: str, at: datetime, until: Collection[str] = ()
) -> list[Entry]:
    """Bring back what was put aside of these requests, in the caller's transaction; the caller holds their rows.

    `because` is shown to whoever put it aside; `until` names the kinds that end, none named means all. Call it after
    groups and before history and the stream. Returns what to record.
    """
    of_these = Q(request__in=list(request_ids))
    return _recorded(_end(of_these & Q(until__in=until) if until else of_these, because, at), because)


def _end(which: Q, because: str, at: datetime) -> list[Snooze]:
    rows = list(
        Snooze.objects.select_for_update(of=("self",))
        .select_related("member__user")
        .filter(which, ended_at=None)
        .order_by("pk")
    )
    if rows:
        Snooze.objects.filter(pk__in=[row.pk for row in rows]).update(
            ended_at=at, ended_because=because[:200]
        )
    return rows


def _recorded(rows: Sequence[Snooze], because: str) -> list[Entry]:
    return [
        Entry(
            "snooze_ended",
            SYSTEM,
            row.request_id,
            {"person": row.member.user.get_username(), "until": row.until, "because": because},
        )
        for row in rows
    ]
