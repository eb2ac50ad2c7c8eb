"""`placet undo`, `placet recall` and `placet compensate`: the ways to take a decision back, the safest first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.ids import resolve


def _undo_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--reason", default="", help="Why, for the log.")


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--reason", required=True, help="Why; the agent is told.")


def _undo(context: Context, given: Namespace) -> int:
    answer = context.client.undo(resolve(context.client, given.id), reason=given.reason)
    return context.tell("Undone: nothing has left, and the request waits again.", answer)


def _recall(context: Context, given: Namespace) -> int:
    answer = context.client.recall(resolve(context.client, given.id), reason=given.reason)
    return context.tell("Recalled: the agent gets a no in its place.", answer)


def _compensate(context: Context, given: Namespace) -> int:
    answer = context.client.compensate(resolve(context.client, given.id), reason=given.reason)
    return context.tell(
        f"The agent is asked to put it back; somebody else decides {answer['compensated_by']}.", answer
    )


UNDO = Command("undo", "Take back what you decided while it is held.", _undo_arguments, _undo)
RECALL = Command("recall", "Take back a released decision before the agent has it.", _arguments, _recall)
COMPENSATE = Command("compensate", "Ask the agent to put back what it did.", _arguments, _compensate)
