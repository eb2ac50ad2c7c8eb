"""docs/reference/verbs.md names every way to do every verb: what a route or a command adds must stand there."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from inbox.lifecycle import Verb
from placet.commands import COMMANDS

DOCS = Path(settings.BASE_DIR) / "docs" / "reference"
PAGE = (DOCS / "verbs.md").read_text()
LOOKING = {"login", "list", "show", "notifications", "pauses", "watch"}
"""Commands that change nothing of a request."""
ELSEWHERE = ("/inbox", "/notifications", "/grants", "/events")


def test_every_call_of_people_is_there() -> None:
    paths = json.loads((DOCS / "openapi.json").read_text())["paths"]
    changing = [
        f"`{method.upper()} {path.removeprefix('/api/v1').replace('{request_id}', '{id}')}`"
        for path, calls in paths.items()
        for method, call in calls.items()
        if call["tags"] == ["people"]
        and method != "get"
        and not path.removeprefix("/api/v1").startswith(ELSEWHERE)
    ]
    assert len(changing) > 15
    assert [call for call in changing if call not in PAGE] == []


def test_every_command_is_there() -> None:
    named = [f"`placet {command.name}`" for command in COMMANDS if command.name not in LOOKING]
    assert [command for command in named if command not in PAGE] == []


def test_everything_an_agent_may_read_of_an_action_is_there() -> None:
    assert [verb for verb in Verb if f"`{verb.value}`" not in PAGE] == []
