"""Which changes of the catalogue let more pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inbox.policy.words import Effect, Risk
from inbox.services.tools import ToolDescription, loosens

READ = ToolDescription("t", Effect.READ)
WRITE = ToolDescription("t", Effect.WRITE, risk_floor=Risk.MEDIUM, impact={"rows": ["ids"]})
FINAL = ToolDescription("t", Effect.IRREVERSIBLE)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (READ, {"harmless": True}),
        (WRITE, {"reversible": True}),
        (WRITE, {"risk_floor": None}),
        (WRITE, {"risk_floor": Risk.LOW}),
        (WRITE, {"effect": Effect.READ}),
        (FINAL, {"effect": Effect.WRITE}),
        (FINAL, {"effect": Effect.WRITE, "reversible": True}),
        (WRITE, {"impact": {}}),
        (WRITE, {"impact": {"rows": ["other"]}}),
    ],
)
def test_what_loosens_says_how_and_the_way_back_does_not(
    before: ToolDescription, change: dict[str, Any]
) -> None:
    after = replace(before, **change)
    assert loosens(before, after)
    if "impact" not in change:
        assert loosens(after, before) == ()


@pytest.mark.parametrize(
    "change",
    [{}, {"template": "x"}, {"idempotent": True}, {"rejection_presets": ["a"]}, {"risk_floor": Risk.HIGH}],
)
def test_words_and_tightening_do_not_loosen(change: dict[str, Any]) -> None:
    assert loosens(WRITE, replace(WRITE, **change)) == ()


def test_a_first_description_loosens_when_calls_could_pass_by_it() -> None:
    assert loosens(None, READ) == loosens(None, FINAL) == ()
    assert loosens(None, replace(READ, harmless=True))
    assert loosens(None, replace(WRITE, reversible=True))


@pytest.mark.parametrize(
    ("name", "effect", "floor", "loose"),
    [
        ("delete_account", Effect.WRITE, None, True),
        ("send_email", Effect.READ, None, True),
        ("send_email", Effect.WRITE, Risk.HIGH, False),
        ("send_email", Effect.IRREVERSIBLE, None, False),
        ("update_notes", Effect.READ, None, True),
        ("update_notes", Effect.WRITE, None, False),
        ("get_notes", Effect.READ, None, False),
    ],
)
def test_a_first_description_below_what_the_name_says_loosens(
    name: str, effect: Effect, floor: Risk | None, loose: bool
) -> None:
    assert bool(loosens(None, ToolDescription(name, effect, risk_floor=floor))) is loose
