"""`manage.py personal_token`: make or revoke a person's token for the API, from the server's own terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.services import personal_tokens


class Command(BaseCommand):
    help = "Make a personal token for the API and print it once, or revoke one by its prefix."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="terminal", help="What the token is for.")
        parser.add_argument("--days", type=int, default=30, help="How long it lives, 1 to 366.")
        parser.add_argument("--revoke", metavar="PREFIX", help="Revoke the token with this prefix instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person {options['username']}.")
        if options["revoke"]:
            if not personal_tokens.revoke(person=person, prefix=options["revoke"]):
                raise CommandError("There is no live token with that prefix.")
            self.stdout.write("Revoked.")
            return
        if not 1 <= options["days"] <= 366:
            raise CommandError("--days takes a number from 1 to 366.")
        _, text = personal_tokens.issue(
            person=person, name=options["name"], lifetime=timedelta(days=options["days"])
        )
        self.stdout.write(text)
