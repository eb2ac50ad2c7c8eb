"""Working on a request so that others see it: a lease that lapses by the database clock, whoever writes that down.

A claim gives nobody a right. It asks others to say so before they decide over it (inbox/services/ballot.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from inbox import audit, events
from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import AlreadyVoted, Conflict, NotAllowed
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Member, Notification, Team
from inbox.selectors.electorate import Electorate
from inbox.services.notify import Kind, Notice, notify, settle
from inbox.services.people import actor_of
from inbox.services.waiting import lock_waiting

LEASE: Final = timedelta(minutes=5)
# How long before its end the holder of a claim hears of it.
WARNING: Final = timedelta(seconds=60)
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """Until when the claim holds; `renewed` when it was this member's before, `taken_from` whose live claim it ended."""

    until: datetime
    renewed: bool = False
    taken_from: str = ""


def claim(*, person: User, team: Team, request_id: UUID, take_over: bool = False) -> Claimed:
    """Claim a request for five minutes, or renew one's claim.

    Raises NotFound, AlreadyClosed or Expired, NotAllowed for whoever may not decide it now, AlreadyVoted, and Conflict (claimed)
    over somebody's live claim unless `take_over`, which tells them.
    """
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id)
        request, member, now = waiting.request, waiting.member, waiting.now
        electorate = Electorate.load(team.pk, [request], at=now, people=[person.pk])
        may = electorate.may(request, person.pk)
        if not may.may:
            raise NotAllowed(may.code, f"Not claimed. {may.reason}")
        if electorate.voted(request, person.pk):
            raise AlreadyVoted(
                detail="Not claimed: your vote on this request is counted, and others decide the rest."
            )
        holder = _holder(request, now)
        mine = holder is not None and holder.pk == member.pk
        if holder is not None and not mine and not take_over:
            name = holder.user.get_username()
            until = f"{timezone.localtime(request.claimed_until):%H:%M:%S %Z}"
            raise Conflict(
                "claimed",
                f"Not claimed: {name} is working on this until {until}. Take it over if it cannot wait.",
                extra={
                    "who": name,
                    "until": request.claimed_until.isoformat() if request.claimed_until else "",
                },
            )
        request.claimed_by, request.claimed_until = member, now + LEASE
        request.save(update_fields=["claimed_by", "claimed_until"])
        taken_from = holder if holder is not None and not mine else None
        if taken_from is not None:
            detail = f"{person.get_username()} took it over."
            notify([Notice(taken_from.pk, Kind.CLAIM_TAKEN, request.pk, str(request.pk), detail)], now)
        # Whoever heard that a claim was about to lapse: it no longer is, or no longer theirs.
        Notification.objects.filter(request=request, kind=Kind.CLAIM_ENDING, read_at=None).update(read_at=now)
        name = taken_from.user.get_username() if taken_from is not None else ""
        if not mine:
            facts = {"until": request.claimed_until.isoformat(timespec="milliseconds"), "taken_from": name}
            entry = Entry("claimed", actor_of(person), request.pk, facts)
            events.announce(team.pk, audit.append(team.pk, [entry], at=now)[0].seq)
    return Claimed(request.claimed_until, renewed=mine, taken_from=name)


def release(*, person: User, team: Team, request_id: UUID) -> None:
    """End one's own claim; where nobody's holds there is nothing to end. Raises NotFound, NotAllowed (not-yours)."""
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id, open_only=False)
        request, now = waiting.request, waiting.now
        holder = _holder(request, now)
        if holder is None:
            return
        if holder.pk != waiting.member.pk:
            name = holder.user.get_username()
            raise NotAllowed("not-yours", f"Not released: {name} claimed this.")
        request.claimed_by, request.claimed_until = None, None
        request.save(update_fields=["claimed_by", "claimed_until"])
        settle([request], now)
        entry = Entry("claim_released", actor_of(person), request.pk)
        events.announce(team.pk, audit.append(team.pk, [entry], at=now)[0].seq)


def end_due(*, limit: int = CHUNK) -> int:
    """Tell whose claim is about to lapse, and clear those that have. Returns how many were cleared or told.

    Each lease is told of once: the line's key carries its end.
    """
    with transaction.atomic():
        now = database_now()
        requests = list(
            ApprovalRequest.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(claimed_by__isnull=False, claimed_until__lte=now + WARNING, state=State.PENDING.value)
            .order_by("pk")[:limit]
        )
        over = [request for request in requests if _holder_id(request, now) is None]
        ending = {_key(request): request for request in requests if request not in over}
        told = set(
            Notification.objects.filter(
                request__in=ending.values(), kind=Kind.CLAIM_ENDING, key__in=ending
            ).values_list("key", flat=True)
        )
        fresh = [
            Notice(request.claimed_by_id, Kind.CLAIM_ENDING, request.pk, key, "Your claim ends in a minute.")
            for key, request in ending.items()
            if key not in told and request.claimed_by_id is not None
        ]
        ApprovalRequest.objects.filter(pk__in=[request.pk for request in over]).update(
            claimed_by=None, claimed_until=None
        )
        notify(fresh, now)
        settle(over, now)
    return len(over) + len(fresh)


def _holder(request: ApprovalRequest, now: datetime) -> Member | None:
    holder_id = _holder_id(request, now)
    return Member.objects.select_related("user").get(pk=holder_id) if holder_id is not None else None


def _holder_id(request: ApprovalRequest, now: datetime) -> UUID | None:
    live = request.claimed_until is not None and request.claimed_until > now
    return request.claimed_by_id if live else None


def _key(request: ApprovalRequest) -> str:
    return f"{request.pk}:{request.claimed_until:%H%M%S%f}"
