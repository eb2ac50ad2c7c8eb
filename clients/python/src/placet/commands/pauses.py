"""`placet pauses`, `placet pause` and `placet resume`: nothing of what is paused is released."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.acts import PauseOut
from placet.commands.command import Command
from placet.context import Context
from placet.exits import DONE
from placet.ids import resolve_pause, short
from placet.screen import Cell
from placet.words import ago


def _list_arguments(parser: ArgumentParser) -> None:
    pass


def _pause_arguments(parser: ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--agent", metavar="NAME", help="All that this agent asks.")
    what.add_argument("--tool", metavar="NAME", help="All calls of this tool.")
    what.add_argument("--whole-team", action="store_true", help="All agents of the team.")
    what.add_argument("--everything", action="store_true", help="All teams; for the server's operators.")
    parser.add_argument("--reason", required=True, help="Why; everybody in the team reads it.")


def _resume_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The pause's id, or an end that only it has.")
    parser.add_argument("--reason", default="", help="Why it goes on, for the log.")


def _list(context: Context, given: Namespace) -> int:
    found = context.client.pauses()
    if context.json:
        context.out.json(found)
        return DONE
    context.out.table(
        [
            [
                Cell(short(pause["id"]), "dim"),
                Cell(_what(pause), "warn"),
                Cell(pause["reason"], stretches=True),
                Cell(pause["begun_by"]),
                Cell(ago(pause["begun_at"]), "dim"),
            ]
            for pause in found["items"]
        ]
    )
    if context.out.terminal and not found["items"]:
        context.out.line("Nothing is paused.")
    return DONE


def _pause(context: Context, given: Namespace) -> int:
    pause = context.client.pause(
        reason=given.reason, agent=given.agent, tool=given.tool, everything=given.everything
    )
    known = short(pause["id"])
    return context.tell(f"Paused {_what(pause)} · go on with: placet resume {known}", pause)


def _resume(context: Context, given: Namespace) -> int:
    pause = context.client.resume(resolve_pause(context.client, given.id), reason=given.reason)
    return context.tell(f"Goes on: {_what(pause)}.", pause)


def _what(pause: PauseOut) -> str:
    if pause["scope"] in ("agent", "tool"):
        return f"{pause['scope']} {pause['agent'] or pause['tool']}"
    return "the whole team" if pause["scope"] == "team" else "everything"


PAUSES = Command("pauses", "List what is paused.", _list_arguments, _list)
PAUSE = Command(
    "pause", "Stop an agent, a tool or a team: nothing of it is released.", _pause_arguments, _pause
)
RESUME = Command("resume", "End a pause.", _resume_arguments, _resume)
