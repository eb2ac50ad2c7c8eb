"""Celery's way in: tasks carry ids or nothing and call one service."""

from __future__ import annotations

from celery import shared_task

from inbox.services.sweep import sweep


@shared_task(name="inbox.sweep")
def sweep_task() -> None:
    """Beat's sweep; `manage.py sweep` does the same without Celery."""
    sweep()
