"""Bringing decisions to agents: claim a due row, send outside any transaction, mark under the claim's epoch.

Everything here works without Celery. `sweep` finds what is due by itself; tasks only hurry it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import gate, leases
from agents.crashpoints import crashpoint
from agents.hosting import resume, runs
from agents.hosting.base import Unreachable
from agents.hosting.locks import thread_lock
from agents.hosting.resume import Finished, Later, held, may_start
from agents.models import Delivery
from agents.signals import delivery_ended

log = structlog.get_logger(__name__)

_DUE = f"""
    (state = 'queued' OR (state = 'sending' AND lease_until <= clock_timestamp()))
    AND next_attempt_at <= clock_timestamp()
    AND {gate.going("agents_delivery")}
"""
_CLAIM = """
    UPDATE agents_delivery
    SET epoch = epoch + 1, attempts = attempts + 1, state = 'sending',
        lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = (SELECT id FROM agents_delivery WHERE {} ORDER BY next_attempt_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING *
"""
_CLAIM_NEXT = _CLAIM.format(_DUE)
_CLAIM_ONE = _CLAIM.format(f"id = %s AND {_DUE}")


def claim_next() -> Delivery | None:
    """The delivery due longest, now ours for one lease; None when none is due. Takes its own transaction."""
    return next(iter(Delivery.objects.raw(_CLAIM_NEXT, [leases.seconds()])), None)


def claim(delivery_id: UUID) -> Delivery | None:
    """This delivery, if it is due and nobody else has it."""
    return next(iter(Delivery.objects.raw(_CLAIM_ONE, [leases.seconds(), delivery_id])), None)


def deliver(claimed: Delivery) -> None:
    """Send a claimed delivery and mark what came of it. Never inside a transaction: the run may take minutes."""
    crashpoint("outbox.after_claim")
    send = CHANNELS.get(claimed.channel)
    try:
        with leases.kept(partial(_renew, claimed)):
            if send is None:
                _finish(
                    claimed, Finished(Delivery.State.DEAD, f"Nothing here sends over {claimed.channel!r}.")
                )
            else:
                send(claimed)
    except leases.LeaseLost:
        log.warning("delivery_lease_lost", delivery=str(claimed.pk), epoch=claimed.epoch)
    except Unreachable as error:
        _retry(claimed, error)
    except Exception as error:  # one delivery's defect must not stop the sweep for all the others
        log.exception("delivery_failed", delivery=str(claimed.pk))
        _retry(claimed, error)


def sweep(limit: int = 100) -> int:
    """Deliver and start what is due, at most `limit` rows, one after the other. Returns how many were taken.

    Needs no broker: with Celery gone this alone brings every decision to its agent.
    """
    taken = 0
    while taken < limit:
        delivery = claim_next()
        if delivery is not None:
            taken += 1
            deliver(delivery)
        run = runs.claim_next() if taken < limit else None
        if run is not None:
            taken += 1
            runs.run(run)
        if delivery is None and run is None:
            break
        crashpoint("sweep.mid")
    return taken


def _hosted(claimed: Delivery) -> None:
    with thread_lock(claimed.thread, wait=leases.lock_wait()) as mine:
        if not mine:
            _put_back(claimed, leases.BUSY_SECONDS, "Another decision of this thread is being delivered.")
            return
        result = resume.answer(claimed)
        if isinstance(result, Later):
            _put_back(claimed, result.delay, result.reason)
        else:
            _finish(claimed, result)


CHANNELS: dict[str, Callable[[Delivery], None]] = {"hosted": _hosted}


def register(channel: str, settle: Callable[[Delivery], Finished]) -> None:
    """Give the floor above a channel of its own. What `settle` returns to record is written with the mark, once."""

    def send(claimed: Delivery) -> None:
        with transaction.atomic():
            going = may_start(claimed)
        if going:
            _finish(claimed, settle(claimed))
        else:
            _put_back(claimed, leases.PAUSED_SECONDS, "Something of it is paused.")

    CHANNELS[channel] = send


def _finish(claimed: Delivery, result: Finished) -> None:
    crashpoint("deliver.before_mark")
    with transaction.atomic():
        # First the mark: zero rows means another worker holds a later epoch, and nothing below may happen.
        marked = Delivery.objects.filter(**held(claimed)).update(
            state=result.state, lease_until=None, last_error=runs.storable(result.detail), finished_at=Now()
        )
        if not marked:
            raise leases.LeaseLost
        result.record()
        claimed.state = result.state
        delivery_ended.send(Delivery, delivery=claimed, detail=result.detail)


def _retry(claimed: Delivery, error: Exception) -> None:
    """After an attempt that failed half-way. `resume.answer` ends it when the attempts are used up."""
    detail = runs.storable(f"{type(error).__name__}: {error}")
    Delivery.objects.filter(**held(claimed)).update(
        state=Delivery.State.QUEUED,
        lease_until=None,
        last_error=detail,
        next_attempt_at=Now() + timedelta(seconds=leases.backoff(claimed.attempts)),
    )


def _put_back(claimed: Delivery, delay: float, reason: str) -> None:
    """Nothing was tried: the attempt does not count."""
    Delivery.objects.filter(**held(claimed)).update(
        state=Delivery.State.QUEUED,
        lease_until=None,
        last_error=reason,
        attempts=F("attempts") - 1,
        next_attempt_at=Now() + timedelta(seconds=delay),
    )


def _renew(claimed: Delivery) -> bool:
    return bool(
        Delivery.objects.filter(**held(claimed)).update(
            lease_until=Now() + timedelta(seconds=leases.seconds())
        )
    )
