"""`placet reject ID… --reason`: rejects, and the agent is told why."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, each, looked_up
from placet.exits import DECLINED, USAGE, Stop
from placet.shapes import ReviewOut
from placet.words import risk


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="Ids, or ends that only they have.")
    parser.add_argument("--reason", help="What the agent is told; asked for at a terminal when missing.")
    parser.add_argument("--digest", help="Reject only if this is still the digest. For one id.")
    parser.add_argument("--over-claim", action="store_true", help="Though somebody else works on it.")


def _run(context: Context, given: Namespace) -> int:
    if given.digest and len(given.ids) > 1:
        raise Stop(USAGE, "one-digest", "--digest is about one request: give one id.")
    if given.reason is None:
        context.need_person("Scripts give --reason.")
    return each(context, given.ids, lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "reject")
    reason = given.reason if given.reason is not None else _asked(context, review)
    return review, context.client.reject(review, note=reason, over_claim=given.over_claim)


def _asked(context: Context, review: ReviewOut) -> str:
    context.talk.line(f"{risk(review['risk'])}: {review['sentence']}", "bold")
    presets = review["presets"]
    for number, preset in enumerate(presets, 1):
        context.talk.line(f"  {number}  {preset}")
    how = "A number, or your words" if presets else "Your words"
    answer = context.talk.ask(f"Why? {how} for {review['agent']} (empty: it is not rejected):")
    said = (answer or "").strip()
    if not said:
        raise Stop(DECLINED, "declined", "Not rejected: nothing was recorded.")
    if said.isascii() and said.isdigit() and 0 < int(said) <= len(presets):
        return presets[int(said) - 1]
    return said


COMMAND = Command("reject", "Reject requests and tell the agents why.", _arguments, _run)
