"""The exact bytes of a request as its person decides on them: one action of several, and JSON to edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from placet.acts import ActionVerdict
from placet.exits import USAGE, Stop
from placet.shapes import ReviewOut
from placet.text import hidden

Action = dict[str, Any]


def actions_of(review: ReviewOut) -> list[Action]:
    """The actions of the canonical JSON that the digest names."""
    found: list[Action] = json.loads(review["raw"])["actions"]
    return found


def the_action(review: ReviewOut, key: str | None, fits: Callable[[Action], bool], what: str) -> Action:
    """The action with that key, or without one the only one that fits. Raises Stop (no-such-action, which-action)."""
    actions = actions_of(review)
    if key is not None:
        found = [action for action in actions if action["key"] == key]
        if not found:
            raise Stop(USAGE, "no-such-action", f"There is no action {key}: {_keys(actions)}.")
    else:
        found = [action for action in actions if fits(action)]
    if len(found) > 1:
        raise Stop(USAGE, "which-action", f"Give --action, one of: {_keys(found)}.")
    if not found or not fits(found[0]):
        raise Stop(USAGE, "not-offered", f"Nothing here can be {what}.")
    return found[0]


def beside(review: ReviewOut, said: ActionVerdict, others: str) -> list[ActionVerdict]:
    """That verdict on its action, and `others` on every other one."""
    return [
        said if action["key"] == said["key"] else {"key": action["key"], "type": others}  # type: ignore[typeddict-item]
        for action in actions_of(review)
    ]


def pointed(action: Action) -> Sequence[Any]:
    """The lines of an itemised payload: what `lines` points at in the arguments."""
    value: Any = action["args"]
    for part in str(action["lines"]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    found: Sequence[Any] = value
    return found


def editable(value: object) -> str:
    """JSON to read and edit: keys in order, and by its code whatever an editor would not show as itself."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return "".join(char if char == "\n" or not hidden(char) else _escaped(char) for char in text) + "\n"


def parsed(text: str) -> Any:
    """What was written. Raises Stop (bad-json) for what is no strict JSON: nothing twice, no NaN."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Stop(USAGE, "bad-json", f"That is no JSON: {error}.") from None


def arguments(text: str) -> dict[str, Any]:
    """The whole arguments of an action. Raises Stop (bad-json)."""
    found = parsed(text)
    if not isinstance(found, dict):
        raise Stop(USAGE, "bad-json", "Arguments are a JSON object: {…}.")
    return found


def contents(path: str) -> str:
    """A file the person names. Raises Stop (no-file)."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(USAGE, "no-file", f"{path} could not be read: {error}.") from None


def _keys(actions: Sequence[Action]) -> str:
    return ", ".join(action["key"] for action in actions)


def _escaped(char: str) -> str:
    return json.dumps(char, ensure_ascii=True)[1:-1].replace("\x7f", "\\u007f")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")
