"""`placet login`: keeps the server's address and a personal token in a file of one's own."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace

from placet import settings
from placet.client import Client
from placet.commands.command import Command
from placet.context import Context
from placet.errors import Invalid
from placet.exits import DONE, USAGE, Stop


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--url", help="The server's address; asked for when missing.")


def _run(context: Context, given: Namespace) -> int:
    asked = sys.stdin.isatty()
    url = given.url or (context.talk.ask("Address of the server:") if asked else None)
    if not url:
        raise Stop(USAGE, "no-url", "Give --url.")
    url = settings.checked_url(url.strip())
    token = getpass.getpass("Personal token (not shown): ") if asked else sys.stdin.readline()
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise Stop(
            USAGE, "no-token", "Give a personal token: at the prompt, or as the first line of the input."
        )
    with Client(url, token, team=context.team) as client:
        try:
            client.inbox()
        except Invalid as error:
            if error.code != "team-required":
                raise
            raise Stop(USAGE, error.code, f"{error.detail} Give --team.") from None
    where = settings.path()
    try:
        settings.store(settings.Settings(url, token, context.team), where)
    except OSError as error:
        raise Stop(USAGE, "not-written", f"{where} could not be written: {error}.") from None
    if context.json:
        context.out.json({"url": url, "team": context.team, "file": str(where)})
    else:
        context.out.line(f"Signed in to {url}. The token is in {where}, readable by you alone.", "ok")
    return DONE


COMMAND = Command("login", "Keep the server's address and your personal token.", _arguments, _run)
