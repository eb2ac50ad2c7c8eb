"""What members are told inside the product, in the transaction of what it is about: one statement a batch and kind of line.

Lock order: after requests, members, groups, snoozes and history; before the team's stream. Rows are taken in the order
of their unique index, so two batches never wait for each other crosswise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from agents.ids import uuid7
from inbox.clock import database_now
from inbox.models import ApprovalRequest, Member, Notification
from inbox.models.notification import TEAM

Kind = Notification.Kind
AGAIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one member. `key` is what collapses while it is unread: a group's or a request's id, or TEAM."""

    member_id: UUID
    kind: Kind
    request_id: UUID
    key: str
    detail: str = ""


def assigned(requests: Iterable[ApprovalRequest], kind: Kind = Kind.YOUR_TURN) -> list[Notice]:
    """Whom waiting requests are for, as notices: first one person, else everybody who may decide them.

    Those that may be batched are told of by their group; who is one of many hears of all that waits in one line.
    """
    notices = []
    for request in requests:
        if request.assignee_id is not None:
            key = str(request.group_id if kind is Kind.YOUR_TURN and request.group_id else request.pk)
            notices.append(Notice(request.assignee_id, kind, request.pk, key, request.assigned_because))
        else:
            notices += [Notice(able, Kind.YOUR_TURN, request.pk, TEAM) for able in request.able]
    return notices


def notify(notices: Sequence[Notice], at: datetime) -> None:
    """Tell active members, in the caller's transaction; what is unread is counted up, in a statement for those named, one for those of TEAM."""
    several = {one.member_id: one.request_id for one in notices if one.key == TEAM}
    notices = [one for one in notices if one.key != TEAM]
    if notices:
        _count_up(notices, at)
    if several:
        with connection.cursor() as cursor:
            cursor.execute(
                _TELL_ALL,
                {
                    "ids": [uuid7() for _ in several],
                    "members": list(several),
                    "requests": list(several.values()),
                    "at": at,
                    "key": TEAM,
                    "stale": at - AGAIN,
                },
            )


def _count_up(notices: Sequence[Notice], at: datetime) -> None:
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


# One line a member for whatever waits for them among others: how much that is, is counted when it is read
# (inbox/selectors/notifications.py). While it is unread it is neither written nor locked by what is asked, but brought up
# again after five minutes: twenty people times a flood of requests would be as many row versions else. The insert alone
# looks for the line: it waits for a concurrent "mark read", so that nothing asked after that goes untold.
_TELL_ALL: Final = """
WITH told AS (
    SELECT told.id, told.member_id, told.request_id
    FROM unnest(%(ids)s::uuid[], %(members)s::uuid[], %(requests)s::uuid[]) AS told(id, member_id, request_id)
    JOIN inbox_member ON inbox_member.id = told.member_id AND inbox_member.is_active
    JOIN auth_user ON auth_user.id = inbox_member.user_id AND auth_user.is_active
    WHERE NOT EXISTS (
        SELECT FROM inbox_delegation AS away WHERE away.member_id = told.member_id
          AND away.revoked_at IS NULL AND away.starts_at <= %(at)s AND away.ends_at > %(at)s
    )
), stale AS (
    SELECT line.id, told.request_id FROM inbox_notification AS line JOIN told USING (member_id)
    WHERE line.kind = 'your_turn' AND line.key = %(key)s AND line.read_at IS NULL
      AND line.updated_at < %(stale)s
    ORDER BY line.member_id FOR UPDATE OF line SKIP LOCKED
), again AS (
    UPDATE inbox_notification AS line SET updated_at = %(at)s, request_id = stale.request_id
    FROM stale WHERE line.id = stale.id
)
INSERT INTO inbox_notification (id, member_id, kind, key, request_id, detail, count, created_at, updated_at)
SELECT told.id, told.member_id, 'your_turn', %(key)s, told.request_id, '', 1, %(at)s, %(at)s FROM told
ORDER BY told.member_id
ON CONFLICT (member_id, kind, key) WHERE read_at IS NULL DO NOTHING
"""

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
