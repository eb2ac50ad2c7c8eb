"""`placet answer ID TEXT`: answers what the agent asks; for a call that offers it, the text is its result."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, declined, each, looked_up
from placet.exits import USAGE, Stop
from placet.payload import Action, beside, contents, parsed, the_action


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("text", metavar="TEXT", nargs="?", help="The answer; asked for when missing.")
    parser.add_argument(
        "--value-file", metavar="FILE", help="The answer from a file: JSON where it has a schema."
    )
    parser.add_argument("--action", metavar="KEY", help="Which action, where several ask.")
    parser.add_argument(
        "--others", choices=("approve", "defer", "reject"), default="defer", help="The other actions."
    )
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if given.text is not None and given.value_file is not None:
        raise Stop(USAGE, "two-answers", "Give TEXT or --value-file, not both.")
    if given.text is None and given.value_file is None:
        context.need_person("Scripts give TEXT or --value-file.")
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "respond", but=("in-parts",))
    action = the_action(review, given.action, lambda one: "respond" in one["allow"], "answered")
    value = _value(context, given, action)
    decisions = beside(review, {"key": action["key"], "type": "respond", "value": value}, given.others)
    rest = len(decisions) - 1

    def shown() -> None:
        context.talk.pair("your answer", value if isinstance(value, str) else json.dumps(value), "bold")

    return review, agreed(
        context,
        review,
        given,
        f"Answer {action['key']}" + (f" and {given.others} the other {rest}" if rest else ""),
        lambda read_back: context.client.decide(
            review["id"],
            digest=review["digest"],
            decisions=decisions,
            note=given.note,
            read_back=read_back,
            over_claim=given.over_claim,
        ),
        shown,
    )


def _value(context: Context, given: Namespace, action: Action) -> Any:
    schema = action.get("answer_schema")
    if given.value_file is not None:
        text = contents(given.value_file)
        return text.rstrip("\n") if schema is None else parsed(text)
    text = given.text
    if text is None:
        context.talk.pair(action["name"], action.get("description") or "", "bold")
        text = (context.talk.ask("Your answer (empty: none is given):") or "").strip()
        if not text:
            raise declined()
    if schema is None:
        return text
    try:
        return parsed(text)
    except Stop:
        # A word for a schema that takes a text.
        return text


COMMAND = Command("answer", "Answer what the agent asks.", _arguments, _run)
