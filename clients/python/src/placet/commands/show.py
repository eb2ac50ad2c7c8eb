"""`placet show ID`: one request, all of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.exits import DONE
from placet.ids import resolve
from placet.present import present


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or a beginning or end that only it has.")


def _run(context: Context, given: Namespace) -> int:
    review = context.client.show(resolve(context.client, given.id))
    if context.json:
        context.out.json(review)
    else:
        present(context.out, review)
    return DONE


COMMAND = Command("show", "Show a request: what will run, its risk, who may decide.", _arguments, _run)
