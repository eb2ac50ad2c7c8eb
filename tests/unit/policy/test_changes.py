"""Differences told in sentences, and loosening found: what is not called loosening is at least as strict for all facts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from inbox.policy.changes import diff
from inbox.policy.document import PolicyDocument, dumps, parse_document
from inbox.policy.document_loosening import loosens
from inbox.policy.evaluate import evaluate
from inbox.policy.facts import Facts
from inbox.policy.fillable import unfillable_slots
from inbox.policy.requirement import covers
from inbox.policy.seating import Voter
from inbox.policy.words import Outcome, Risk
from tests.unit.policy.building import DEFAULT, RANKS, STRICTNESS, document, documents, several_facts
from tests.unit.policy.test_document import plain

LEAD = [{"tier": "lead", "count": 1}]
SENIOR = [{"tier": "senior", "count": 1}]


def told(old: PolicyDocument, new: PolicyDocument) -> list[tuple[str, str]]:
    return [(change.pointer, change.text) for change in diff(old, new)]


def changed(**changes: Any) -> PolicyDocument:
    return parse_document(plain(**changes))


# Differences


def test_a_change_of_the_ladder_is_told_in_words() -> None:
    new = changed(ladder={**plain()["ladder"], "low": SENIOR}, unknown_tools="ask")
    assert told(DEFAULT, new) == [
        ("/ladder/low", "ladder of low was 1 × junior or above, is now 1 × senior or above."),
        ("/unknown_tools", "unknown_tools is now ask."),
    ]


def test_rules_are_told_by_their_names_and_field_by_field() -> None:
    old = document(
        {"id": "gone", "then": "deny"}, {"id": "kept", "then": "review", "priority": 1, "note": "Look."}
    )
    new = document(
        {"id": "kept", "then": "review", "priority": 2, "needs": LEAD},
        {"id": "fresh", "tool": "pay", "then": "allow"},
    )
    assert told(old, new) == [
        ("/rules/1", 'Rule fresh is new: allow, {"priority": 0, "tool": "pay", "agent": "*"}.'),
        ("/rules/0", 'Rule gone is gone: deny, {"priority": 0, "tool": "*", "agent": "*"}.'),
        ("/rules/0/priority", "Rule kept: priority was 1, is now 2."),
        ("/rules/0/note", "Rule kept: note was Look. and is left out."),
        ("/rules/0/needs", "Rule kept: needs is now 1 × lead or above."),
    ]


@given(documents(), documents())
def test_no_difference_is_told_exactly_when_there_is_none(one: PolicyDocument, other: PolicyDocument) -> None:
    def in_order(made: PolicyDocument) -> Any:
        loaded = json.loads(dumps(made))
        return {**loaded, "rules": sorted(loaded["rules"], key=lambda rule: str(rule["id"]))}

    assert diff(one, one) == ()
    assert (diff(one, other) == ()) == (in_order(one) == in_order(other))


# Loosening


def assert_at_least_as_strict(old: PolicyDocument, new: PolicyDocument, asked: Facts) -> None:
    before, after = (evaluate(made, asked, policy="p", version=1) for made in (old, new))
    assert STRICTNESS[after.outcome] >= STRICTNESS[before.outcome]
    if after.outcome is before.outcome and after.needs:
        assert covers(after.needs, before.needs, RANKS)
    if after.outcome is Outcome.ALLOW:
        ceilings = {use.key: use.ceiling for use in after.limits}
        assert all(ceilings[use.key] <= use.ceiling for use in before.limits)


@st.composite
def edits(draw: st.DrawFn) -> tuple[PolicyDocument, PolicyDocument]:
    """A document and the same with one to three edits, of kinds that often tighten."""
    old = draw(documents())
    source: dict[str, Any] = json.loads(dumps(old))
    rules: list[dict[str, Any]] = source["rules"]
    for number in range(draw(st.integers(1, 3))):
        kind = draw(
            st.sampled_from(
                ["ladder", "add", "drop", "needs", "when", "then", "limits", "risk", "priority", "require"]
            )
        )
        rule = draw(st.sampled_from(rules)) if rules else {"id": "none", "then": "deny"}
        if kind == "ladder":
            source["ladder"]["critical"] = draw(
                st.sampled_from([LEAD, [{"tier": "lead", "count": 9}], SENIOR])
            )
        elif kind == "add":
            then = draw(st.sampled_from(["review", "review", "deny", "allow", "break_glass"]))
            fresh: dict[str, Any] = {
                "id": f"new-{number}",
                "then": then,
                "priority": draw(st.integers(-4, 3)),
                "tool": draw(st.sampled_from(["*", "write_*"])),
            }
            rules.append({**fresh, "needs": SENIOR} if then == "break_glass" else fresh)
        elif kind == "drop" and rules:
            rules.remove(rule)
        elif kind == "needs" and rule["then"] == "review":
            rule["needs"] = draw(
                st.sampled_from(
                    [
                        LEAD,
                        [
                            {"tier": "lead", "count": 3},
                            {"tier": "senior", "count": 3},
                            {"tier": "junior", "count": 3},
                        ],
                    ]
                )
            )
        elif kind == "when":
            rule["when"] = [*rule.get("when", []), {"fact": "recipients", "op": "lt", "value": 5}]
        elif kind == "then":
            rule.update(then="deny")
            for key in ("needs", "risk_at_least", "limits", "until", "require"):
                rule.pop(key, None)
        elif kind == "limits" and rule["then"] == "allow":
            rule["limits"] = [{"count": draw(st.integers(1, 9)), "per": "day"}]
        elif kind == "risk" and rule["then"] == "review":
            rule["risk_at_least"] = draw(st.sampled_from(["low", "critical"]))
        elif kind == "priority":
            rule["priority"] = draw(st.integers(-2, 2))
        elif kind == "require" and rule["then"] != "deny":
            rule["require"] = ["goal"]
    return old, parse_document(source)


@given(edits(), st.lists(several_facts, min_size=1, max_size=4))
def test_what_is_not_called_loosening_is_at_least_as_strict(
    pair: tuple[PolicyDocument, PolicyDocument], asked: list[Facts]
) -> None:
    old, new = pair
    reasons = loosens(old, new, RANKS)
    event("loosens" if reasons else "tightens")
    if not reasons:
        for one in asked:
            assert_at_least_as_strict(old, new, one)


@given(documents(), documents(), several_facts)
def test_nor_is_it_between_any_two_documents(old: PolicyDocument, new: PolicyDocument, asked: Facts) -> None:
    if not loosens(old, new, RANKS):
        assert_at_least_as_strict(old, new, asked)


@given(documents())
def test_a_document_does_not_loosen_itself(made: PolicyDocument) -> None:
    assert loosens(made, made, RANKS) == ()


ASKS = {"id": "asks", "then": "review", "needs": SENIOR, "risk_at_least": "high", "priority": 1}
FINE = {"id": "fine", "then": "allow", "tool": "write_*"}
HERE = {**FINE, "checkpoint": "pre_commit"}
NEW = {"id": "new", "then": "review"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([FINE], []),
        ([FINE], [{**FINE, "when": [{"fact": "amount", "op": "lt", "value": 5}]}]),
        ([FINE], [{**FINE, "tool": "write_*", "limits": [{"count": 5, "per": "day"}]}]),
        ([{**FINE, "limits": [{"count": 5, "per": "day"}]}], [{**FINE, "limits": [{"count": 4, "per": "day"}]}]),
        ([FINE], [{**FINE, "environments": ["staging"]}]),
        ([FINE], [{**FINE, "until": "2027-01-01T00:00:00Z"}]),
        ([FINE], [{**FINE, "require": ["goal"]}]),
        ([FINE], [{"id": "fine", "then": "deny", "tool": "write_*"}]),
        ([ASKS, {**ASKS, "id": "too"}], [ASKS, {"id": "too", "then": "deny", "priority": 1}]),
        ([ASKS], [{**ASKS, "needs": [*SENIOR, *LEAD]}]),
        ([ASKS], [{**ASKS, "risk_at_least": "critical"}]),
        ([ASKS], [{**ASKS, "note": "Look.", "title": "A title"}]),
        ([ASKS], [{**ASKS, "expires_in": 60}]),
        ([ASKS], [ASKS, {**NEW, "then": "deny", "priority": 9}]),
        ([ASKS], [ASKS, NEW]),
        ([ASKS], [ASKS, {**NEW, "priority": 9, "checkpoint": "pre_commit"}]),
        ([FINE], [HERE]),
        ([ASKS], [ASKS, {**NEW, "priority": 9, "when": [{"fact": "claims.risk", "op": "eq", "value": "high"}]}]),
    ],
)  # fmt: skip
def test_these_tighten(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    assert loosens(document(*old), document(*new), RANKS) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ([], [FINE], "Rule fine is new and allows."),
        ([ASKS], [], "Rule asks, which says review, is gone."),
        ([ASKS], [ASKS, {**NEW, "priority": 9}], "Rule new is new and speaks before asks"),
        ([{**FINE, "limits": [{"count": 5, "per": "day"}]}], [FINE], "Rule fine limits less."),
        ([{**FINE, "limits": [{"count": 5, "per": "day"}]}], [{**FINE, "limits": [{"count": 6, "per": "day"}]}], "limits less"),
        ([{**FINE, "limits": [{"count": 5, "per": "day"}]}], [], "which allows with limits"),
        ([{**FINE, "until": "2027-01-01T00:00:00Z"}], [{**FINE, "until": "2027-01-02T00:00:00Z"}], "allows for longer"),
        ([{**FINE, "when": [{"fact": "amount", "op": "lt", "value": 5}]}], [FINE], "matches something else"),
        ([{**FINE, "when": [{"fact": "amount", "op": "lt", "value": 5}]}], [{**FINE, "when": [{"fact": "amount", "op": "lt", "value": 50}]}], "matches something else"),
        ([{**FINE, "require": ["goal"]}], [{**FINE, "require": ["goal"], "missing": "flag"}], "only flags"),
        ([FINE], [{**FINE, "priority": 5}], "matches something else"),
        ([ASKS], [{**ASKS, "needs": LEAD}], "fewer or other people"),
        ([ASKS], [{**ASKS, "risk_at_least": "medium"}], "judges the risk lower"),
        ([ASKS], [{**ASKS, "tool": "pay"}], "matches something else"),
        ([ASKS], [{"id": "asks", "then": "deny", "priority": 1}], "cannot be judged"),
        ([{**HERE, "require": ["goal"]}], [{**HERE, "require": ["goal"]}, {**NEW, "priority": -9}], "Rule new is new and speaks before fine"),
        ([{**ASKS, "checkpoint": "pre_commit"}], [{**ASKS, "checkpoint": "pre_execution"}], "matches something else"),
        ([{"id": "x", "then": "deny"}], [{"id": "x", "then": "break_glass", "needs": LEAD}], "said deny and says break_glass"),
    ],
)  # fmt: skip
def test_these_loosen_and_say_why(old: list[dict[str, Any]], new: list[dict[str, Any]], reason: str) -> None:
    assert any(reason in said for said in loosens(document(*old), document(*new), RANKS))


STEP = {"low": [{"after_seconds": 60, "needs": SENIOR}]}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"ladder": {**plain()["ladder"], "critical": [{"tier": "lead", "count": 3}]}}, {}, "critical risk could be approved"),
        ({"unknown_tools": "ask"}, {}, "Unknown tools"),
        ({"unknown_tools": "ask"}, {"unknown_tools": "infer"}, "Unknown tools"),
        ({"escalation": STEP}, {}, "that wait"),
        ({"escalation": STEP}, {"escalation": {"low": [{"after_seconds": 61, "needs": SENIOR}]}}, "that wait"),
        ({"checkpoints": {"pre_commit": {"require": ["goal"]}}}, {}, "less context"),
        ({"checkpoints": {"pre_commit": {"needs": LEAD}}}, {"checkpoints": {"pre_commit": {"needs": SENIOR}}}, "fewer or other people"),
    ],
)  # fmt: skip
def test_around_the_rules_too(before: dict[str, Any], after: dict[str, Any], reason: str) -> None:
    old, new = changed(**before), changed(**after)
    assert any(reason in said for said in loosens(old, new, RANKS))
    if "escalation" not in after and "checkpoints" not in after:
        assert loosens(new, old, RANKS) == ()


def test_a_need_nobody_can_meet_may_not_become_one_somebody_can() -> None:
    old = changed(
        ladder={
            **plain()["ladder"],
            "critical": [{"tier": "board", "count": 1}, {"tier": "lead", "count": 2}],
        }
    )
    assert loosens(old, DEFAULT, RANKS) != ()


# Places nobody can fill


def test_places_nobody_can_fill_are_found() -> None:
    made = document({"id": "mass", "then": "review", "needs": [{"group": "security", "count": 1}]})
    team = [Voter(3), Voter(1), Voter(1, frozenset({"security"}))]
    assert [(one.pointer, one.message) for one in unfillable_slots(made, team, RANKS)] == [
        ("/ladder/critical", "Nobody is there for 1 of its places (lead).")
    ]
    assert {one.pointer for one in unfillable_slots(made, team[:2], RANKS)} == {
        "/ladder/critical",
        "/rules/0/needs",
    }
    assert unfillable_slots(made, [*team, Voter(3)], RANKS) == ()


def test_one_person_does_not_fill_two_places() -> None:
    made = document({"id": "mass", "then": "review", "needs": [{"group": "security", "count": 1}]})
    only = [Voter(3, frozenset({"security"}))]
    assert "/rules/0/needs" in {one.pointer for one in unfillable_slots(made, only, RANKS)}
    assert Risk.LOW in made.ladder
