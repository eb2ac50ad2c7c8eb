"""`manage.py seed_demo`: the demo team with its people, tools and agents; with --reset, a fresh start of it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from agents import afterwards
from agents.demos.rounds import end_rounds, start_round
from config import demo_team


class Command(BaseCommand):
    help = "Make the demo team, unless it is there, and set its agents off once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reset",
            action="store_true",
            help="Withdraw what still waits from earlier rounds and start a new one. History stays: audit rows are for ever.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        team = demo_team.seed()
        if options["reset"]:
            end_rounds(team.pk)
            start_round(team.pk)
        else:
            demo_team.first_round(team)
        afterwards.drain(seconds=5)
