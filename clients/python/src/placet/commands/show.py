"""`placet show ID`: one request, all of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.exits import DONE
from placet.happened import followed, said
from placet.ids import resolve
from placet.present import present


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or a beginning or end that only it has.")


def _run(context: Context, given: Namespace) -> int:
    client = context.client
    review = client.show(resolve(client, given.id))
    conversation, aftermath = client.conversation(review["id"]), client.aftermath(review["id"])
    if context.json:
        context.out.json({**review, "conversation": conversation, "aftermath": aftermath})
    else:
        present(context.out, review)
        said(context.out, conversation)
        followed(context.out, review["id"], aftermath)
    return DONE


COMMAND = Command("show", "Show a request: what will run, its risk, who may decide.", _arguments, _run)
