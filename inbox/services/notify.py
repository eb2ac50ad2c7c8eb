"""What members are told inside the product, in the transaction of what it is about: one statement a batch.

Lock order: after requests, members, groups, snoozes and history; before the team's stream. Rows are taken in the order
of their unique index, so two batches never wait for each other crosswise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from agents.ids import uuid7
from inbox.clock import database_now
from inbox.models import ApprovalRequest, Member, Notification

Kind = Notification.Kind


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one member. `key` is what collapses while it is unread: a group's or a request's id."""

    member_id: UUID
    kind: Kind
    request_id: UUID
    key: str
    detail: str = ""


def assigned(requests: Iterable[ApprovalRequest], kind: Kind = Kind.YOUR_TURN) -> list[Notice]:
    """Whom waiting requests are for first, as notices; those that may be batched are told of by their group."""
    return [
        Notice(
            request.assignee_id,
            kind,
            request.pk,
            str(request.group_id if kind is Kind.YOUR_TURN and request.group_id else request.pk),
            request.assigned_because,
        )
        for request in requests
        if request.assignee_id is not None
    ]


def notify(notices: Sequence[Notice], at: datetime) -> None:
    """Tell active members, in the caller's transaction; what is unread is counted up, in one statement for any number."""
    if not notices:
        return
    told: dict[tuple[UUID, str, str], tuple[Notice, int]] = {}
    for notice in notices:
        place = (notice.member_id, notice.kind.value, notice.key)
        told[place] = (notice, told[place][1] + 1 if place in told else 1)
    rows = list(told.values())
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            {
                "ids": [uuid7() for _ in rows],
                "members": [notice.member_id for notice, _ in rows],
                "kinds": [notice.kind.value for notice, _ in rows],
                "keys": [notice.key for notice, _ in rows],
                "requests": [notice.request_id for notice, _ in rows],
                "details": [notice.detail[:500] for notice, _ in rows],
                "counts": [count for _, count in rows],
                "at": at,
            },
        )


def settle(requests: Sequence[ApprovalRequest], at: datetime) -> None:
    """Read for their members what is unread about these requests and no longer so, in one statement.

    `requests` as they were before: with the group and the person they were for. Call it once the change is written.
    """
    if not requests:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {
                "requests": [request.pk for request in requests],
                "groups": list({request.group_id for request in requests if request.group_id}),
                "members": list({request.assignee_id for request in requests if request.assignee_id}),
                "at": at,
            },
        )


def landed(request_id: UUID, at: datetime) -> None:
    """A decision that had not reached its agent has: nobody need be told any more."""
    Notification.objects.filter(request=request_id, kind=Kind.NOT_LANDED, read_at=None).update(read_at=at)


def mark_read(member: Member, ids: Sequence[UUID] | None) -> int:
    """Mark some of a member's own notifications read, or with None all. Returns how many were unread."""
    unread = Notification.objects.filter(member=member, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    with transaction.atomic():
        held = unread.select_for_update().order_by("member", "kind", "key").values_list("pk", flat=True)
        return Notification.objects.filter(pk__in=list(held)).update(read_at=database_now())


_UPSERT: Final = """
INSERT INTO inbox_notification (id, member_id, kind, key, request_id, detail, count, created_at, updated_at)
SELECT told.id, told.member_id, told.kind, told.key, told.request_id, told.detail, told.count, %(at)s, %(at)s
FROM unnest(%(ids)s::uuid[], %(members)s::uuid[], %(kinds)s::text[], %(keys)s::text[], %(requests)s::uuid[],
            %(details)s::text[], %(counts)s::int[])
     AS told(id, member_id, kind, key, request_id, detail, count)
JOIN inbox_member ON inbox_member.id = told.member_id AND inbox_member.is_active
JOIN auth_user ON auth_user.id = inbox_member.user_id AND auth_user.is_active
ORDER BY told.member_id, told.kind, told.key
ON CONFLICT (member_id, kind, key) WHERE read_at IS NULL
DO UPDATE SET count = inbox_notification.count + EXCLUDED.count, request_id = EXCLUDED.request_id,
              detail = EXCLUDED.detail, updated_at = EXCLUDED.updated_at
"""

# Still so: a turn while a waiting request of the line is the member's first, a claim while it is theirs, a claim that
# was taken while the request waits. That a decision did not land stays until it is read, or has landed.
_SETTLE: Final = """
WITH over AS (
    SELECT line.id FROM inbox_notification AS line
    WHERE line.read_at IS NULL AND line.kind <> 'not_landed'
      AND (
        (line.request_id = ANY(%(requests)s::uuid[]) AND left(line.key, 36) = line.request_id::text)
        OR (line.member_id = ANY(%(members)s::uuid[]) AND line.key = ANY(%(groups)s::uuid[]::text[]))
      )
      AND NOT EXISTS (
        SELECT FROM inbox_approvalrequest AS waits
        WHERE waits.id = line.request_id AND left(line.key, 36) = waits.id::text AND waits.state = 'pending'
          AND CASE line.kind WHEN 'claim_ending' THEN waits.claimed_by_id = line.member_id
                             WHEN 'claim_taken' THEN true ELSE waits.assignee_id = line.member_id END
      )
      AND NOT EXISTS (
        SELECT FROM inbox_approvalrequest AS waits
        WHERE waits.group_id = ANY(%(groups)s::uuid[]) AND waits.group_id::text = line.key
          AND waits.state = 'pending' AND waits.assignee_id = line.member_id
      )
    ORDER BY line.member_id, line.kind, line.key
    FOR UPDATE
)
UPDATE inbox_notification SET read_at = %(at)s FROM over WHERE inbox_notification.id = over.id
"""
