"""People's verdicts over the API: one request, or an explicit list alike."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from inbox.api.ballots import ballot_of
from inbox.api.callers import PROBLEMS, PersonBearer, person_of, team_named
from inbox.api.schemas.requests import BatchIn, BatchOut, DecideIn, DecideOut
from inbox.errors import Changed, NotFound, Refused
from inbox.models import Batch
from inbox.permissions import require_member, visible_to
from inbox.selectors.asking import check_read_back
from inbox.selectors.turn import Turn
from inbox.services.batches import BatchLine, start_batch
from inbox.services.decide import decide

people = Router(auth=PersonBearer(), tags=["people"])


class Precondition(Refused):
    """A decision must say which bytes it is about."""

    status = 428
    title = "Precondition required"


@people.post(
    "/requests/{request_id}/decide", response={200: DecideOut, **PROBLEMS}, summary="Decide a request"
)
def decide_request(request: HttpRequest, request_id: UUID, body: DecideIn) -> dict[str, Any]:
    """One verdict per action, bound to the digest that was shown. A repeat under the same key is answered alike."""
    person = person_of(request)
    row = visible_to(person).select_related("team").filter(pk=request_id).first()
    if row is None:
        raise NotFound()
    if body.digest is None:
        raise Precondition("digest-required", "Send the digest of what was shown. Nothing was recorded.")
    if body.revision is not None and body.revision != row.revision_number:
        raise Changed(extra={"digest": row.digest, "revision": row.revision_number})
    ballot = ballot_of(row, body)
    if ballot.verdict != "reject" and (body.via == "cli" or body.read_back is not None):
        typed = body.read_back.answer if body.read_back is not None else None
        turn = Turn(require_member(person, row.team.slug))
        check_read_back(turn, row, digest=body.digest, typed=typed, strict=True)
    decided = decide(
        person=person,
        team=row.team,
        request_id=request_id,
        digest=body.digest,
        verdict=ballot.verdict,
        message=body.note,
        via=body.via,
        idempotency_key=body.idempotency_key,
        actions=ballot.answers,
        set_aside=ballot.set_aside,
        over_claim=body.over_claim,
    )
    return {
        "state": decided.request.state,
        "outcome": decided.request.outcome,
        "decision": str(decided.decision.pk) if decided.decision else None,
        "slots_open": list(decided.slots_open),
        "release_at": decided.release_at.isoformat() if decided.release_at else None,
        "proposed": decided.proposed,
        "repeated": decided.repeated,
        "receipt": {"seq": decided.seq},
    }


@people.post("/batches", response={200: BatchOut, **PROBLEMS}, summary="Decide an explicit list alike")
def decide_batch(request: HttpRequest, body: BatchIn) -> dict[str, Any]:
    """Every line gets exactly one outcome; foreign and missing requests are both `not-found`."""
    person = person_of(request)
    batch = start_batch(
        person=person,
        team=team_named(person, body.team),
        verdict=body.decision,
        items=[BatchLine(item.id, item.digest) for item in body.items],
        message=body.note,
        via="api",
        idempotency_key=body.idempotency_key,
    )
    return _batch_out(batch)


@people.get("/batches/{batch_id}", response={200: BatchOut, **PROBLEMS}, summary="Read a batch's report")
def read_batch(request: HttpRequest, batch_id: UUID) -> dict[str, Any]:
    """Only by the person who decided it."""
    batch = Batch.objects.filter(pk=batch_id, person=person_of(request)).first()
    if batch is None:
        raise NotFound()
    return _batch_out(batch)


def _batch_out(batch: Batch) -> dict[str, Any]:
    return {
        "id": str(batch.pk),
        "total": batch.total,
        "finished_at": batch.finished_at.isoformat() if batch.finished_at else None,
        "items": [
            {"id": item.reference, "outcome": item.outcome, "detail": item.detail}
            for item in batch.items.all()
        ],
    }
