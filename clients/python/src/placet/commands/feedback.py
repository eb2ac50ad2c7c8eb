"""`placet feedback ID good|bad|incident`: whether a decision was right."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.ids import resolve


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("kind", choices=("good", "bad", "incident"), help="The latest word counts.")
    parser.add_argument("--reason", default="", help="Why; bad and incident need it.")


def _run(context: Context, given: Namespace) -> int:
    answer = context.client.feedback(resolve(context.client, given.id), given.kind, reason=given.reason)
    return context.tell(f"Recorded as {given.kind}.", answer)


COMMAND = Command("feedback", "Say whether a decision was right.", _arguments, _run)
