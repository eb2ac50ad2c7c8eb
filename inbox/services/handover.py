"""Waiting requests change hands when somebody goes, and come back when they return. The sweep does it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from inbox import audit, events
from inbox.audit import SYSTEM, Entry
from inbox.clock import database_now
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Delegation
from inbox.selectors.router import Pick, Router
from inbox.services.notify import assigned, notify, settle
from inbox.services.routing import COLUMNS, assign

CHUNK = 200
MOST = 50
Repick = Callable[[Router, ApprovalRequest, Delegation], Pick | None]


def hand_over_due(*, limit: int = MOST) -> int:
    """Hand over for absences that have begun, and back for those that are over. Returns how many requests moved."""
    now = database_now()
    open_ = Delegation.objects.filter(ended_at=None)
    begun = open_.filter(begun_at=None, revoked_at=None, starts_at__lte=now)
    over = open_.filter(Q(ends_at__lte=now) | Q(revoked_at__isnull=False))
    moved = sum(_begin(pk) for pk in begun.filter(ends_at__gt=now).values_list("pk", flat=True)[:limit])
    return moved + sum(_end(pk) for pk in over.values_list("pk", flat=True)[:limit])


def _begin(delegation_id: UUID) -> int:
    return _all(
        delegation_id, "assignee", "begun_at", lambda router, r, row: router.pick_instead(r, row.member_id)
    )


def _end(delegation_id: UUID) -> int:
    return _all(delegation_id, "instead_of", "ended_at", _back)


def _all(delegation_id: UUID, whose: str, mark: str, repick: Repick) -> int:
    """Go through the requests that have this member in `whose`, a chunk a transaction, and then set the mark.

    A sweeper that dies half-way leaves no mark: the next one goes through them again and finds the moved ones moved.
    """
    moved, after = 0, None
    while True:
        with transaction.atomic():
            row = _mine(delegation_id)
            if row is None or getattr(row, mark) is not None:
                return moved
            found = _locked(row, Q(**{whose: row.member_id}), after)
            moved += _move(row, found, repick)
            if len(found) < CHUNK:
                Delegation.objects.filter(pk=row.pk).update(**{mark: database_now()})
                return moved
            after = found[-1].pk


def _back(router: Router, request: ApprovalRequest, row: Delegation) -> Pick | None:
    if not router.may(request, row.member_id):
        return None
    name = row.member.user.get_username()
    return Pick(row.member_id, name, f"{name} is back")


def _mine(delegation_id: UUID) -> Delegation | None:
    """The row, locked before its requests; None while another sweeper has it. Nobody else takes it after requests."""
    held = Delegation.objects.select_for_update(of=("self",), skip_locked=True)
    return held.select_related("member__user", "team").filter(pk=delegation_id).first()


def _locked(row: Delegation, whose: Q, after: UUID | None) -> list[ApprovalRequest]:
    found = ApprovalRequest.objects.select_for_update(of=("self",)).filter(
        whose, team_id=row.team_id, state=State.PENDING.value
    )
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found.select_related("agent", "policy_version").order_by("pk")[:CHUNK])


def _move(row: Delegation, requests: list[ApprovalRequest], repick: Repick) -> int:
    if not requests:
        return 0
    now = database_now()
    router = Router.load(row.team_id, requests, at=now)
    told: dict[UUID, dict[str, Any]] = {}
    before = [copy(request) for request in requests]
    for request in requests:
        pick = repick(router, request, row)
        if pick is not None and (pick.member_id, pick.because) != (
            request.assignee_id,
            request.assigned_because,
        ):
            told[request.pk] = assign(request, pick)
    moved = [request for request in requests if request.pk in told]
    ApprovalRequest.objects.bulk_update(moved, COLUMNS)
    notify(assigned(moved), now)
    settle([request for request in before if request.pk in told], now)
    _tell(row.team_id, moved, told, now)
    return len(moved)


def _tell(
    team_id: UUID, moved: list[ApprovalRequest], told: dict[UUID, dict[str, Any]], now: datetime
) -> None:
    if moved:
        entries = [Entry("assigned", SYSTEM, request.pk, told[request.pk]) for request in moved]
        events.announce(team_id, audit.append(team_id, entries, at=now)[-1].seq)
