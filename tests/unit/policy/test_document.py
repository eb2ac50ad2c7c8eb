from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inbox.policy.document import (
    CLIMB,
    Need,
    PolicyDocument,
    PolicyError,
    Problem,
    Rule,
    check_ladder,
    default_document,
    digest,
    dumps,
    parse_document,
)
from inbox.policy.requirement import covers
from inbox.policy.words import Risk
from tests.unit.policy.building import DEFAULT, RANKS, documents

TIER_NAMES = ("trainee", "junior", "senior", "lead", "director", "board")


def plain(**changes: Any) -> dict[str, Any]:
    """The default document as JSON would give it, with some top-level keys changed."""
    return {**json.loads(dumps(DEFAULT)), **changes}


def with_rule(**rule: Any) -> dict[str, Any]:
    return plain(rules=[{"id": "a-rule", "then": "review", **rule}])


def problems_of(source: bytes | dict[str, Any], ranks: dict[str, int] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as refused:
        parse_document(source, ranks=ranks)
    assert all(problem.message.endswith(".") for problem in refused.value.problems)
    return refused.value.problems


def places_of(source: bytes | dict[str, Any], ranks: dict[str, int] | None = None) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code.value) for problem in problems_of(source, ranks)]


def test_the_default_ladder_binds_tiers_to_risk() -> None:
    assert DEFAULT.ladder == {
        Risk.LOW: (Need(tier="junior", count=1),),
        Risk.MEDIUM: (Need(tier="senior", count=1),),
        Risk.HIGH: (Need(tier="lead", count=1),),
        Risk.UNVERIFIABLE: (Need(tier="lead", count=1),),
        Risk.CRITICAL: (Need(tier="lead", count=2),),
    }


@pytest.mark.parametrize("count", range(1, 7))
def test_a_ladder_of_any_length_gets_a_default_that_names_only_its_tiers(count: int) -> None:
    tiers = TIER_NAMES[:count]
    ranks = {tier: rank for rank, tier in enumerate(tiers, start=1)}
    made = default_document(tiers)
    assert check_ladder(made, ranks) == ()
    assert made.ladder[Risk.LOW] == (Need(tier=tiers[0], count=1),)
    assert made.ladder[Risk.HIGH] == (Need(tier=tiers[min(2, count - 1)], count=1),)
    assert made.ladder[Risk.CRITICAL] == (Need(tier=tiers[min(2, count - 1)], count=2),)


@pytest.mark.parametrize("tiers", [(), ("junior", "junior")])
def test_a_default_needs_tiers_named_once(tiers: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError):
        default_document(tiers)


def test_silence_rejects_sooner_where_the_risk_is_higher() -> None:
    waits = [DEFAULT.expires_in[risk] for risk in CLIMB]
    assert waits == sorted(waits, reverse=True)


@given(documents())
def test_a_document_survives_its_own_bytes(made: PolicyDocument) -> None:
    assert parse_document(dumps(made)) == made
    assert parse_document(json.loads(dumps(made))) == made
    assert digest(parse_document(dumps(made))) == digest(made)


def test_the_digest_is_over_the_canonical_bytes() -> None:
    raw = json.dumps(plain(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert dumps(DEFAULT) == raw
    assert digest(DEFAULT) == "sha256:" + hashlib.sha256(raw).hexdigest()


def test_the_order_of_keys_does_not_change_the_digest_and_a_value_does() -> None:
    turned = dict(reversed(plain().items()))
    assert digest(parse_document(turned)) == digest(DEFAULT)
    assert digest(parse_document(plain(expires_in={**plain()["expires_in"], "low": 5}))) != digest(DEFAULT)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"format":1,"format":1}',
        b'{"format":NaN}',
        b"\xff\xfe{\x00}\x00",
        b"{" * 500,
    ],
)
def test_what_is_not_strict_json_is_malformed(raw: bytes) -> None:
    assert [code for _, code in places_of(raw)] == ["malformed"]


@pytest.mark.parametrize("source", [{"format": {1, 2}}, {1: 2, "x": 3}, {"note": "\ud800"}])
def test_what_json_cannot_say_is_malformed(source: dict[str, Any]) -> None:
    assert [code for _, code in places_of(source)] == ["malformed"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, [("/expires_in", "missing"), ("/format", "missing"), ("/ladder", "missing")]),
        (plain(format=2), [("/format", "not-a-choice")]),
        (plain(format="1"), [("/format", "not-a-choice")]),
        (plain(state="decided"), [("/state", "unknown-field")]),
        (plain(ladder={"low": [{"tier": "a", "count": -1}]}), [("/ladder/low/0/count", "out-of-range")]),
        (plain(ladder={"low": [{"tier": "a", "count": "1"}]}), [("/ladder/low/0/count", "wrong-type")]),
        (plain(ladder={"low": [{"tier": "a", "count": True}]}), [("/ladder/low/0/count", "wrong-type")]),
        (plain(ladder={"low": [{"tier": "a b", "count": 1}]}), [("/ladder/low/0/tier", "invalid-text")]),
        (plain(ladder={"low": [{"tier": "a", "count": 1, "kind": "x"}]}), [("/ladder/low/0/kind", "unknown-field")]),
        (plain(ladder={"low": [{"group": "A b", "count": 1}]}), [("/ladder/low/0/group", "invalid-text")]),
        (plain(ladder={"low": [{"count": 1}]}), [("/ladder/low/0", "missing")]),
        (plain(ladder={**plain()["ladder"], "low": []}), [("/ladder/low", "out-of-range")]),
        (plain(ladder={**plain()["ladder"], "ultra": []}), [("/ladder/ultra", "not-a-choice"), ("/ladder/ultra", "out-of-range")]),
        (plain(expires_in={**plain()["expires_in"], "low": 0}), [("/expires_in/low", "out-of-range")]),
        (plain(expires_in={**plain()["expires_in"], "low": 1.5}), [("/expires_in/low", "wrong-type")]),
        (plain(rules={}), [("/rules", "wrong-type")]),
        (plain(rules=[{}]), [("/rules/0/id", "missing"), ("/rules/0/then", "missing")]),
        (with_rule(then="auto_approve"), [("/rules/0/then", "not-a-choice")]),
        (with_rule(when="claimed_risk == 'low'"), [("/rules/0/when", "wrong-type")]),
        (with_rule(id="A Rule"), [("/rules/0/id", "invalid-text")]),
        (with_rule(priority="1"), [("/rules/0/priority", "wrong-type")]),
        (with_rule(priority=10**7), [("/rules/0/priority", "out-of-range")]),
        (with_rule(tool=""), [("/rules/0/tool", "invalid-text")]),
        (with_rule(tool="[a-z]*"), [("/rules/0/tool", "invalid-text")]),
        (with_rule(agent="(a+)+$"), [("/rules/0/agent", "invalid-text")]),
        (with_rule(checkpoint="later"), [("/rules/0/checkpoint", "not-a-choice")]),
        (with_rule(effects=[]), [("/rules/0/effects", "out-of-range")]),
        (with_rule(effects=["explode"]), [("/rules/0/effects/0", "not-a-choice")]),
        (with_rule(note="two\nlines"), [("/rules/0/note", "invalid-text")]),
        (with_rule(note="turned \u202e round"), [("/rules/0/note", "invalid-text")]),
        (with_rule(note=""), [("/rules/0/note", "invalid-text")]),
        (with_rule(risk_at_least="severe"), [("/rules/0/risk_at_least", "not-a-choice")]),
        (with_rule(needs=[]), [("/rules/0/needs", "out-of-range")]),
        (plain(rules=[{"id": f"r{i}", "then": "deny"} for i in range(501)]), [("/rules", "out-of-range")]),
    ],
)  # fmt: skip
def test_a_document_of_the_wrong_shape_is_refused_with_the_place(
    source: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert sorted(places_of(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (plain(ladder={}), [(f"/ladder/{risk}", "level-missing") for risk in Risk]),
        (plain(expires_in={}), [(f"/expires_in/{risk}", "level-missing") for risk in Risk]),
        (with_rule(needs=[{"tier": "lead", "count": 1}] * 2), [("/rules/0/needs", "tier-twice")]),
        (with_rule(needs=[{"tier": "lead", "count": 11}]), [("/rules/0/needs", "out-of-range")]),
        (with_rule(id="harmless-read"), [("/rules/0/id", "rule-reserved")]),
        (plain(rules=[{"id": "x", "then": "deny"}] * 2), [("/rules/1/id", "rule-twice")]),
        (
            with_rule(then="allow", needs=[{"tier": "lead", "count": 1}]),
            [("/rules/0/needs", "only-for-review")],
        ),
        (with_rule(then="deny", risk_at_least="high"), [("/rules/0/risk_at_least", "only-for-review")]),
        (with_rule(risk_at_least="unverifiable"), [("/rules/0/risk_at_least", "floor-unverifiable")]),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_with_the_place(
    source: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert places_of(source) == expected


def test_every_problem_is_told_at_once() -> None:
    source = plain(rules=[{"id": "x", "then": "deny"}, {"id": "x", "then": "allow", "risk_at_least": "high"}])
    assert places_of(source) == [("/rules/1/id", "rule-twice"), ("/rules/1/risk_at_least", "only-for-review")]


def test_a_pointer_escapes_what_pointers_escape() -> None:
    assert places_of(plain(**{"a/b~c": 1})) == [("/a~1b~0c", "unknown-field")]


def test_a_document_cannot_be_built_around_its_checks() -> None:
    with pytest.raises(ValidationError):
        PolicyDocument(format=1, ladder={}, expires_in={})
    with pytest.raises(ValidationError):
        DEFAULT.rules = (Rule(id="x", then="allow"),)  # type: ignore[misc]


def test_a_tier_the_team_does_not_have_is_refused_when_saving() -> None:
    source = with_rule(needs=[{"tier": "legal", "count": 1}])
    assert places_of(source, RANKS) == [("/rules/0/needs", "unknown-tier")]
    assert parse_document(source).rules[0].needs == (Need(tier="legal", count=1),)


@pytest.mark.parametrize(
    ("level", "needs"),
    [
        ("medium", [{"tier": "junior", "count": 1}]),
        ("high", [{"tier": "junior", "count": 3}]),
        ("unverifiable", [{"tier": "senior", "count": 1}]),
        ("critical", [{"tier": "senior", "count": 1}]),
    ],
)
def test_a_ladder_that_asks_less_for_more_risk_is_refused_when_saving(
    level: str, needs: list[dict[str, Any]]
) -> None:
    ladder = {**plain()["ladder"], "low": [{"tier": "senior", "count": 1}], level: needs}
    assert (f"/ladder/{level}", "ladder-falls") in places_of(plain(ladder=ladder), RANKS)


def test_turning_the_tiers_round_makes_a_ladder_fall() -> None:
    assert check_ladder(DEFAULT, RANKS) == ()
    turned = {"junior": 3, "senior": 2, "lead": 1}
    assert {problem.code.value for problem in check_ladder(DEFAULT, turned)} == {"ladder-falls"}


@given(documents(), st.permutations(list(RANKS)))
def test_a_ladder_stands_exactly_when_each_step_covers_the_one_before(
    made: PolicyDocument, order: list[str]
) -> None:
    ranks = {tier: rank for rank, tier in enumerate(order)}
    stands = all(
        covers(made.ladder[higher], made.ladder[lower], ranks)
        for place, higher in enumerate(CLIMB)
        for lower in CLIMB[:place]
    )
    assert (check_ladder(made, ranks) == ()) == stands


def test_an_error_reads_as_sentences_with_places() -> None:
    with pytest.raises(PolicyError, match=r"/rules/0/then: not-a-choice: Input should be"):
        parse_document(with_rule(then="ultra"))


def test_as_many_rules_as_are_offered_can_be_stored_and_read_again() -> None:
    conditions = [{"fact": "args.path", "op": "under", "value": "/srv"}] * 3
    made = parse_document(
        plain(rules=[{"id": f"r{i}", "then": "deny", "when": conditions} for i in range(500)])
    )
    assert parse_document(dumps(made)) == made


def test_a_document_too_large_to_be_stored_is_refused() -> None:
    condition = {"fact": "args.path", "op": "in", "value": ["x" * 400] * 100}
    source = plain(rules=[{"id": f"r{i}", "then": "deny", "when": [condition]} for i in range(40)])
    assert [code for _, code in places_of(source)] == ["malformed"]
