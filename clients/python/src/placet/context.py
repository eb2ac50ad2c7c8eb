"""What every command gets: the client, and where to write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property

from placet import settings
from placet.client import Client
from placet.exits import DONE, USAGE, Stop
from placet.screen import Screen


@dataclass
class Context:
    """One run of the command. `json`: results as JSON on `out`, all talk elsewhere."""

    out: Screen
    json: bool = False
    team: str | None = None

    @cached_property
    def client(self) -> Client:
        """The client, made on first use. Raises BadSettings."""
        found = settings.load(team=self.team)
        return Client(found.url, found.token, team=found.team, surface="cli")

    @cached_property
    def talk(self) -> Screen:
        """Where a person reads what they decide about: the output, or stderr where that goes to a program."""
        return self.out if self.out.terminal and not self.json else Screen(sys.stderr)

    def tell(self, sentence: str, answer: object) -> int:
        """What was done: the sentence, or with `json` the server's answer. Returns the exit code."""
        if self.json:
            self.out.json(answer)
        else:
            self.out.line(sentence, "ok")
        return DONE

    def need_person(self, instead: str) -> None:
        """Raises Stop unless a person sits at the terminal: reads what is shown and types the answer."""
        if not (self.talk.terminal and sys.stdin.isatty()):
            raise Stop(USAGE, "no-person", f"This asks a person at a terminal. {instead}")

    def close(self) -> None:
        """End the connections, if any were made."""
        if "client" in self.__dict__:
            self.client.close()
