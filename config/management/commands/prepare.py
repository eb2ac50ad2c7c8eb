"""`manage.py prepare`: what `up` does to the database before it serves. One process, for Django starts slowly.

Reports to the supervisor as JSON, one object a line: {"migrated": "12 applied"}, then {"seeded": [sign-in links]}.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import demo_team
from config.durability import postgres_address
from inbox.services import sign_in_links


class Command(BaseCommand):
    """Migrates, then makes what is missing of the demo."""

    help = "Migrate the database and make the demo team; used by `up`."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo team, unless it is there")
        parser.add_argument("--reset-demo", action="store_true", help="begin the demo anew")
        parser.add_argument(
            "--links", action="store_true", help="issue a single-use sign-in link for each demo person"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # Django's pool would go on trying for ten seconds and keep the reason to itself.
            psycopg.connect(**postgres_address(), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            raise CommandError(f"Postgres does not answer: {error}") from None
        executor = MigrationExecutor(connection)
        applied = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if applied:
            call_command("migrate", interactive=False, verbosity=0)
        self._report("migrated", f"{applied} applied" if applied else "")
        if options["demo"]:
            call_command("seed_demo", reset=options["reset_demo"])
        links = [
            {"name": person.name, "says": person.says, "path": sign_in_links.issue(person.username)}
            for person in (demo_team.PEOPLE if options["demo"] and options["links"] else ())
        ]
        self._report("seeded", links)

    def _report(self, step: str, result: Any) -> None:
        self.stdout.write(json.dumps({step: result}))
        self.stdout.flush()
