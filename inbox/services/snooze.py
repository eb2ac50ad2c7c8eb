"""Putting a waiting request aside for oneself, and what brings it back. Nothing changes for anybody else.

Lock order: the requests by id, the member, the group, then the rows here by id; after them history, notifications
and the stream. Whoever ends a row by an event holds the request or group of that event, so a row made at that instant
is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from inbox import audit, events
from inbox.audit import SYSTEM, Actor, Entry
from inbox.clock import database_now
from inbox.errors import Conflict, FieldError, Invalid
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, RequestGroup, Snooze, Team
from inbox.models.request import OPEN
from inbox.selectors.snoozes import ANEW, BY_HAND, CLOSED, before_then, time_came, until_words
from inbox.services.people import actor_of
from inbox.services.waiting import Waiting, lock_waiting

Until = Snooze.Until
Preset = Literal["15m", "1h", "tomorrow"]
PRESETS: Final[tuple[tuple[Preset, str], ...]] = (
    ("15m", "15 minutes"),
    ("1h", "1 hour"),
    ("tomorrow", "Tomorrow at 09:00"),
)
LONGEST: Final = timedelta(days=30)
MOST_ALIKE: Final = 1_000
MOST_ASIDE: Final = 500
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class PutAside:
    """The row, and what silence does before it comes back, "" for nothing."""

    snooze: Snooze
    warning: str

    @property
    def words(self) -> str:
        return until_words(self.snooze)


def preset_time(preset: Preset, now: datetime) -> datetime:
    """In 15 minutes, in an hour, or tomorrow at 09:00 of the server's time zone."""
    if preset == "tomorrow":
        tomorrow = timezone.localtime(now) + timedelta(days=1)
        return tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)
    return now + (timedelta(hours=1) if preset == "1h" else timedelta(minutes=15))


def snooze(
    *,
    person: User,
    team: Team,
    request_id: UUID,
    until: str,
    at: datetime | None = None,
    other: UUID | None = None,
    count: int | None = None,
    via: str = "web",
) -> PutAside:
    """Put a request aside for this member: until `at`, the agent's reply, the decision on `other`, or `count` alike.

    Again is anew: the last word holds. Raises NotFound, AlreadyClosed or Expired, Conflict (nothing-asked,
    other-closed, already-alike, too-many-aside) and Invalid (missing, time-passed, too-far, count-out-of-range,
    no-group, other-unknown).
    """
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id, beside=[other] if other else [])
        row = _new_row(waiting, until, at, other, count)
        _end(Q(request=request_id, member=waiting.member), lambda _: ANEW, waiting.now)
        if Snooze.objects.filter(member=waiting.member, ended_at=None).count() >= MOST_ASIDE:
            raise Conflict(
                "too-many-aside", f"Not put aside: {MOST_ASIDE} requests are already. Take some back first."
            )
        row.save(force_insert=True)
        facts = {
            "until": row.until,
            "words": until_words(row),
            "digest": waiting.request.digest,
            "via": via,
        }
        receipt = audit.append(
            team.pk, [Entry("snoozed", actor_of(person), request_id, facts)], at=waiting.now
        )[0]
        events.announce(team.pk, receipt.seq)
    return PutAside(row, before_then(waiting.request, row.at))


def unsnooze(*, person: User, team: Team, request_id: UUID) -> None:
    """Take back what this member put aside. Raises NotFound, and Conflict (not-aside) where nothing is."""
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id, open_only=False)
        rows = _end(Q(request=request_id, member=waiting.member), lambda _: BY_HAND, waiting.now)
        if not rows:
            raise Conflict("not-aside", "Nothing changed: you have not put this request aside.")
        entries = _recorded(rows, actor_of(person))
        if entries:
            events.announce(team.pk, audit.append(team.pk, entries, at=waiting.now)[-1].seq)


def end_snoozes(
    request_ids: Iterable[UUID], because: str, at: datetime, until: Collection[str] = ()
) -> list[Entry]:
    """Bring back what was put aside of these requests, in the caller's transaction; the caller holds their rows.

    `because` is shown to whoever put it aside; `until` names the kinds that end, none named means all. Call it after
    groups and before history and the stream. Returns what to record.
    """
    of_these = Q(request__in=list(request_ids))
    return _recorded(_end(of_these & Q(until__in=until) if until else of_these, lambda _: because, at))


def end_with(requests: Sequence[ApprovalRequest], at: datetime) -> list[Entry]:
    """End what was put aside of requests that were just closed, and bring back what waited for them.

    In the caller's transaction, which holds the closed requests, after groups. Returns what to record.
    """
    closed = {request.pk: request for request in requests}

    def because(row: Snooze) -> str:
        other = closed.get(row.other_id) if row.other_id else None
        if row.request_id in closed or other is None:
            return CLOSED
        return f"“{other.sentence[:120]}” is {other.outcome or other.state}"

    return _recorded(_end(Q(request__in=closed) | Q(other__in=closed), because, at))


def end_alike(group_ids: Collection[UUID], at: datetime) -> list[Entry]:
    """Bring back what waited for so many alike, where so many wait now; the caller holds the groups' rows."""
    if not group_ids:
        return []
    enough = Q(until=Until.ALIKE, request__group__in=group_ids, count__lte=F("request__group__pending"))
    return _recorded(_end(enough, lambda row: f"{row.count} alike wait", at))


def end_due(*, limit: int = 2_000) -> int:
    """Write down what the clock has brought back, a chunk and a team a transaction. Returns how many rows."""
    ended = 0
    while ended < limit:
        with transaction.atomic():
            count = _chunk(min(CHUNK, limit - ended))
        ended += count
        if count == 0:
            break
    return ended


def _chunk(size: int) -> int:
    now = database_now()
    due = Snooze.objects.filter(ended_at=None, until=Until.TIME, at__lte=now)
    team_id: UUID | None = due.order_by("at").values_list("request__team_id", flat=True).first()
    if team_id is None:
        return 0
    which = due.filter(request__team_id=team_id).order_by("at")[:size]
    rows = _end(
        Q(pk__in=list(which.values_list("pk", flat=True))),
        lambda row: time_came(row.at) if row.at else "",
        now,
        skip_locked=True,
    )
    entries = _recorded(rows)
    if entries:
        events.announce(team_id, audit.append(team_id, entries, at=now)[-1].seq)
    return len(rows)


def _new_row(
    waiting: Waiting, until: str, at: datetime | None, other: UUID | None, count: int | None
) -> Snooze:
    row = Snooze(request=waiting.request, member=waiting.member, until=until, created_at=waiting.now)
    if until == Until.TIME:
        row.at = _time(at, waiting.now)
    elif until == Until.REPLY:
        if waiting.request.asked_agent_at is None:
            raise Conflict("nothing-asked", "Not put aside: nobody asked the agent anything. Ask first.")
    elif until == Until.DECIDED:
        row.other = _other(waiting, other)
    elif until == Until.ALIKE:
        row.count = _count(waiting, count)
    else:
        raise _wrong("/until", "invalid-until", "Put aside until time, reply, decided or alike.")
    return row


def _time(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        raise _wrong("/at", "missing", "Say until when.")
    if at <= now:
        raise _wrong("/at", "time-passed", "That time is over.")
    if at > now + LONGEST:
        raise _wrong("/at", "too-far", f"At most {LONGEST.days} days.")
    return at


def _other(waiting: Waiting, other: UUID | None) -> ApprovalRequest:
    if other is None:
        raise _wrong("/other", "missing", "Say which request's decision to wait for.")
    found = waiting.rows.get(other)
    if found is None or found.pk == waiting.request.pk:
        raise _wrong("/other", "other-unknown", "There is no such other request in this team.")
    if found.state not in OPEN:
        raise Conflict("other-closed", f"Not put aside: that one is already {found.outcome or found.state}.")
    return found


def _count(waiting: Waiting, count: int | None) -> int:
    if count is None:
        raise _wrong("/count", "missing", "Say how many alike.")
    if not 2 <= count <= MOST_ALIKE:
        raise _wrong("/count", "count-out-of-range", f"From 2 to {MOST_ALIKE:,}.")
    if waiting.request.group_id is None:
        raise _wrong("/until", "no-group", "This request is decided by itself: nothing is alike.")
    # Locked: a request that joins at this instant is counted here, or sees this row.
    group = RequestGroup.objects.select_for_update(no_key=True).get(pk=waiting.request.group_id)
    if group.pending >= count:
        raise Conflict("already-alike", f"Not put aside: {group.pending} alike wait already.")
    return count


def _wrong(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(code, f"Not put aside. {detail}", errors=[FieldError(pointer, code, detail)])


def _end(
    which: Q, because: Callable[[Snooze], str], at: datetime, *, skip_locked: bool = False
) -> list[Snooze]:
    rows = list(
        Snooze.objects.select_for_update(of=("self",), skip_locked=skip_locked)
        .select_related("member__user", "request")
        .filter(which, ended_at=None)
        .order_by("pk")
    )
    for row in rows:
        row.ended_at, row.ended_because = at, because(row)[:200]
    if rows:
        Snooze.objects.bulk_update(rows, ["ended_at", "ended_because"])
    return rows


def _recorded(rows: Sequence[Snooze], actor: Actor = SYSTEM) -> list[Entry]:
    """What to record of rows that ended; of requests that are no longer waiting nothing comes back."""
    return [
        Entry(
            "snooze_ended",
            actor,
            row.request_id,
            {"person": row.member.user.get_username(), "until": row.until, "because": row.ended_because},
        )
        for row in rows
        if row.request.state == State.PENDING.value
    ]
