"""What is not documented is a red test: commands with their options, the doctor's checks."""

from __future__ import annotations

import argparse
import re

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from config import health
from tests.setup.machine import ROOT

PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text()
OURS = sorted(
    name for name, app in get_commands().items() if app in ("config", "inbox", "agents", "agents.demos")
)
DJANGOS = {
    option for action in BaseCommand().create_parser("", "")._actions for option in action.option_strings
}


def rows() -> dict[str, str]:
    return dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.partition("\n## ")[0], re.MULTILINE))


def test_every_command_of_ours_is_documented_and_no_other() -> None:
    assert sorted(rows()) == OURS


@pytest.mark.parametrize("name", sorted(set(OURS) - {"test", "dbshell"}))
def test_every_option_is_documented(name: str) -> None:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    options = {
        option
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction)
        for option in action.option_strings
        if option.startswith("--") and option not in DJANGOS
    }
    assert set(re.findall(r"`(--[\w-]+)`", rows()[name])) == options


def test_every_check_of_the_doctor_is_documented() -> None:
    source = (ROOT / "config" / "health.py").read_text()
    checks = set(re.findall(r'Finding\(\s*"([a-z ]+)"', source))
    checks |= {check.__name__ for check in (health.version, health.encoding, health.role)}
    documented = set(re.findall(r"^\| `([a-z ]+)` \|", PAGE.partition("## doctor")[2], re.MULTILINE))
    assert documented == checks


def test_every_option_of_up_is_on_its_how_to_page() -> None:
    page = (ROOT / "docs" / "how-to" / "run.md").read_text()
    for option in re.findall(r"`(--[\w-]+)`", rows()["up"]):
        assert re.search(rf"^\| `{option}[ `]", page, re.MULTILINE), option
