"""Celery's way in: tasks carry ids or nothing and call one service."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from inbox.services.backtests import run_backtest
from inbox.services.rejudging import rejudge_team
from inbox.services.sweep import sweep


@shared_task(name="inbox.sweep")
def sweep_task() -> None:
    """Beat's sweep; `manage.py sweep` does the same without Celery."""
    sweep()


@shared_task(name="inbox.backtest")
def backtest_task(backtest_id: str) -> None:
    """Try a draft on history, if nobody does already; what a dead worker leaves the sweep goes on with."""
    run_backtest(UUID(backtest_id))


@shared_task(name="inbox.rejudge")
def rejudge_task(policy_id: str) -> None:
    """Hold what waits against a new version; the sweep does it too, a few seconds later."""
    rejudge_team(UUID(policy_id))
