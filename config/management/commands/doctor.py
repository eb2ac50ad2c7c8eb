"""`manage.py doctor`: is this installation sound, and if not, what is to be done."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from config.health import Level, examine

STYLES = {Level.OK: "SUCCESS", Level.WARN: "WARNING", Level.FAIL: "ERROR"}


class Command(BaseCommand):
    """Asks the database, the broker and the workers; exit code 1 when something must not stay as it is."""

    help = "Check durability, versions, migrations, broker, outbox and workers, and say what to do."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="findings as a JSON list, for monitoring")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            for finding in findings:
                style = getattr(self.style, STYLES[finding.level])
                self.stdout.write(f"{style(f'{finding.level:<5}')} {finding.check:<12} {finding.says}")
                if finding.remedy:
                    self.stdout.write(f"{'':<19}→ {finding.remedy}")
        if any(finding.level is Level.FAIL for finding in findings):
            sys.exit(1)
