"""`manage.py openapi`: write the API's OpenAPI document, or check that the committed one is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.api import api

SNAPSHOT = Path(settings.BASE_DIR) / "docs" / "reference" / "openapi.json"


def document() -> str:
    """The document as it would be committed: sorted, indented, without a server address."""
    return json.dumps(api.get_openapi_schema(), indent=2, sort_keys=True, default=str) + "\n"


class Command(BaseCommand):
    help = "Write docs/reference/openapi.json; with --check, fail when it is out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        current = document()
        if not options["check"]:
            SNAPSHOT.write_text(current)
            self.stdout.write(f"Wrote {SNAPSHOT.relative_to(settings.BASE_DIR)}.")
        elif not SNAPSHOT.exists() or SNAPSHOT.read_text() != current:
            raise CommandError(
                "docs/reference/openapi.json is out of date: run `manage.py openapi` and commit it."
            )
