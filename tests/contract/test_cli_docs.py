"""The command's page and the client's types say what is so."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, is_typeddict

import pytest
from django.conf import settings

from placet import acts, shapes
from placet.agent import shapes as agents
from placet.cli import parser
from placet.commands import COMMANDS
from placet.exits import MEANINGS
from placet.settings import VARIABLES

DOCS = Path(settings.BASE_DIR) / "docs" / "reference"
PAGE = (DOCS / "cli.md").read_text()
SCHEMAS = json.loads((DOCS / "openapi.json").read_text())["components"]["schemas"]
TYPES = {
    name: kind
    for module in (shapes, acts, agents)
    for name, kind in vars(module).items()
    if is_typeddict(kind)
}


def parsers() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


def options(one: argparse.ArgumentParser) -> set[str]:
    return {option for action in one._actions for option in action.option_strings if option.startswith("--")}


def test_every_command_is_documented_with_its_options() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", PAGE.partition("## Output")[0], re.MULTILINE))
    assert list(rows) == [command.name for command in COMMANDS]
    for command in COMMANDS:
        assert rows[command.name].startswith(f"{command.help} |")
        documented = set(re.findall(r"`(--[\w-]+)`", rows[command.name]))
        assert documented | {"--team", "--json", "--help"} == options(parsers()[command.name])


def test_every_exit_code_and_setting_is_documented() -> None:
    for table in (MEANINGS, VARIABLES):
        for name, meaning in table.items():
            assert f"| `{name}` | {meaning} |" in PAGE


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_clients_types_are_the_contracts(name: str) -> None:
    properties: dict[str, Any] = SCHEMAS[name]["properties"]
    assert set(TYPES[name].__annotations__) == set(properties)
