"""`manage.py up`: a running Placet in one terminal."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.embedded.addresses import default_data_dir
from config.embedded.errors import Interrupted, SetupError
from config.embedded.start import Options, run


class Command(BaseCommand):
    """Starts the embedded servers, the database's tables, the application and the demo; ends on Ctrl-C.

    Runs before settings exist, for these name the servers that are started here.
    """

    help = "Run Placet: Postgres, Valkey, web, worker, beat and a demo team, in this terminal."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument(
            "--port", type=_port, default=8000, help="port to listen on (default 8000; 0 takes a free one)"
        )
        parser.add_argument(
            "--data-dir",
            type=Path,
            default=Path(os.environ.get("PLACET_DATA_DIR") or default_data_dir()),
            help="where data, logs and the secret key are kept (default: PLACET_DATA_DIR, or %(default)s)",
        )
        parser.add_argument("--no-demo", action="store_true", help="no demo team and no sign-in links")
        parser.add_argument(
            "--reset-demo", action="store_true", help="withdraw the demo's open requests and begin anew"
        )
        parser.add_argument(
            "--verbose", action="store_true", help="show all that the processes say, not only warnings"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_demo"] and options["reset_demo"]:
            self._refuse("--no-demo and --reset-demo exclude each other.")
        try:
            run(
                Options(
                    host=options["host"],
                    port=options["port"],
                    data_dir=options["data_dir"],
                    demo=not options["no_demo"],
                    reset_demo=options["reset_demo"],
                    everything=options["verbose"],
                )
            )
        except SetupError as error:
            self._refuse(str(error))
        except Interrupted:
            raise SystemExit(130) from None

    def _refuse(self, sentence: str) -> None:
        sys.stderr.write(f"placet: {sentence}\n")
        raise SystemExit(1)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError
    return number
