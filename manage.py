#!/usr/bin/env python3
"""Placet's one entry point: `up`, `test`, `doctor` and every Django command.

It needs nothing but Python: the first run builds the environment, later runs use it.
"""

# ruff: noqa: I002 - an older Python must be able to parse this file, to be told that it is too old.

import os
import sys

# These start the servers that the settings name, so they run before there are settings.
WITHOUT_SETTINGS = ("up", "test")


def main() -> None:
    """Prepare the environment, then hand the command line to Django."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the one place that older Pythons reach
        sys.exit(
            f"Placet needs Python 3.11 or newer and this is Python {sys.version_info[0]}.{sys.version_info[1]}: "
            "run it with a newer python3, or use docker compose (docs/how-to/deploy.md)."
        )
    if sys.platform == "win32":
        sys.exit("Placet does not run on Windows itself: use WSL, or docker compose (docs/how-to/deploy.md).")
    # Imported only now: what follows is neither parsed by an older Python nor installed before `prepare`.
    from config import bootstrap

    bootstrap.prepare(sys.argv[1:])

    from django.core.management import execute_from_command_line, load_command_class

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in WITHOUT_SETTINGS:
        load_command_class("config", command).run_from_argv(sys.argv)
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
