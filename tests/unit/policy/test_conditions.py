from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inbox.policy.conditions import compiled, mistakes
from inbox.policy.fact_catalogue import CONTEXT_FIELDS, FACTS, MISSING, Kind, Type, find, value_of
from inbox.policy.facts import Claims, Computed, History, ShellFacts, SqlFacts
from inbox.policy.meter import Meter, Overrun, Unanswerable
from inbox.policy.rule import Condition
from inbox.policy.words import Risk
from tests.unit.policy.building import REVERSIBLE, action, facts
from tests.unit.policy.test_document import places_of, with_rule


def condition(fact: str, op: str, value: Any = None) -> Condition:
    return Condition(fact=fact, op=op, value=tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]


def holds(
    fact: str, op: str, value: Any = None, *, every: bool = True, args: Any = None, **computed: Any
) -> bool:
    one = replace(action(REVERSIBLE, args or {}), computed=Computed(**computed))
    asked = condition(fact, op, value)
    assert mistakes(asked) == []
    return compiled(asked, every=every)(one, facts(one), Meter())


@pytest.mark.parametrize(
    ("op", "value", "found", "expected"),
    [
        ("eq", "EUR", "EUR", True), ("eq", "EUR", "eur", False), ("eq", 5, 5.0, True), ("eq", True, True, True),
        ("ne", "EUR", "USD", True), ("ne", 5, 5, False),
        ("lt", 50, 49.99, True), ("lt", 50, 50, False), ("le", 50, 50, True), ("gt", 50, 51, True), ("ge", 50, 49, False),
        ("in", ["a", "b"], "b", True), ("in", ["a", 1], "1", False), ("not_in", ["a"], "b", True), ("not_in", ["a"], "a", False),
        ("contains", "acc", "an account", True), ("starts_with", "an", "an account", True), ("ends_with", "unt", "an account", True),
        ("starts_with", "account", "an account", False),
        ("matches", "a*e?", "acme", False), ("matches", "a*e?", "acme1", True), ("matches", "a", "aa", False),
        ("exists", None, "x", True), ("exists", True, "", False), ("exists", False, "", True), ("exists", None, 0, True),
    ],
)  # fmt: skip
def test_each_operator(op: str, value: Any, found: Any, expected: bool) -> None:
    assert holds("args.x", op, value, args={"x": found}) is expected


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        ("/srv/data/a.txt", "/srv/data", True),
        ("/srv/data/a.txt", "/srv/data/", True),
        ("/srv/data", "/srv/data", False),
        ("/srv/database/a", "/srv/data", False),
        ("/srv/data/../../etc/passwd", "/srv/data", False),
        ("/srv/data/x/../y", "/srv/data", True),
        ("//srv/data/y", "/srv/data", True),
        ("work/a", "work", True),
        ("work/../../a", "work", False),
        ("../work/a", "work", False),
        ("a/b", ".", True),
        ("../b", ".", False),
        ("/etc/passwd", ["/srv", "/tmp"], False),
        ("/tmp/x", ["/srv", "/tmp"], True),
        ("/anything", "/", True),
    ],
)
def test_a_path_lies_under_a_directory_once_it_is_resolved(path: str, directory: Any, expected: bool) -> None:
    assert holds("args.path", "under", directory, args={"path": path}) is expected


@pytest.mark.parametrize(
    "path", ["~/x", "$HOME/x", "a/x", "/srv/*", "/srv/{a,b}", "file:///srv/x", "C:\\srv\\x", "/srv/\x00x", "", "/srv/%2e%2e/x"]
)  # fmt: skip
def test_a_path_only_the_agents_machine_can_resolve_is_unanswerable(path: str) -> None:
    with pytest.raises(Unanswerable):
        holds("args.path", "under", "/srv", args={"path": path})


@pytest.mark.parametrize(
    ("fact", "op", "value", "args"),
    [
        ("args.x", "eq", 5, {}),
        ("args.x", "eq", 5, {"x": None}),
        ("args.x", "eq", 5, {"x": "5"}),
        ("args.x", "ne", 5, {"x": "5"}),
        ("args.x", "eq", 1, {"x": True}),
        ("args.x", "in", [1, 2], {"x": True}),
        ("args.x", "in", ["1"], {"x": 1}),
        ("args.x", "lt", 5, {"x": "4"}),
        ("args.x", "contains", "a", {"x": 4}),
        ("args.x", "eq", "a", {"x": {"y": "a"}}),
        ("args.x.y", "eq", "a", {"x": ["a"]}),
        ("args.x.*.y", "eq", "a", {"x": [{"y": "a"}, {}]}),
        ("args.x", "eq", "a", {"x": ["a", 1]}),
        ("amount", "lt", 50, {}),
        ("shell.writes", "eq", False, {}),
        ("sql.unbounded", "eq", False, {}),
        ("claims.risk", "eq", "low", {}),
    ],
)
def test_what_is_missing_or_of_another_type_is_unanswerable(
    fact: str, op: str, value: Any, args: Any
) -> None:
    with pytest.raises(Unanswerable):
        holds(fact, op, value, args=args, every=False)


def test_of_several_values_every_one_must_hold_for_an_allow_rule_and_one_for_any_other() -> None:
    both = {"hosts": ("api.acme.example", "evil.example")}
    assert not holds("hosts", "in", ["api.acme.example"], every=True, **both)
    assert holds("hosts", "in", ["api.acme.example"], every=False, **both)
    assert holds("hosts", "ends_with", ".example", every=True, **both)
    assert not holds("hosts", "not_in", ["evil.example"], every=True, **both)
    assert holds("hosts", "not_in", ["evil.example"], every=False, **both)


@pytest.mark.parametrize("every", [True, False])
def test_of_no_values_nothing_holds(every: bool) -> None:
    assert not holds("hosts", "in", ["a.example"], every=every)
    assert not holds("hosts", "not_in", ["a.example"], every=every)
    assert holds("hosts", "exists", False, every=every)


def test_a_path_into_arguments_reaches_items_and_all_of_them() -> None:
    args = {"items": [{"price": 4, "tags": ["a", "b"]}, {"price": 60, "tags": []}]}
    assert holds("args.items.0.price", "eq", 4, args=args)
    assert not holds("args.items.*.price", "lt", 50, args=args)
    assert holds("args.items.*.price", "gt", 50, args=args, every=False)
    assert holds("args.items.*.tags", "eq", "b", args=args, every=False)
    assert holds("args.items.9", "exists", False, args=args)


def test_long_lists_and_texts_cost_steps() -> None:
    for args in ({"x": ["a"] * 300_000}, {"x": "a" * 30_000_000}):
        with pytest.raises(Overrun):
            holds("args.x", "contains", "b", args=args)


@pytest.mark.parametrize(
    ("fact", "op", "value", "expected"),
    [
        ("amont", "lt", 5, "unknown-fact"),
        ("context.mood", "exists", None, "unknown-fact"),
        ("args", "exists", None, "unknown-fact"),
        ("tool", "eq", "x", "unknown-fact"),
        ("amount", "lt", "5", "condition-misfit"),
        ("amount", "contains", "5", "condition-misfit"),
        ("amount", "lt", None, "condition-misfit"),
        ("amount", "lt", [5], "condition-misfit"),
        ("agent", "in", "clerk", "condition-misfit"),
        ("agent", "lt", 5, "condition-misfit"),
        ("new_tool", "eq", "true", "condition-misfit"),
        ("hosts", "eq", 5, "condition-misfit"),
        ("agent", "exists", "yes", "condition-misfit"),
        ("paths", "under", "~/work", "condition-misfit"),
        ("paths", "under", ["/srv", 5], "condition-misfit"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_the_place(
    fact: str, op: str, value: Any, expected: str
) -> None:
    given = {"fact": fact, "op": op, **({} if value is None else {"value": value})}
    assert places_of(with_rule(when=[given])) == [("/rules/0/when/0", expected)]


def test_every_fact_can_be_read_and_is_of_its_type() -> None:
    one = replace(
        action(REVERSIBLE, {"x": 1}),
        computed=Computed(
            amount=5.0, currency="EUR", shell=ShellFacts(True, ("ls",)), sql=SqlFacts(True, ("select",), ("t",)), foreign=("x",)
        ),
        history=History(1, 2, 3, 4.0),
    )  # fmt: skip
    claimed = Claims(Risk.LOW, "soon", 0.9, 1.0, 2.0, context=("goal",))
    python = {Type.TEXT: str, Type.NUMBER: int | float, Type.BOOLEAN: bool, Type.TEXTS: tuple}
    for fact in FACTS:
        if fact.type is Type.ANY or fact.name == "context.*":
            continue
        assert find(fact.name) is fact
        assert isinstance(value_of(fact.name, one, facts(one, claims=claimed)), python[fact.type]), fact.name
    assert [
        value_of(f"context.{name}", one, facts(one, claims=claimed)) for name in sorted(CONTEXT_FIELDS)
    ].count(True) == 1
    assert value_of("args.y", one, facts(one)) is MISSING


def test_an_unknown_tools_effect_is_a_word_of_its_own() -> None:
    assert value_of("tool.effect", action(None), facts(action(None))) == "unknown"


def test_what_rests_on_the_agents_words_is_called_a_claim() -> None:
    claimed = {fact.name for fact in FACTS if fact.kind is Kind.CLAIMED}
    assert {"foreign", "claims.risk", "claims.confidence", "context.*", "checkpoint"} <= claimed
    assert not claimed & {"amount", "hosts", "agent", "args.*", "history.approved"}
