"""The votes on requests, and the names of the slots they fill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from inbox.models import ApprovalRequest, Vote
from inbox.policy.seating import Slot


def votes_on(requests: Iterable[ApprovalRequest]) -> dict[UUID, tuple[Vote, ...]]:
    """The votes on each request's current revision, oldest first, in at most one query."""
    voted = {request.pk: request for request in requests if request.votes_cast}
    found: dict[UUID, list[Vote]] = {}
    if voted:
        for vote in (
            Vote.objects.filter(request_id__in=voted, retracted_at=None)
            .select_related("person")
            .order_by("created_at", "id")
        ):
            if vote.revision_number == voted[vote.request_id].revision_number:
                found.setdefault(vote.request_id, []).append(vote)
    return {request_id: tuple(votes) for request_id, votes in found.items()}


def storable(slot: Slot, votes: Sequence[Vote]) -> Slot:
    """The slot under a name no vote has stored: one whose vote lapsed is offered anew as `lead#1/2`."""
    held = sum(1 for vote in votes if vote.slot and base(vote.slot) == slot.name)
    return replace(slot, name=f"{slot.name}/{held + 1}") if held else slot


def base(stored: str) -> str:
    """The slot a stored name stands for: `lead#1/2` is `lead#1`."""
    return stored.partition("/")[0]
