"""`manage.py sweep`: look for due work every few seconds, in a process of its own, without the broker."""

from __future__ import annotations

import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections

from inbox.clock import database_now
from inbox.services.holds import next_release
from inbox.services.sweep import Swept, sweep

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Expire what is overdue and deliver what is due, every PLACET_SWEEP_SECONDS, until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then exit.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        if not options["once"]:
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, lambda *_: stop.set())
        while True:
            swept = sweep()
            if swept.changed:
                log.info("swept", **swept.counts)
            if swept.failed:
                if options["once"]:
                    raise CommandError(f"Failed: {', '.join(swept.failed)}.")
                # Postgres restarting is no reason to die: the next round finds the same rows.
                close_old_connections()
            if options["once"] or stop.wait(_pause(swept)):
                return


def _pause(swept: Swept) -> float:
    """Seconds until the next round: at most PLACET_SWEEP_SECONDS, and no later than the next hold ends.

    A hold is a promise of time to the second. The broker is not asked: it may be gone, and only this process is needed.
    """
    longest = float(settings.ENV.placet_sweep_seconds)
    if swept.failed:
        return longest
    until = next_release()
    if until is None:
        return longest
    return min(longest, max(0.05, (until - database_now()).total_seconds()))
