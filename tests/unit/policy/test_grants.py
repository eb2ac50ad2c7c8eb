"""What a grant's pattern matches: the call it came from, what was widened on purpose, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox import canonical
from inbox.policy.evaluate import evaluate
from inbox.policy.grants import (
    ArgumentTest,
    above_ceiling,
    matches,
    mistakes,
    narrowest,
    offered,
    schema_digest,
    with_grants,
)
from inbox.policy.need import Need
from inbox.policy.words import Outcome, Risk
from tests.unit.policy.building import FINAL, HARMLESS, REVERSIBLE, WRITE, action, document, facts

CALL = {"path": "docs/guide/a.md", "text": "hi", "size": 10}
SCHEMA = {"type": "object"}


def widened(**change: tuple[str, Any]) -> tuple[ArgumentTest, ...]:
    return tuple(
        ArgumentTest(test.argument, *change[test.argument]) if test.argument in change else test  # type: ignore[arg-type]
        for test in narrowest(CALL)
    )


@pytest.mark.parametrize(
    "other",
    [
        {**CALL, "size": 10.5},
        {**CALL, "size": "10"},
        {**CALL, "size": True},
        {**CALL, "extra": 1},
        {"path": "docs/guide/a.md", "text": "hi"},
        {**CALL, "text": "hi "},
        {},
    ],
)
def test_the_narrowest_pattern_matches_its_own_call_alone(other: dict[str, Any]) -> None:
    assert matches(narrowest(CALL), CALL)
    assert not matches(narrowest(CALL), other)


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("docs/b.md", True),
        ("docs/x/../b.md", True),
        ("docs", False),
        ("docs/../b.md", False),
        ("docs/../../etc/passwd", False),
        ("/docs/b.md", False),
        ("docsx/b.md", False),
        ("docs/~root", False),
        ("docs/$HOME", False),
        ("docs\\..\\b", False),
        ("docs/*", False),
        ("file://docs/a", False),
        (7, False),
        (None, False),
    ],
)
def test_under_a_directory_means_after_every_detour(path: Any, holds: bool) -> None:
    assert matches(widened(path=("under", "docs")), {**CALL, "path": path}) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("docs/guide/b.md", True),
        ("docs/guide/../../etc", False),
        ("docs/guide/%2e%2e/%2e%2e/etc", False),
        ("docs/guide/a; rm -rf /", False),
        ("docs/guide/a\nb", False),
        ("docs/guide/a`x`", False),
        ("docs/guid", False),
        (["docs/guide/"], False),
    ],
)
def test_a_beginning_is_no_way_round(text: Any, holds: bool) -> None:
    assert matches(widened(path=("starts_with", "docs/guide/")), {**CALL, "path": text}) is holds


@pytest.mark.parametrize(
    ("size", "holds"), [(0, True), (50, True), (50.5, False), (-1, False), ("3", False), (True, False)]
)
def test_at_most_is_a_number_between_nothing_and_that(size: Any, holds: bool) -> None:
    assert matches(widened(size=("at_most", 50)), {**CALL, "size": size}) is holds


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"path": ("starts_with", "do")}, "path"),
        ({"path": ("starts_with", "other/")}, "path"),
        ({"path": ("starts_with", 7)}, "path"),
        ({"path": ("under", "/")}, "path"),
        ({"path": ("under", "src")}, "path"),
        ({"path": ("under", "~/docs")}, "path"),
        ({"size": ("at_most", 9)}, "size"),
        ({"size": ("at_most", "many")}, "size"),
        ({"size": ("starts_with", "100")}, "size"),
        ({"text": ("under", "hi")}, "text"),
        ({"text": ("equal", "other")}, "text"),
        ({"path": ("any", None), "text": ("any", None), "size": ("any", None)}, ""),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused_at_its_argument(
    change: dict[str, Any], argument: str
) -> None:
    assert argument in {mistake.argument for mistake in mistakes(widened(**change), CALL)}


def test_every_argument_is_said_once() -> None:
    assert mistakes(narrowest(CALL)[:-1], CALL)
    assert mistakes((*narrowest(CALL), *narrowest(CALL)[:1]), CALL)
    assert not mistakes((), {})


@pytest.mark.parametrize("name", ["command", "sqlQuery", "shell_script", "code", "statement"])
def test_a_program_is_granted_as_it_stands(name: str) -> None:
    assert offered(name, "git log") == ("equal",)
    assert mistakes((ArgumentTest(name, "starts_with", "git log"),), {name: "git log"})
    assert mistakes((ArgumentTest(name, "any"),), {name: "git log"})


@pytest.mark.parametrize(
    ("prefix", "fine"),
    [
        ("https://api.x.io/", True),
        ("https://api.x.io/v1", True),
        ("https://api.x.io", False),
        ("https://", False),
        ("https://me@api.x.io/", False),
    ],
)
def test_the_beginning_of_an_address_holds_its_whole_host(prefix: str, fine: bool) -> None:
    args = {"url": "https://api.x.io/v1/a" if "@" not in prefix else "https://me@api.x.io/v1"}
    assert (not mistakes((ArgumentTest("url", "starts_with", prefix),), args)) is fine


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    call=st.dictionaries(st.text(max_size=4), json, max_size=4),
    other=st.dictionaries(st.text(max_size=4), json, max_size=4),
)
def test_narrowest_is_equality_of_bytes(call: dict[str, Any], other: dict[str, Any]) -> None:
    assert matches(narrowest(call), call)
    assert matches(narrowest(call), other) is (canonical.dumps(call) == canonical.dumps(other))
    assert not mistakes(narrowest(call), call)


@pytest.mark.parametrize(
    ("risk", "made", "schema", "said"),
    [
        (Risk.LOW, action(REVERSIBLE), SCHEMA, None),
        (Risk.MEDIUM, action(REVERSIBLE), SCHEMA, None),
        (Risk.HIGH, action(REVERSIBLE), SCHEMA, "its risk is high"),
        (Risk.CRITICAL, action(REVERSIBLE), SCHEMA, "its risk is critical"),
        (Risk.UNVERIFIABLE, action(REVERSIBLE), SCHEMA, "verified"),
        (Risk.LOW, action(REVERSIBLE, verifiable=False), SCHEMA, "verified"),
        (Risk.LOW, action(FINAL), SCHEMA, "put back"),
        (Risk.LOW, action(WRITE), SCHEMA, "put back"),
        (Risk.LOW, action(None), SCHEMA, "catalogue"),
        (Risk.LOW, action(REVERSIBLE, kind="review"), SCHEMA, "question"),
        (Risk.LOW, action(REVERSIBLE), None, "schema"),
        (Risk.LOW, action(REVERSIBLE), {}, "schema"),
    ],
)
def test_the_ceiling(risk: Risk, made: Any, schema: Any, said: str | None) -> None:
    found = above_ceiling(risk, [made], [schema])
    assert (found is None) if said is None else (found is not None and said in found)


def test_a_call_without_schema_has_no_digest_to_match() -> None:
    assert schema_digest(None) == schema_digest({}) == ""
    assert schema_digest(SCHEMA) != schema_digest({"type": "array"})


@pytest.mark.parametrize(
    ("then", "passes"),
    [({}, True), ({"then": "review"}, True), ({"then": "deny"}, False),
     ({"then": "break_glass", "needs": [{"tier": "senior", "count": 1}]}, False),
     ({"then": "review", "risk_at_least": "high"}, False)],
)  # fmt: skip
def test_a_grant_passes_what_is_asked_and_never_what_is_denied_or_blocked(
    then: dict[str, Any], passes: bool
) -> None:
    rules = [{"tool": "write_file", **then}] if then else []
    if "needs" in then:
        rules[0]["needs"] = (Need(tier="senior", count=1),)
    if "risk_at_least" in then:
        rules[0]["risk_at_least"] = Risk.HIGH
    one = facts(action(REVERSIBLE, {"path": "a"}))
    verdict = evaluate(document(*rules), one, policy="p", version=1)
    found = with_grants(verdict, document(*rules), one, {"call_1": "g1"}, "because")
    assert (found is not None) is passes
    if found is not None:
        assert (found.outcome, found.rule, found.needs) == (Outcome.ALLOW, "grant:g1", ())


def test_what_is_not_granted_must_pass_by_itself() -> None:
    granted, reading, mail = (
        action(REVERSIBLE),
        replace(action(HARMLESS), key="r"),
        replace(action(WRITE), key="m"),
    )
    for others, passes in (((reading,), True), ((mail,), False)):
        one = facts(granted, *others)
        verdict = evaluate(document(), one, policy="p", version=1)
        assert (with_grants(verdict, document(), one, {"call_1": "g"}, "x") is not None) is passes


@pytest.mark.parametrize(
    ("prefix", "value"),
    [
        ("ann@acme.example", "ann@acme.example.evil.example"),
        ("ann@acme.example", "ann@acme.example, eve@evil.example"),
        ("ann", "ann@evil.example"),
        ("acme.example", "acme.example.evil.example/x"),
        ("acme.example", "acme.example@evil.example"),
    ],
)
def test_the_beginning_of_an_address_is_another_address(prefix: str, value: str) -> None:
    test = ArgumentTest("to", "starts_with", prefix)
    assert not matches((test,), {"to": value})
    assert matches((test,), {"to": prefix})
