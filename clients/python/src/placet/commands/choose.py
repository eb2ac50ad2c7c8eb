"""`placet choose ID N…`: one of the agent's options, by its number; without a number they are listed."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, declined, each, looked_up
from placet.exits import DONE, USAGE, Stop
from placet.ids import resolve
from placet.payload import Action, beside, the_action
from placet.screen import Screen
from placet.shapes import ReviewOut


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("numbers", metavar="N", nargs="*", type=int, help="The numbers of the options.")
    parser.add_argument("--action", metavar="KEY", help="Which action, where several ask.")
    parser.add_argument(
        "--others", choices=("approve", "defer", "reject"), default="defer", help="The other actions."
    )
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if not given.numbers:
        review = context.client.show(resolve(context.client, given.id))
        action = _choice(review, given)
        if context.json:
            context.out.json({"id": review["id"], "digest": review["digest"], "options": action["options"]})
        else:
            listed(context.out, action)
        if context.json or not context.out.terminal:
            return DONE
        typed = (context.talk.ask("Which? Numbers, or nothing:") or "").split()
        if not typed:
            raise declined()
        if not all(one.isascii() and one.isdigit() for one in typed):
            raise Stop(USAGE, "bad-number", "Give the numbers of the options.")
        given.numbers = [int(one) for one in typed]
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _choice(review: ReviewOut, given: Namespace) -> Action:
    return the_action(review, given.action, lambda one: "choose" in one["allow"], "chosen from")


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "choose", but=("in-parts",))
    action = _choice(review, given)
    options = action["options"]
    for number in given.numbers:
        if not 0 < number <= len(options):
            raise Stop(USAGE, "bad-number", f"There is no option {number}: give 1 to {len(options)}.")
    chosen = [options[number - 1]["value"] for number in given.numbers]
    decisions = beside(review, {"key": action["key"], "type": "choose", "value": chosen}, given.others)
    rest = len(decisions) - 1
    numbers = ", ".join(str(number) for number in given.numbers)
    return review, agreed(
        context,
        review,
        given,
        f"Choose {numbers}" + (f" and {given.others} the other {rest} actions" if rest else ""),
        lambda read_back: context.client.decide(
            review["id"],
            digest=review["digest"],
            decisions=decisions,
            note=given.note,
            read_back=read_back,
            over_claim=given.over_claim,
        ),
        lambda: listed(context.talk, action, set(given.numbers)),
    )


def listed(screen: Screen, action: Action, chosen: set[int] | None = None) -> None:
    """The options with their numbers: the value first, the agent's words about it after."""
    screen.heading("Options, in the agent’s order; what stands in quotes is its claim")
    for number, option in enumerate(action["options"], 1):
        value = option["value"]
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        words = " ".join(f"“{option[name]}”" for name in ("label", "description") if option.get(name))
        screen.pair(str(number), f"{shown} {words}".rstrip(), "bold" if number in (chosen or ()) else "")


COMMAND = Command("choose", "List the agent's options, and choose by number.", _arguments, _run)
