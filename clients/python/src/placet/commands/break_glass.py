"""`placet break-glass ID --reason`: lets what a rule blocks pass, by a person at a terminal alone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, each, looked_up


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--reason", required=True, help="Why, in at least 20 characters; the team reads it.")
    parser.add_argument("--digest", help="Only if this is still the digest.")
    parser.add_argument("--over-claim", action="store_true", help="Though somebody else works on it.")


def _run(context: Context, given: Namespace) -> int:
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "break_glass")
    return review, agreed(
        context,
        review,
        given,
        "Break the glass and let it pass",
        lambda read_back: context.client.break_glass(
            review, note=given.reason, read_back=read_back, over_claim=given.over_claim
        ),
    )


COMMAND = Command("break-glass", "Let what a rule blocks pass, saying why.", _arguments, _run)
