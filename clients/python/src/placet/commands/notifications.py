"""`placet notifications`: what became yours, was taken over, or did not land."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.exits import DONE
from placet.ids import short
from placet.screen import Cell
from placet.words import ago


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--read", action="store_true", help="Mark what is listed as read.")


def _run(context: Context, given: Namespace) -> int:
    found = context.client.notifications()
    if context.json:
        context.out.json(found)
    else:
        context.out.table(
            [
                [
                    Cell("" if one["read"] else "new", "ok"),
                    Cell(short(one["request"]) if one["request"] else "", "dim"),
                    Cell(one["text"] + (f" × {one['count']}" if one["count"] > 1 else ""), "bold"),
                    Cell(one["sentence"], stretches=True),
                    Cell(one["detail"], stretches=True),
                    Cell(ago(one["updated_at"]), "dim"),
                ]
                for one in found["items"]
            ]
        )
        if context.out.terminal and not found["items"]:
            context.out.line("Nothing yet.")
    unread = [one["id"] for one in found["items"] if not one["read"]]
    if given.read and unread:
        context.client.mark_read(*unread)
    return DONE


COMMAND = Command("notifications", "List what you were told.", _arguments, _run)
