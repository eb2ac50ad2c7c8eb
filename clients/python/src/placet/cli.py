"""The command `placet`: reads its arguments, runs one command, ends with a code that scripts can rely on."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

from placet import __version__
from placet.commands import COMMANDS
from placet.context import Context
from placet.exits import DECLINED, DONE, FAILURES, code_of, told
from placet.screen import Screen


def parser() -> argparse.ArgumentParser:
    """Every command with its options; docs/reference/cli.md is held against it."""
    top = argparse.ArgumentParser(prog="placet", description="Decide what AI agents want to do.")
    top.add_argument("--version", action="version", version=f"placet {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        one = commands.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(one)
        one.add_argument("--team", help="The team's short name, for who is in several.")
        one.add_argument("--json", action="store_true", help="Write JSON instead of text.")
        one.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code (placet.exits)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal's encoding lacks is spelled out instead of ending the command.
            stream.reconfigure(errors="backslashreplace")
    given = parser().parse_args(arguments)
    context = Context(Screen(sys.stdout), json=given.json, team=given.team)
    try:
        code: int = given.run(context, given)
        sys.stdout.flush()
        return code
    except FAILURES as error:
        if context.json:
            context.out.json({"error": told(error)})
        Screen(sys.stderr).line(f"placet: {error}", "bad")
        return code_of(error)
    except KeyboardInterrupt:
        Screen(sys.stderr).line("Stopped: nothing more was recorded.")
        return DECLINED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more while ending.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    finally:
        context.close()


def run() -> None:
    """The entry point of the installed command."""
    sys.exit(main())
