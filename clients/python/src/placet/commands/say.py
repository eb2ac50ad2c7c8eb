"""`placet ask`, `placet regenerate` and `placet guide`: what people say to the agent before they decide."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from placet.acting import Saying
from placet.commands.command import Command
from placet.context import Context
from placet.ids import resolve


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("text", metavar="TEXT", help="At most 2,000 characters.")
    parser.add_argument("--digest", help="Only if this is still the digest.")


def _saying(how: Saying) -> Callable[[Context, Namespace], int]:
    def run(context: Context, given: Namespace) -> int:
        request_id = resolve(context.client, given.id)
        said = context.client.say(how, request_id, given.text, digest=given.digest)
        turn = "it is the agent's turn" if said["turn"] == "agent" else "it stays people's turn"
        return context.tell(f"Said; {turn}.", said)

    return run


ASK = Command("ask", "Ask the agent something; it is its turn then.", _arguments, _saying("ask"))
REGENERATE = Command(
    "regenerate", "Send a request back for another draft.", _arguments, _saying("regenerate")
)
GUIDE = Command("guide", "Leave the agent a note that blocks nothing.", _arguments, _saying("guide"))
