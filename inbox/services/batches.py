"""Deciding a whole sheet: a frozen list, decided in chunks, each item with its own result.

The list is committed before the first item is touched and every item's outcome in the same transaction as its
decision, so a process that dies leaves a batch that anyone's sweep can finish: nothing twice, nothing skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from agents.crashpoints import crashpoint
from inbox import canonical
from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotAllowed, Refused, TooLarge
from inbox.models import Batch, BatchItem, Team
from inbox.services.decide import Decided, Line, Verdict, decide_many

log = structlog.get_logger(__name__)

CHUNK: Final = 250
MAX_ITEMS: Final = 10_000
LEASE: Final = timedelta(seconds=60)
LATER: Final = timedelta(minutes=10)
# Approving faster than this is not reviewing: the pace of one person, over all sheets.
PACE_WINDOW: Final = timedelta(seconds=10)
PACE_BATCHES: Final = 20

OUTCOMES: Final[dict[str, str]] = {
    "approved": "Approved; released when its hold is over.",
    "rejected": "Rejected; the agent is told when its hold is over.",
    "mixed": "Some actions approved, some rejected.",
    "vote-recorded": "Your vote counts; more people are needed.",
    "already-decided": "Someone or something was first.",
    "held": "Somebody decided it a moment ago; it can still be undone.",
    "claimed": "Somebody else is working on it.",
    "answers-differ": "Somebody said something else of its parts.",
    "already-voted": "Your vote was already counted.",
    "expired": "The deadline passed before.",
    "digest-mismatch": "It changed since the sheet was opened.",
    "not-found": "There is no such request here.",
    "invalid-id": "This is not a request's id.",
    "digest-required": "No digest was sent for it.",
    "individual-only": "It must be decided by itself.",
    "insufficient-tier": "Your tier does not cover it.",
    "self-approval": "You own the agent, made one of its tokens, or are whom it was asked for.",
    "above-ceiling": "It is above your ceiling.",
    "no-tier": "You have no tier in this team.",
    "inactive": "Your membership is not active.",
    "message-too-long": "The message is too long.",
}
"""Every outcome an item can have, in words for the report."""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One line as it was sent: `reference` should be a request's id, `digest` what the person was shown."""

    reference: str
    digest: str


def start_batch(
    *,
    person: User,
    team: Team,
    verdict: Verdict,
    items: Sequence[BatchLine],
    message: str = "",
    via: str = "web",
    idempotency_key: str,
) -> Batch:
    """Freeze the list and decide it. The same key and list returns the first batch, finished or further along.

    Raises Invalid (empty-batch, duplicate-item, idempotency-key-reused), TooLarge (batch-too-large) or NotAllowed
    (pace-limit) before anything is written.
    """
    if not items:
        raise Invalid(
            "empty-batch", "Name at least one request.", errors=[FieldError("/items", "empty-batch")]
        )
    if len(items) > MAX_ITEMS:
        raise TooLarge("batch-too-large", f"At most {MAX_ITEMS:,} requests at once.")
    if any(len(item.reference) > 64 for item in items):
        raise Invalid("invalid-id", "An id is over 64 characters. Nothing was recorded.")
    items = [BatchLine(_canonical(item.reference), item.digest) for item in items]
    references = [item.reference for item in items]
    if len(set(references)) != len(references):
        raise Invalid("duplicate-item", "A request stands twice in the list. Nothing was recorded.")
    fingerprint = canonical.digest(
        {"verdict": verdict, "message": message, "items": [[item.reference, item.digest] for item in items]}
    )
    batch = _frozen(person, team, verdict, items, message, via, idempotency_key, fingerprint)
    if batch.fingerprint != fingerprint or batch.team_id != team.pk:
        raise Invalid("idempotency-key-reused", "This key was used for another batch. Nothing was recorded.")
    return run_batch(batch.pk)


def run_batch(batch_id: UUID) -> Batch:
    """Decide what is still open of a batch, chunk by chunk. Safe to call from several processes at once."""
    while True:
        with transaction.atomic(durable=True):
            batch = (
                Batch.objects.select_for_update(of=("self",))
                .select_related("person", "team")
                .get(pk=batch_id)
            )
            if batch.finished_at is not None:
                return batch
            open_items = list(batch.items.filter(outcome="").order_by("position")[:CHUNK])
            if open_items:
                _decide_chunk(batch, open_items)
                crashpoint("batch.mid_chunk")
            now = database_now()
            batch.lease_until = now + LEASE
            if len(open_items) < CHUNK:
                batch.finished_at, batch.lease_until = now, None
            batch.save(update_fields=["finished_at", "lease_until"])
        crashpoint("batch.between_chunks")


def finish_abandoned(*, limit: int = 10) -> int:
    """Finish batches whose process died: unfinished, and their lease over. Returns how many."""
    now = database_now()
    abandoned = list(
        Batch.objects.filter(Q(lease_until__lt=now), finished_at=None)
        .order_by("lease_until")
        .values_list("pk", flat=True)[:limit]
    )
    finished = 0
    for batch_id in abandoned:
        try:
            run_batch(batch_id)
            finished += 1
        except Exception:
            # One that cannot be finished must not keep the sweep from the others, nor come first in every round.
            log.exception("batch_not_finished", batch=str(batch_id))
            Batch.objects.filter(pk=batch_id, finished_at=None).update(lease_until=database_now() + LATER)
    return finished


def _frozen(
    person: User,
    team: Team,
    verdict: Verdict,
    items: Sequence[BatchLine],
    message: str,
    via: str,
    key: str,
    fingerprint: str,
) -> Batch:
    earlier = Batch.objects.filter(person=person, idempotency_key=key).first()
    if earlier is not None:
        return earlier
    now = database_now()
    if Batch.objects.filter(person=person, created_at__gt=now - PACE_WINDOW).count() >= PACE_BATCHES:
        raise NotAllowed(
            "pace-limit", f"More than {PACE_BATCHES} batches in {PACE_WINDOW.seconds} s. Wait a moment."
        )
    try:
        with transaction.atomic(durable=True):
            batch = Batch.objects.create(
                team=team,
                person=person,
                verdict=verdict,
                message=message,
                via=via,
                idempotency_key=key,
                fingerprint=fingerprint,
                total=len(items),
                lease_until=now + LEASE,
            )
            BatchItem.objects.bulk_create(
                [
                    BatchItem(
                        batch=batch, position=position, reference=item.reference, digest=item.digest[:80]
                    )
                    for position, item in enumerate(items)
                ],
                batch_size=1_000,
            )
    except IntegrityError:
        return Batch.objects.get(person=person, idempotency_key=key)
    return batch


def _decide_chunk(batch: Batch, items: Sequence[BatchItem]) -> None:
    lines: list[tuple[BatchItem, Line]] = []
    for item in items:
        request_id = _uuid(item.reference)
        if request_id is None:
            item.outcome = "invalid-id"
        elif not item.digest:
            item.outcome = "digest-required"
        else:
            verdict: Verdict = "approve" if batch.verdict == "approve" else "reject"
            lines.append((item, Line(request_id, item.digest, verdict, batch.message)))
    if lines:
        results = decide_many(
            person=batch.person,
            team=batch.team,
            lines=[line for _, line in lines],
            via=batch.via,
            batch=batch.pk,
            together=batch.verdict == "approve",
        )
        for (item, _), result in zip(lines, results, strict=True):
            item.outcome, item.detail = _outcome(result, batch)
    BatchItem.objects.bulk_update(items, ["outcome", "detail"])


def _outcome(result: Decided | Refused, batch: Batch) -> tuple[str, str]:
    if isinstance(result, Refused):
        return result.code, result.detail[:500]
    if result.release_at is not None:
        return ("approved" if batch.verdict == "approve" else "rejected"), ""
    if result.decision is None:
        return "vote-recorded", ""
    return result.decision.outcome, ""


def _canonical(reference: str) -> str:
    """One spelling for an id, so that a request cannot stand twice in a list."""
    parsed = _uuid(reference)
    return str(parsed) if parsed is not None else reference


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
