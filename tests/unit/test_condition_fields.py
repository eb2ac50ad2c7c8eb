"""The rule form offers every fact, and for each the comparisons the core takes, and no others."""

from __future__ import annotations

from typing import get_args

import pytest

from inbox.forms.conditions import ARGUMENT, condition_fields, facts_by_kind
from inbox.policy.conditions import mistakes
from inbox.policy.fact_catalogue import FACTS, Type
from inbox.policy.rule import Condition, Op

VALUES = {Type.TEXT: "x", Type.TEXTS: "x", Type.NUMBER: 1, Type.BOOLEAN: True, Type.ANY: "x"}
SELECT = condition_fields(0)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_the_comparisons_offered_for_a_fact_are_those_the_core_takes(fact) -> None:  # type: ignore[no-untyped-def]
    op_widget = SELECT["op_0"].widget
    name = {"args.*": "args.to", "context.*": "context.goal"}.get(fact.name, fact.name)
    for op in get_args(Op):
        value = 1 if op in ("lt", "le", "gt", "ge") else VALUES[fact.type]
        if op in ("contains", "starts_with", "ends_with", "matches", "under"):
            value = "x"
        value = None if op == "exists" else (value,) if op in ("in", "not_in") else value
        offered = fact.type.value in op_widget.types[op].split()
        assert offered == (mistakes(Condition(fact=name, op=op, value=value)) == []), op


def test_every_fact_can_be_chosen_and_is_told_by_who_vouches_for_it() -> None:
    html = SELECT["fact_0"].widget.render("fact_0", "")
    for fact in FACTS:
        names = {"args.*": [ARGUMENT], "context.*": ["context.goal", "context.rationale"]}.get(
            fact.name, [fact.name]
        )
        for name in names:
            assert f'value="{name}" data-types="{fact.type.value}"' in html
    assert [name for _, named in facts_by_kind() for name, _ in named].count("amount") == 1
    assert html.count("<optgroup") == 3
