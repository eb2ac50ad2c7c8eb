"""`placet plan ID --upto KEY`: the steps up to a stop line run, the agent asks again for the rest."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.acts import ActionVerdict
from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, each, looked_up
from placet.exits import DONE, USAGE, Stop
from placet.ids import resolve
from placet.payload import Action, actions_of
from placet.screen import Screen


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--upto", metavar="KEY", help="The last step that runs; without it they are listed.")
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if given.upto is None:
        review = context.client.show(resolve(context.client, given.id))
        steps = actions_of(review)
        if context.json:
            context.out.json({"id": review["id"], "digest": review["digest"], "steps": steps})
        else:
            _listed(context.out, steps, None)
        return DONE
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "approve", but=("in-parts",))
    steps = actions_of(review)
    keys = [step["key"] for step in steps]
    if given.upto not in keys:
        raise Stop(USAGE, "no-such-action", f"There is no step {given.upto}: {', '.join(keys)}.")
    runs = keys.index(given.upto) + 1
    decisions: list[ActionVerdict] = [
        {"key": key, "type": "approve" if place < runs else "defer"} for place, key in enumerate(keys)
    ]
    return review, agreed(
        context,
        review,
        given,
        f"Run {runs} of {len(keys)} steps, then ask again" if runs < len(keys) else f"Run all {runs} steps",
        lambda read_back: context.client.decide(
            review["id"],
            digest=review["digest"],
            decisions=decisions,
            note=given.note,
            read_back=read_back,
            over_claim=given.over_claim,
        ),
        lambda: _listed(context.talk, steps, runs),
    )


def _listed(screen: Screen, steps: list[Action], runs: int | None) -> None:
    screen.heading("Steps")
    for place, step in enumerate(steps):
        after = f" · after {', '.join(step['depends_on'])}" if step.get("depends_on") else ""
        word = "" if runs is None else "run " if place < runs else "ask again "
        screen.pair(step["key"], f"{word}{step['name']}{after}", "warn" if word.startswith("ask") else "")


COMMAND = Command("plan", "Run a plan up to a step, and be asked again for the rest.", _arguments, _run)
