"""What goes in and out of `interrupt()`, the names of graphs, and the crash points: no database."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from agents import canonical, crashpoints
from agents.hosting import answers, proposal, registry
from agents.hosting.base import Interrupt

ACTION = {"key": "call_1", "name": "send_email", "args": {"to": "ann@example.org"}}
ARGS = {"to": "ann@example.org", "share": 0.25, "notes": ["é", None, True]}


def decided(**changes: Any) -> bytes:
    action = {
        "key": "call_1",
        "type": "approve",
        "args": ARGS,
        "args_digest": canonical.digest(ARGS),
        "message": None,
    }
    fields = {
        "decision_id": "d-1",
        "outcome": "approved",
        "actions": [{**action, **changes}],
        "idempotent": False,
    }
    return canonical.dumps(fields)


def test_a_proposal_carries_actions_and_the_agents_own_words() -> None:
    value = {
        "actions": [ACTION],
        "context": {"goal": "Greet", "alternatives": ["Wait"]},
        "claims": {"risk": "low"},
    }
    found = proposal.parse(Interrupt("0" * 32, {**value, "expires_in": 600}))
    assert found.actions[0].args == ACTION["args"]
    assert found.context.alternatives == ("Wait",)
    assert (found.claims.risk, found.expires_in) == ("low", 600)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("may I?", "it takes an object"),
        (None, "it takes an object"),
        ([ACTION], "it takes an object"),
        ({}, "actions: Field required"),
        ({"actions": []}, "actions"),
        ({"actions": [ACTION, ACTION]}, "two actions share a key"),
        ({"actions": [{**ACTION, "name": "send email"}]}, "actions.0.name"),
        ({"actions": [ACTION], "risk": "low"}, "risk: Extra inputs are not permitted"),
        ({"actions": [ACTION], "expires_in": 0}, "expires_in"),
        ({"actions": [{**ACTION, "args": {"big": 2**60}}]}, "send it as a string"),
        ({"actions": [{**ACTION, "args": {"odd": "\ud800"}}]}, "not JSON"),
        ({"actions": [{**ACTION, "args": {"odd": float("nan")}}]}, "not JSON"),
        ({"actions": [{**ACTION, "args": {"odd": {1, 2}}}]}, "not JSON"),
        ({"actions": [{**ACTION, "args": {"null": "\x00"}}]}, "U+0000"),
    ],
)
def test_what_people_could_not_decide_is_refused_with_a_reason(value: Any, says: str) -> None:
    with pytest.raises(proposal.NotAProposal) as refused:
        proposal.parse(Interrupt("0" * 32, value))
    assert says in str(refused.value)


def test_one_action_gets_its_answer_and_several_get_a_list() -> None:
    single = answers.parse(decided())
    expected = {
        "key": "call_1",
        "type": "approve",
        "args": ARGS,
        "message": "",
        "decision_id": "d-1",
        "effect_key": "d-1:call_1",
    }
    assert single.value == expected
    assert not single.idempotent
    two = canonical.read(decided())
    two["actions"].append(
        {"key": "call_2", "type": "reject", "args": None, "args_digest": None, "message": "no"}
    )
    first, second = answers.parse(canonical.dumps({**two, "outcome": "mixed", "idempotent": True})).value  # type: ignore[misc]
    assert first == expected
    assert second == {
        **expected,
        "key": "call_2",
        "type": "reject",
        "args": None,
        "message": "no",
        "effect_key": "d-1:call_2",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"args": {**ARGS, "to": "eve@example.org"}},
        {"args": None},
        {"args_digest": None},
        {"args_digest": canonical.digest({})},
        {"type": "rewrite"},
    ],
)
def test_an_answer_that_is_not_what_was_decided_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(answers.AnswerRefused):
        answers.parse(decided(**changes))


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b'{"decision_id":"d","outcome":"approved","actions":[]}']
)
def test_bytes_that_are_no_answer_are_refused(payload: bytes) -> None:
    with pytest.raises(answers.AnswerRefused):
        answers.parse(payload)


def test_a_rejection_hands_over_no_arguments_even_if_some_are_stored() -> None:
    value = answers.parse(decided(type="reject")).value
    assert isinstance(value, dict)
    assert value["args"] is None


def test_names_of_graphs_come_from_settings_only() -> None:
    assert registry.parse("") == {}
    assert registry.parse("a=pkg.mod:make, b=pkg:other") == {"a": "pkg.mod:make", "b": "pkg:other"}
    assert set(registry.DEMO_GRAPHS) <= set(registry.names())


@pytest.mark.parametrize(
    "setting", ["a", "a=", "=m:f", "a=m", "a=m:", "a=m:f()", "a=m:f,a=m:g", "demo-crm=m:f"]
)
def test_a_setting_that_names_no_graph_is_refused(setting: str) -> None:
    with pytest.raises(registry.UnknownGraph, match="PLACET_HOSTED_GRAPHS"):
        registry.parse(setting)


@pytest.mark.parametrize(
    "target",
    ["tests.integration.hosting.nowhere:make", "tests.integration.hosting.graphs:missing", "os:getcwd"],
)
def test_a_graph_that_cannot_be_loaded_says_which(target: str) -> None:
    with pytest.raises(registry.UnknownGraph, match=f"= {target} could not be loaded"):
        registry._load("broken", target)


def test_naming_a_graph_imports_nothing() -> None:
    before = set(sys.modules)
    registry.require("demo-crm")
    assert set(sys.modules) == before


def test_a_crash_point_is_named_with_its_hit() -> None:
    assert crashpoints.parse("") == {}
    assert crashpoints.parse("sweep.mid:3") == {"sweep.mid": 3}
    for wrong in ("sweep.mid", "sweep.mid:0", "sweep.mid:x", "nowhere:1"):
        with pytest.raises(ImproperlyConfigured, match="expected name:n"):
            crashpoints.parse(wrong)
