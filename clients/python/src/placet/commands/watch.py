"""`placet watch`: what arrives, changes and ends, as it happens. Reads the lists again every few seconds."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from placet.client import Client
from placet.commands.command import Command
from placet.commands.listing import row
from placet.context import Context
from placet.errors import Unreachable
from placet.exits import DONE, USAGE, Stop
from placet.screen import Cell
from placet.shapes import RowOut, View

# What happened since the last look is looked for among as many entries of a list, the latest first.
FURTHEST = 200
_COLOURS = {"new": "ok", "changed": "warn", "held": "warn", "released": "dim", "ended": "dim"}
Event = tuple[str, RowOut]


class Watch:
    """What is known of the inbox, and what a look at it finds new."""

    def __init__(self, client: Client, q: str, *, everything: bool) -> None:
        self._client = client
        self._q = q
        self._everything = everything
        self._pending: dict[str, RowOut] = {}
        self._held: set[str] = set()
        self._asked: set[str] = set()
        self._ended: set[str] = set()

    def start(self) -> int:
        """Look for the first time; how many of what waits for this person were found."""
        list(self.look())
        return sum(item["your_turn"] for item in self._pending.values())

    def look(self) -> Iterator[Event]:
        """Look again. Everything is read before anything is noted: after a failure the next look finds the same."""
        asked = self._since("all", self._asked)
        # What became this person's turn long after it was asked stands here.
        top = [item for lane in self._client.inbox(q=self._q)["lanes"] for item in lane["items"]]
        ended = self._since("done", self._ended)
        for item in [*reversed(asked), *top]:
            self._asked.add(item["id"])
            if item["state"] == "pending":
                yield from self._waits(item)
        for item in reversed(ended):
            if item["state"] == "held":
                yield from self._holds(item)
            elif item["id"] not in self._ended:
                self._ended.add(item["id"])
                yield from self._ends(item)

    def _holds(self, item: RowOut) -> Iterator[Event]:
        if item["id"] in self._held:
            return
        self._held.add(item["id"])
        if self._theirs(item):
            yield "held", item

    def _ends(self, item: RowOut) -> Iterator[Event]:
        theirs = self._theirs(item)
        self._pending.pop(item["id"], None)
        kind = "released" if item["id"] in self._held and item["state"] == "decided" else "ended"
        self._held.discard(item["id"])
        if theirs:
            yield kind, item

    def _theirs(self, item: RowOut) -> bool:
        before = self._pending.get(item["id"])
        return self._everything or (before is not None and before["your_turn"])

    def _waits(self, item: RowOut) -> Iterator[Event]:
        before = self._pending.get(item["id"])
        self._pending[item["id"]] = item
        undone = item["id"] in self._held
        self._held.discard(item["id"])
        theirs = self._everything or item["your_turn"]
        if before is None or not (self._everything or before["your_turn"]):
            if theirs:
                yield "new", item
        elif undone or _moved(before, item):
            yield "changed", item

    def _since(self, view: View, known: set[str]) -> list[RowOut]:
        """Whole pages of a list, down to one with a known entry: two that end at once may appear in either order."""
        found: list[RowOut] = []
        cursor = ""
        while len(found) < FURTHEST:
            # What is held stands in a lane of its own before what is done.
            lanes = self._client.inbox(view, q=self._q, cursor=cursor)["lanes"]
            items = [item for lane in lanes for item in lane["items"]]
            found += items
            cursor = lanes[-1]["next"] or ""
            if not cursor or any(item["id"] in known for item in items):
                break
        return found


def _moved(before: RowOut, now: RowOut) -> bool:
    return any(before[key] != now[key] for key in ("digest", "needs", "your_turn", "assignee", "risk"))


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("filters", metavar="FILTER", nargs="*", help="agent:NAME, tool:NAME or risk:LEVEL.")
    parser.add_argument("--all", action="store_true", help="Not only what waits for you.")
    parser.add_argument("--interval", type=float, default=5.0, help="Seconds between two looks, 1 to 3600.")


def _run(context: Context, given: Namespace) -> int:
    if not 1 <= given.interval <= 3600:
        raise Stop(USAGE, "bad-interval", "--interval takes 1 to 3600 seconds.")
    watch = Watch(context.client, " ".join(given.filters), everything=given.all)
    try:
        waiting = watch.start()
        context.talk.line(f"Watching; {waiting} of the latest wait for you. Ctrl-C ends it.", "dim")
        context.talk.flush()
        while True:
            time.sleep(given.interval)
            _look(context, watch)
    except KeyboardInterrupt:
        return DONE


def _look(context: Context, watch: Watch) -> None:
    try:
        for kind, item in watch.look():
            _tell(context, kind, item)
    except Unreachable as error:
        context.talk.line(f"{error} Trying again.", "warn")
    context.out.flush()


def _tell(context: Context, kind: str, item: RowOut) -> None:
    if context.json:
        told: dict[str, Any] = {"event": kind, **item}
        context.out.json(told)
    else:
        level, *others = row(item)
        # One line at a time cannot be aligned with those that follow.
        level = level._replace(text=f"{level.text:<13}") if context.out.terminal else level
        context.out.table([[Cell(kind, _COLOURS[kind]), level, *others]])


COMMAND = Command("watch", "Print what arrives, changes and ends, until Ctrl-C.", _arguments, _run)
