from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.grouping import group_key, shape
from tests.unit.policy.building import arguments

AGENT = UUID(int=7)


def key(**changes: Any) -> str:
    same: dict[str, Any] = {
        "agent_id": AGENT,
        "tool": "refund",
        "args": {"amount": 4.1},
        "policy_rule": None,
        "risk": "low",
        "reversible": True,
    }
    return group_key(**{**same, **changes})


def test_a_shape_is_names_and_types() -> None:
    assert (
        shape({"b": 1, "a": "x", "c": None, "d": True})
        == '{"a":"text","b":"number","c":"nothing","d":"yes/no"}'
    )


def test_a_shape_looks_two_levels_deep_and_through_lists() -> None:
    args = {
        "order": {"id": "o1", "address": {"city": "Rome"}},
        "lines": [{"sku": "a"}, {"sku": "b"}, 3],
        "grid": [[1]],
    }
    assert shape(args) == (
        '{"grid":["list"],"lines":["number",{"sku":"text"}],"order":{"address":"object","id":"text"}}'
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": "x"}, {"b": "y", "a": 2}),
        ({"a": 1}, {"a": 1.5}),
        ({"a": [1]}, {"a": [1, 2, 3]}),
        ({"a": [1, "x"]}, {"a": ["y", 2]}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": "x"}}}),
    ],
)
def test_values_order_and_lengths_play_no_part(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert shape(one) == shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": None}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": []}, {"a": [1]}),
        ({"a": [1]}, {"a": 1}),
        ({"a": {}}, {"a": []}),
        ({"a": {"b": 1}}, {"a": {"b": "x"}}),
        ({"a": "text"}, {"a": {"text": 1}}),
        ({"a": "x", "b": 1}, {"a": 1, "b": "x"}),
    ],
)
def test_what_has_other_names_or_types_has_another_shape(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert shape(one) != shape(other)


@given(arguments)
def test_the_order_of_names_never_matters(args: dict[str, Any]) -> None:
    assert shape(args) == shape(dict(reversed(args.items())))


def test_what_is_not_json_has_no_shape() -> None:
    with pytest.raises(TypeError, match="not a JSON value"):
        shape({"a": object()})  # type: ignore[dict-item]


def test_a_key_is_64_hex_digits_and_the_same_every_time() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", key())
    # Stored in rows, so it must not move between versions or processes.
    assert key() == "4b8df7dad639ddb04a7dec40ae99fc4c90d01508d69d8bfda5f53d365e11a5eb"


def test_requests_that_differ_only_in_values_share_a_key() -> None:
    assert key(args={"amount": 4.1}) == key(args={"amount": 50})
    assert key(agent_id=AGENT) == key(agent_id=str(AGENT))


@pytest.mark.parametrize(
    "change",
    [
        {"agent_id": UUID(int=8)},
        {"tool": "refund2"},
        {"args": {"amount": "4.1"}},
        {"args": {"amount": 4.1, "bcc": "x"}},
        {"policy_rule": "refunds"},
        {"risk": "medium"},
        {"reversible": False},
        {"schema_digest": "sha256:00"},
    ],
)
def test_anything_a_reviewer_would_have_to_look_at_anew_makes_another_group(change: dict[str, Any]) -> None:
    assert key(**change) != key()


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_parts_never_run_into_each_other(tool: str, rule: str, other_tool: str, other_rule: str) -> None:
    same = key(tool=tool, policy_rule=rule) == key(tool=other_tool, policy_rule=other_rule)
    assert same == ((tool, rule) == (other_tool, other_rule))
