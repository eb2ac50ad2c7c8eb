"""`manage.py demo`: set the demo agents off once more."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents import afterwards
from agents.demos.rounds import NotSeeded, start_round
from config.demo_team import SLUG
from inbox.models import Team


class Command(BaseCommand):
    """Queues one run of every story; workers start them, the inbox fills."""

    help = "Start a fresh round of the demo agents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--background",
            type=int,
            default=24,
            metavar="N",
            help="small refunds, and as many page corrections, that form groups (default 24, at most 500)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        background: int = options["background"]
        if not 0 <= background <= 500:
            raise CommandError("--background takes a number from 0 to 500.")
        try:
            team = Team.objects.get(slug=SLUG)
            runs = start_round(team.pk, background=background)
        except Team.DoesNotExist:
            raise CommandError("There is no demo team here. Run `manage.py seed_demo` first.") from None
        except NotSeeded as missing:
            raise CommandError(f"{missing} Run `manage.py seed_demo` first.") from None
        # The nudges go out on a background thread that ends with this process.
        afterwards.drain(seconds=5)
        for handle, count in sorted(Counter(run.agent.handle for run in runs).items()):
            self.stdout.write(f"{handle:<12} {count} run{'s' if count > 1 else ''} queued")
        self.stdout.write(f"Watch them arrive at {settings.PLACET_ORIGIN}/t/{team.slug}/")
