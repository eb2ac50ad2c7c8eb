"""Taking what passes from the limits of the rules that let it pass, in the submit's own transaction.

The buckets' rows are locked in the order of their keys, before groups and the team's stream, so two submits on one
limit go one after the other and two on several never meet head on. A submit that is rolled back, or refused because
its `dedupe_key` came before, has taken nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from agents.ids import uuid7
from inbox.clock import database_now
from inbox.models import LimitBucket
from inbox.policy.document import PolicyDocument
from inbox.policy.evaluate import with_limit_reached
from inbox.policy.limits import LimitUse, used_up
from inbox.services.judging import Judged

# A bucket is of no use once its time is over; a day more lets a person look at it.
KEPT: Final = timedelta(days=1)


def take(team_id: UUID, judged: Sequence[Judged], document: PolicyDocument) -> list[Judged]:
    """Take the limits of what would pass, in the order given; what finds one used up is asked of people instead.

    In the caller's transaction. All uses of one request are taken or none.
    """
    wanted = {use.key: use for one in judged for use in one.verdict.limits}
    if not wanted:
        return list(judged)
    before = _locked(team_id, wanted)
    used = dict(before)
    settled = []
    for one in judged:
        full = used_up(one.verdict.limits, used)
        if full is not None:
            settled.append(replace(one, verdict=with_limit_reached(one.verdict, document, full)))
            continue
        for use in one.verdict.limits:
            used[use.key] += use.amount
        settled.append(one)
    _write(team_id, {key: used[key] - before[key] for key in used if used[key] != before[key]})
    return settled


def purge(*, limit: int = 5_000) -> int:
    """Remove buckets whose time is long over. Returns how many."""
    with transaction.atomic():
        old = LimitBucket.objects.filter(ends__lt=database_now() - KEPT).order_by("ends")
        rows = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        return LimitBucket.objects.filter(pk__in=rows).delete()[0]


def _locked(team_id: UUID, wanted: Mapping[str, LimitUse]) -> dict[str, Decimal]:
    """What each bucket holds, its row made if need be and locked either way, in the order of keys."""
    keys = sorted(wanted)
    with connection.cursor() as cursor:
        # An upsert that changes nothing: it waits for whoever holds the row and then reads what they left.
        cursor.execute(
            """
            INSERT INTO inbox_limitbucket AS bucket (id, team_id, key, rule, unit, used, ends)
            SELECT new.id, %s, new.key, new.rule, new.unit, 0, new.ends
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
                 AS new(id, key, rule, unit, ends)
            ON CONFLICT (team_id, key) DO UPDATE SET used = bucket.used
            RETURNING key, used
            """,
            [
                team_id,
                [uuid7() for _ in keys],
                keys,
                [wanted[key].rule for key in keys],
                [wanted[key].unit for key in keys],
                [wanted[key].ends for key in keys],
            ],
        )
        return dict(cursor.fetchall())


def _write(team_id: UUID, taken: Mapping[str, Decimal]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE inbox_limitbucket AS bucket SET used = bucket.used + took.amount
            FROM unnest(%s::text[], %s::numeric[]) AS took(key, amount)
            WHERE bucket.team_id = %s AND bucket.key = took.key
            """,
            [list(taken), list(taken.values()), team_id],
        )
