"""`placet lines ID --defer N --reject N`: an itemised payload line by line; what nothing is said of is approved."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from placet.acts import LineVerdict
from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, each, looked_up
from placet.exits import DONE, USAGE, Stop
from placet.ids import resolve
from placet.payload import Action, beside, pointed, the_action
from placet.screen import Screen
from placet.shapes import ReviewOut


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--defer", metavar="N", nargs="+", type=int, default=[], help="Not these lines now.")
    parser.add_argument("--reject", metavar="N", nargs="+", type=int, default=[], help="Not these lines.")
    parser.add_argument("--reason", default="", help="What the agent is told of each of them.")
    parser.add_argument("--action", metavar="KEY", help="Which action, where several have lines.")
    parser.add_argument(
        "--others", choices=("approve", "defer", "reject"), default="approve", help="The other actions."
    )
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if not (given.defer or given.reject):
        review = context.client.show(resolve(context.client, given.id))
        action = _itemised(review, given)
        if context.json:
            context.out.json({"id": review["id"], "digest": review["digest"], "lines": pointed(action)})
        else:
            listed(context.out, action, {})
        return DONE
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _itemised(review: ReviewOut, given: Namespace) -> Action:
    return the_action(review, given.action, lambda one: one.get("lines") is not None, "decided by line")


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "edit", but=("in-parts",))
    action = _itemised(review, given)
    said = _said(given, len(pointed(action)))
    lines: list[LineVerdict] = [
        {"index": number - 1, "type": "reject" if word == "reject" else "defer", "message": given.reason}
        for number, word in said.items()
    ]
    decisions = beside(review, {"key": action["key"], "type": "approve", "lines": lines}, given.others)
    count, left = len(pointed(action)), len(pointed(action)) - len(said)
    return review, agreed(
        context,
        review,
        given,
        f"Approve {left} of {count} lines, reject {len(set(given.reject))}, defer {len(set(given.defer))}",
        lambda read_back: context.client.decide(
            review["id"],
            digest=review["digest"],
            decisions=decisions,
            note=given.note,
            read_back=read_back,
            over_claim=given.over_claim,
        ),
        lambda: listed(context.talk, action, said),
    )


def _said(given: Namespace, count: int) -> dict[int, str]:
    for number in (*given.defer, *given.reject):
        if not 0 < number <= count:
            raise Stop(USAGE, "bad-number", f"There is no line {number}: give 1 to {count}.")
    if set(given.defer) & set(given.reject):
        raise Stop(USAGE, "line-twice", "A line is deferred or rejected, not both.")
    return dict.fromkeys(given.defer, "defer") | dict.fromkeys(given.reject, "reject")


def listed(screen: Screen, action: Action, said: dict[int, str]) -> None:
    """The lines with their numbers, and what is said of each."""
    screen.heading(f"Lines of {action['key']}{action['lines']}")
    for number, line in enumerate(pointed(action), 1):
        word = said.get(number, "approve" if said else "")
        shown = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        screen.pair(str(number), f"{word} {shown}".lstrip(), "" if word in ("", "approve") else "warn")


COMMAND = Command("lines", "Approve an itemised payload but for some of its lines.", _arguments, _run)
