"""Celery's doors to this floor. A task carries one id and re-reads everything: who writes to the broker can only
hurry what is due anyway."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from celery.signals import worker_init
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from agents import delivery
from agents.hosting import runs


@shared_task(name="agents.deliver")
def deliver(delivery_id: str) -> None:
    """Deliver this row if it is due and free; otherwise nothing."""
    claimed = delivery.claim(UUID(delivery_id))
    if claimed is not None:
        delivery.deliver(claimed)


@shared_task(name="agents.start_run")
def start_run(run_id: str) -> None:
    """Start this run if it is due and free; otherwise nothing."""
    claimed = runs.claim(UUID(run_id))
    if claimed is not None:
        runs.run(claimed)


@worker_init.connect
def refuse_unsafe_checkpoints(**_: object) -> None:
    """A worker that would read checkpoints with more than plain types does not come up."""
    try:
        import_string("agents.hosting.checkpoints.serializer")()
    except ImproperlyConfigured as error:
        # Celery swallows exceptions of signal handlers; an exit passes.
        raise SystemExit(str(error)) from None
