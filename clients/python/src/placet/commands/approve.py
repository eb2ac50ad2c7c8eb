"""`placet approve ID…`: shows the exact payload, asks, and decides on what was shown."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, checked, each, looked_up
from placet.exits import USAGE, Stop


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="Ids, or ends that only they have.")
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if given.digest and len(given.ids) > 1:
        raise Stop(USAGE, "one-digest", "--digest is about one request: give one id.")
    checked(given)
    return each(context, given.ids, lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "approve")
    what = f"Approve this {review['risk']} risk"
    return review, agreed(
        context,
        review,
        given,
        what,
        lambda read_back: context.client.approve(
            review, note=given.note, read_back=read_back, over_claim=given.over_claim
        ),
    )


COMMAND = Command("approve", "Show requests one by one, ask, and approve.", _arguments, _run)
