"""Decisions that are made and not released: what they come to, until when, and who may still undo them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Hold, Member, Vote
from inbox.selectors.audit_words import DONE
from inbox.selectors.pauses import paused

# How many of one's own stand in the corner; the rest is counted.
STACKED: Final = 3
# How many are counted.
MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """One hold, as one member sees it. `mine`: their vote is in it, so they may undo it. `paused`: its clock has run out or
    will, and it stays held until the pause ends."""

    request: ApprovalRequest
    outcome: str
    who: str
    message: str
    held_at: datetime
    release_at: datetime
    now: datetime
    mine: bool
    paused: bool

    @property
    def text(self) -> str:
        """How it will end: "Approved by dana, held"."""
        return f"{DONE.get(self.outcome, 'Decided')} by {self.who}, held"

    @property
    def seconds(self) -> int:
        """How long it can still be undone, in whole seconds; 0 when it is due."""
        return max(0, -int((self.now - self.release_at).total_seconds() // 1))

    @property
    def tone(self) -> str:
        return "bad" if self.outcome == "rejected" else "ok"


@dataclass(frozen=True, slots=True)
class Stack:
    """One's own held decisions, the latest first, and how many more there are."""

    shown: Sequence[Held]
    more: int


def held_of(member: Member, requests: Iterable[ApprovalRequest]) -> dict[UUID, Held]:
    """The holds of those of these requests that are held; no query when nothing is."""
    held = {request.pk: request for request in requests if request.state == State.HELD.value}
    if not held:
        return {}
    found = list(_holds(member).filter(request_id__in=held))
    stopped = _stopped(found)
    return {one.request_id: _seen(one, held[one.request_id], member, stopped) for one in found}


def stack_of(member: Member) -> Stack:
    """What this member decided and can still undo; one query where that is nothing."""
    mine = (
        _holds(member)
        .filter(person=member.user_id, request__team_id=member.team_id, request__state=State.HELD.value)
        .select_related("request__agent")
        .order_by("-held_at", "-request_id")[:MOST]
    )
    found = list(mine)
    stopped = _stopped(found[:STACKED])
    return Stack(
        [_seen(one, one.request, member, stopped) for one in found[:STACKED]],
        max(0, len(found) - STACKED),
    )


def can_undo_of_batch(member: Member, batch_id: UUID) -> int:
    """How many decisions of one's own batch are still held."""
    return Hold.objects.filter(batch_id=batch_id, batch__person=member.user_id, ended_at=None).count()


def _holds(member: Member) -> QuerySet[Hold]:
    mine = Vote.objects.filter(
        request=OuterRef("request"),
        revision_number=OuterRef("revision_number"),
        person=member.user_id,
        retracted_at=None,
    )
    return Hold.objects.filter(ended_at=None).select_related("person").annotate(is_mine=Exists(mine))


def _stopped(holds: Sequence[Hold]) -> frozenset[UUID]:
    """The requests among them that a pause keeps held."""
    if not holds:
        return frozenset()
    ids = [one.request_id for one in holds]
    return frozenset(ApprovalRequest.objects.filter(paused(), pk__in=ids).values_list("pk", flat=True))


def _seen(hold: Hold, request: ApprovalRequest, member: Member, stopped: frozenset[UUID]) -> Held:
    own = hold.person_id == member.user_id
    return Held(
        request=request,
        outcome=hold.outcome,
        who="you" if own else hold.person.get_username() if hold.person else "policy",
        message=hold.message,
        held_at=hold.held_at,
        release_at=hold.release_at,
        now=timezone.now(),
        mine=bool(getattr(hold, "is_mine", False)),
        paused=hold.request_id in stopped,
    )
