"""The command in this process: its calls go straight into the URL configuration, and a person sits at a pseudo-terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import urlencode

import httpx2

from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from placet import cli
from placet.client import Client as Reviewer
from placet.context import Context
from placet.exits import FAILURES, told
from placet.screen import Screen
from placet.transport import Transport, _read
from tests.integration.api.conftest import Caller
from tests.integration.matrix.roles import Role
from tests.integration.matrix.verbs import OTHERWISE, SIGN_IN, TEXT, WHY, Call, Verb

COMMANDS = {
    Verb.RESPOND: "answer",
    Verb.PLAN: "plan",
    Verb.BREAK_GLASS: "break-glass",
    Verb.SNOOZE: "defer",
}
"""The command of a verb; its own name where none is named."""
OTHER_COMMANDS = frozenset(
    {
        *("list", "login", "notifications", "pause", "pauses", "resume", "show", "watch"),
        *("release", "undefer"),
    }
)
"""Commands that are of no single request, or only show it; and two that take back one's own mark on it."""
ASKING = frozenset({Verb.EDIT, Verb.RESPOND, Verb.CHOOSE, Verb.PLAN, Verb.LINES, Verb.BREAK_GLASS})
"""What a person at the terminal agrees to; the rest is run as scripts run it."""


def command_of(verb: Verb) -> str:
    return COMMANDS.get(verb, verb.value)


def _options(call: Call) -> list[str]:
    reason = ["--reason", WHY]
    options = {
        Verb.APPROVE: ["--yes", "--digest", call.request.digest],
        Verb.REJECT: reason,
        Verb.EDIT: [],
        Verb.RESPOND: ["The first."],
        Verb.CHOOSE: ["2"],
        Verb.PLAN: ["--upto", "s0"],
        Verb.LINES: ["--defer", "3"],
        Verb.BREAK_GLASS: reason,
        Verb.UNDO: [],
        Verb.RECALL: reason,
        Verb.COMPENSATE: reason,
        Verb.FEEDBACK: ["bad", *reason],
        Verb.ASK: [TEXT],
        Verb.GUIDE: [TEXT],
        Verb.REGENERATE: [TEXT],
        Verb.SNOOZE: ["--for", "15m"],
        Verb.ESCALATE: reason,
        Verb.DELEGATE: ["--to", call.taker, *reason],
        Verb.CLAIM: [],
    }
    return options[call.verb]


def by_terminal(call: Call) -> str:
    """The command with `--json`, as the person at the terminal runs it, answers it and edits in it."""
    arguments = [command_of(call.verb), str(call.request.pk), *_options(call), "--json"]
    given = _parser().parse_args(arguments)
    out = io.StringIO()
    context = Context(Screen(out, terminal=False), json=True)
    context.__dict__["client"] = Reviewer("", "", surface="cli", transport=InProcess(call))
    try:
        with _person(call) if call.verb in ASKING else contextlib.redirect_stderr(io.StringIO()):
            given.run(context, given)
        answer = json.loads(out.getvalue())
    except FAILURES as error:
        answer = {"results": [{"error": told(error)}]}
    # What decides reports each id; what does not answers as the server did.
    (result,) = answer.get("results", [{}])
    code = cast("str", result.get("error", {}).get("code", ""))
    return SIGN_IN if code == "unauthenticated" else code


@cache
def _parser() -> ArgumentParser:
    return cli.parser()


class InProcess(Transport):
    """The client's calls without a network."""

    def __init__(self, call: Call) -> None:
        self._caller = Caller(call.cast.tokens[call.role], call.cast.browsers[Role.ANONYMOUS])

    def close(self) -> None:
        """Nothing is open."""

    def _call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        again: bool = True,
        json: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        response = self._caller.call(method, f"/{path}?{urlencode(params or {})}", json)
        return _read(httpx2.Response(response.status_code, content=response.content), key)


class _Read(io.StringIO):
    """What the person reads, who answers what is asked at the end of it."""

    def __init__(self, keyboard: int, read_back: str) -> None:
        super().__init__()
        self._keyboard, self._read_back = keyboard, read_back

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        asked = self.getvalue().rpartition("\n")[2]
        if asked:
            typed = "y" if asked.rstrip().endswith("[y/N]") else self._read_back
            os.write(self._keyboard, f"{typed}\n".encode())


@contextlib.contextmanager
def _person(call: Call) -> Iterator[None]:
    revision = call.request.revisions.get(number=call.request.revision_number)
    asked = asked_of(bytes(revision.payload), risk=Risk(call.request.risk), digest=call.request.digest)
    keyboard, seat = pty.openpty()
    with TemporaryDirectory() as folder, os.fdopen(seat) as typed:
        # Their editor: it writes this over what it is given.
        wanted = Path(folder, "otherwise.json")
        wanted.write_text(json.dumps(OTHERWISE), encoding="utf-8")
        try:
            with (
                patch.dict(os.environ, VISUAL=f"cp {wanted}"),
                patch.object(sys, "stdin", typed),
                contextlib.redirect_stderr(_Read(keyboard, asked.answer if asked else "")),
            ):
                yield
        finally:
            os.close(keyboard)
