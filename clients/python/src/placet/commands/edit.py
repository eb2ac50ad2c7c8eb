"""`placet edit ID`: the arguments in one's editor, the difference, and the decision on what was written."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import Decided, agreed, binding, declined, each, looked_up
from placet.errors import Invalid
from placet.exits import USAGE, Stop
from placet.payload import Action, arguments, beside, contents, editable, the_action
from placet.screen import Screen
from placet.shapes import DecideOut, ReviewOut


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--action", metavar="KEY", help="Which action, where several can be edited.")
    parser.add_argument("--args-file", metavar="FILE", help="The whole new arguments, instead of the editor.")
    parser.add_argument(
        "--others", choices=("approve", "defer", "reject"), default="approve", help="The other actions."
    )
    binding(parser)


def _run(context: Context, given: Namespace) -> int:
    if given.args_file is None:
        context.need_person("Scripts give --args-file.")
        if given.yes:
            raise Stop(USAGE, "no-file", "--yes needs --args-file: nobody sees the editor.")
    return each(context, [given.id], lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> Decided:
    review = looked_up(context, typed, given, "edit", but=("in-parts",))
    action = the_action(review, given.action, lambda one: "edit" in one["allow"], "edited")
    if given.args_file is not None:
        return review, _decide(context, review, given, action, arguments(contents(given.args_file)))
    written = editable(action["args"])
    while True:
        written = _in_editor(written)
        try:
            return review, _decide(context, review, given, action, arguments(written))
        except (Stop, Invalid) as error:
            if error.code not in ("bad-json", "arguments-invalid", "policy-refuses", "number-not-exact"):
                raise
            context.talk.line(str(error), "warn")
            for wrong in error.errors if isinstance(error, Invalid) else ():
                context.talk.line(f"  {wrong.get('pointer', '')}: {wrong.get('detail', '')}", "warn")
            if (context.talk.ask("Edit on? [y/N]") or "").strip().casefold() not in ("y", "yes"):
                raise declined() from None


def _decide(
    context: Context, review: ReviewOut, given: Namespace, action: Action, args: dict[str, Any]
) -> DecideOut:
    if args == action["args"]:
        raise Stop(USAGE, "nothing-edited", "Nothing was changed: approve it as it stands instead.")
    decisions = beside(review, {"key": action["key"], "type": "edit", "args": args}, given.others)
    rest = len(decisions) - 1
    return agreed(
        context,
        review,
        given,
        f"Edit {action['key']}" + (f" and {given.others} the other {rest}" if rest else ""),
        lambda read_back: context.client.decide(
            review["id"],
            digest=review["digest"],
            decisions=decisions,
            note=given.note,
            read_back=read_back,
            over_claim=given.over_claim,
        ),
        lambda: difference(context.talk, action["args"], args),
    )


def difference(screen: Screen, before: object, after: object) -> None:
    """What stands in one and not in the other, line by line of their JSON."""
    screen.heading("What would run instead: − as proposed, + as you wrote it")
    styles = {"-": "bad", "+": "ok"}
    found = difflib.unified_diff(
        editable(before).splitlines(), editable(after).splitlines(), lineterm="", n=2
    )
    for line in list(found)[2:]:
        screen.line(line, styles.get(line[:1], "dim"))


def _in_editor(text: str) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # The folder is for its owner alone; editors leave copies beside the file.
    with tempfile.TemporaryDirectory(prefix="placet-") as folder:
        file = Path(folder, "arguments.json")
        file.write_text(text, encoding="utf-8")
        try:
            left = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
        except (OSError, ValueError) as error:
            raise Stop(USAGE, "no-editor", f"{editor} could not be started: {error}. Set EDITOR.") from None
        if left != 0:
            raise declined()
        return contents(str(file))


COMMAND = Command(
    "edit", "Change the arguments in your editor, and approve what you wrote.", _arguments, _run
)
