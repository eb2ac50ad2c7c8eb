"""Undo while held: the decision never was, and the request waits again. Nothing had left the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox.audit import Entry
from inbox.clock import database_now
from inbox.errors import Conflict, NotAllowed, NotFound, Refused
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Batch, Hold, Member, Team, Vote
from inbox.services.closing import rejoin_group
from inbox.services.holds import note
from inbox.services.notify import assigned, notify
from inbox.services.people import actor_of
from inbox.services.routing import COLUMNS, route


@dataclass(frozen=True, slots=True)
class Undone:
    """What waits again, and what could not be undone with the reason."""

    requests: Sequence[ApprovalRequest]
    refused: Sequence[tuple[UUID, Refused]]
    seq: int


def undo(
    *, person: User, team: Team, request_id: UUID, reason: str = "", via: str = "web"
) -> ApprovalRequest:
    """Take a held decision back. Anyone whose vote is in it may; their vote alone is retracted.

    Raises NotFound, NotAllowed (not-yours), Conflict (not-held: released, or undone before).
    """
    with transaction.atomic(durable=True):
        undone = _undo(person, team, [request_id], reason, via)
        if undone.refused:
            raise undone.refused[0][1]
    return undone.requests[0]


def undo_batch(*, person: User, batch_id: UUID, via: str = "web") -> Undone:
    """Take back everything of one's own batch that is still held, in one transaction.

    Raises NotFound for another person's batch.
    """
    with transaction.atomic(durable=True):
        batch = Batch.objects.select_related("team").filter(pk=batch_id, person=person).first()
        if batch is None:
            raise NotFound()
        held = Hold.objects.filter(batch=batch, ended_at=None).values_list("request_id", flat=True)
        return _undo(person, batch.team, list(held), "", via)


def _undo(person: User, team: Team, ids: Sequence[UUID], reason: str, via: str) -> Undone:
    requests = list(
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "policy_version")
        .filter(team=team, pk__in=ids)
        .order_by("pk")
    )
    member = Member.objects.select_for_update(no_key=True).filter(team=team, user=person).first()
    if member is None or not member.is_active or (len(ids) == 1 and not requests):
        raise NotFound()
    now = database_now()
    holds = {one.request_id: one for one in Hold.objects.filter(request__in=requests, ended_at=None)}
    mine = {
        vote.request_id: vote
        for vote in Vote.objects.filter(request__in=requests, person=person, retracted_at=None)
    }
    going: list[ApprovalRequest] = []
    refused: list[tuple[UUID, Refused]] = []
    for request in requests:
        hold, vote = holds.get(request.pk), mine.get(request.pk)
        if hold is None or request.state != State.HELD.value:
            refused.append((request.pk, _not_held(request)))
        elif vote is None or vote.revision_number != request.revision_number:
            who = hold.person.get_username() if hold.person else "policy"
            refused.append(
                (
                    request.pk,
                    NotAllowed("not-yours", f"Not undone: {who} decided this, and you did not vote on it."),
                )
            )
        else:
            going.append(request)
    if not going:
        return Undone((), refused, 0)
    for request in going:
        request.state = State.PENDING.value
        request.votes_cast -= 1
    ApprovalRequest.objects.bulk_update(going, ["state", "votes_cast"])
    # Before the state leaves `held` for good the votes must be free to be cast anew.
    Vote.objects.filter(pk__in=[mine[request.pk].pk for request in going]).update(retracted_at=now)
    Hold.objects.filter(pk__in=[holds[request.pk].pk for request in going]).update(
        ended_at=now, end=Hold.End.UNDONE, ended_by=person
    )
    routed = route(team.pk, going, at=now)
    ApprovalRequest.objects.bulk_update(going, ["flags", *COLUMNS])
    rejoin_group(going)
    notify(assigned(going), now)
    entries = [
        Entry(
            "undone",
            actor_of(person),
            request.pk,
            {
                "outcome": holds[request.pk].outcome,
                "digest": request.digest,
                "held_at": holds[request.pk].held_at.isoformat(timespec="milliseconds"),
                "reason": reason,
                "via": via,
                **routed.get(request.pk, {}),
            },
        )
        for request in going
    ]
    return Undone(going, refused, note(team.pk, entries, now))


def _not_held(request: ApprovalRequest) -> Refused:
    if request.state == State.DECIDED.value:
        detail = "Not undone: it was released. See its page for what is still possible."
    elif request.state == State.PENDING.value:
        detail = "Nothing to undo: it waits for people."
    else:
        detail = f"Not undone: this request is {request.state}."
    return Conflict("not-held", detail, extra={"state": request.state, "outcome": request.outcome})
