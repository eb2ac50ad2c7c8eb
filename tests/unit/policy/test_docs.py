"""The pages say what the code does: every key and code is listed, the examples are run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from inbox.policy.computed import compute
from inbox.policy.document import (
    LONGEST_WAIT_SECONDS,
    MOST_RULES,
    CheckpointRule,
    Escalation,
    Need,
    PolicyDocument,
    Routing,
    Rule,
    parse_document,
)
from inbox.policy.evaluate import Verdict, evaluate
from inbox.policy.fact_catalogue import CONTEXT_FIELDS, FACTS
from inbox.policy.facts import Claims, ToolFacts
from inbox.policy.impact import DEEPEST, MOST_VALUES
from inbox.policy.priority import WEIGHTS, Urgency
from inbox.policy.problems import ProblemCode
from inbox.policy.reasons import ReasonCode
from inbox.policy.risk import AMOUNTS, MASS, SURE_ENOUGH, WIDE
from inbox.policy.rule import Condition, Limit, Op, Window
from inbox.policy.words import Effect, Outcome, Risk
from tests.unit.policy.building import action, facts

DOCS = Path(__file__).resolve().parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "policy.md").read_text()
EXPLANATION = (DOCS / "explanation" / "policy.md").read_text()

REFUND = ToolFacts("issue_refund", Effect.WRITE, reversible=True, harmless=False, risk_floor=None)
MAIL = ToolFacts("send_email", Effect.IRREVERSIBLE, reversible=False, harmless=False, risk_floor=None)


def example(page: str) -> dict[str, object]:
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    loaded: dict[str, object] = json.loads(found.group(1))
    return loaded


def listed(heading: str) -> set[str]:
    """The first column of the table under a heading of the reference."""
    section = REFERENCE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("The document", set(PolicyDocument.model_fields)),
        ("A need", set(Need.model_fields)),
        ("A step of escalation", set(Escalation.model_fields)),
        ("Routing", set(Routing.model_fields)),
        ("A checkpoint", set(CheckpointRule.model_fields)),
        ("A rule", set(Rule.model_fields)),
        ("A condition", set(Condition.model_fields) | set(get_args(Op))),
        ("A window", {field.alias or name for name, field in Window.model_fields.items()}),
        ("A limit", set(Limit.model_fields)),
        ("Facts", {fact.name for fact in FACTS}),
        ("Why a document is refused", {code.value for code in ProblemCode}),
        ("Why a verdict says what it says", {code.value for code in ReasonCode}),
    ],
)
def test_every_key_and_code_is_documented_and_no_other(heading: str, expected: set[str]) -> None:
    assert listed(heading) == expected


def test_the_example_document_is_a_policy_and_uses_every_key() -> None:
    made = parse_document(example(REFERENCE), ranks={"reviewer": 1, "senior": 2, "lead": 3})
    assert made.model_fields_set == set(PolicyDocument.model_fields)
    assert {key for rule in made.rules for key in rule.model_fields_set} == set(Rule.model_fields)


def test_every_fact_is_told_with_its_kind_type_and_meaning() -> None:
    for fact in FACTS:
        assert f"| `{fact.name}` | {fact.kind} | {fact.type} | {fact.doc} |" in REFERENCE


def test_the_fields_that_may_be_required_are_told() -> None:
    assert (
        set(re.findall(r"`(\w+)`", REFERENCE.split("| `require` | Fields", 1)[1].split("|", 1)[0]))
        == CONTEXT_FIELDS
    )


def test_the_figures_on_the_pages_are_those_of_the_code() -> None:
    assert f"1 to {LONGEST_WAIT_SECONDS:,}" in REFERENCE
    assert f"At most {MOST_RULES} rules" in REFERENCE
    assert f"More than {WIDE} people" in EXPLANATION
    assert f"More than {MASS:,} that cannot be put" in EXPLANATION
    (critical, _), (high, _), (medium, _) = AMOUNTS
    assert f"From {medium} it is medium, from {high:,} high, from {critical:,} critical" in EXPLANATION
    assert f"under {SURE_ENOUGH * 100:.0f} %" in EXPLANATION
    assert f"{MOST_VALUES:,} values, {DEEPEST}\nlevels" in EXPLANATION


def judged(case: int) -> Verdict:
    document = parse_document({**example(REFERENCE), **example(EXPLANATION)})
    asked = {
        1: facts(action(REFUND, {"amount": 38.0}), agent="support-ai"),
        2: facts(action(REFUND, {"amount": 1200.0}), agent="support-ai"),
        3: facts(action(MAIL, {"recipients": 2451}), agent="crm-writer", claims=Claims(risk=Risk.LOW)),
        4: facts(
            replace(
                action(None, {"amount": 5}, name="issue_refund_v2"),
                computed=compute("issue_refund_v2", {"amount": 5}),
            ),
            agent="support-ai",
        ),
    }[case]
    return evaluate(document, asked, policy="default", version=4)


@pytest.mark.parametrize("case", [1, 2, 3, 4])
def test_the_worked_example_quotes_what_policy_really_says(case: int) -> None:
    story = EXPLANATION.split(f"**{case}. ", 1)[1].split("\n**", 1)[0].split("\n## ", 1)[0]
    quoted = re.findall(r"^- (.+)$", story, re.MULTILINE)
    said = [reason.text for reason in judged(case).reasons]
    assert said == quoted


def test_the_worked_example_ends_as_told() -> None:
    passed, amount, mail, unknown = (judged(case) for case in (1, 2, 3, 4))
    assert (passed.outcome, passed.rule) == (Outcome.ALLOW, "small-refunds")
    assert (amount.outcome, amount.needs) == (Outcome.REVIEW, (Need(tier="lead", count=1),))
    assert set(mail.needs) == {Need(tier="lead", count=2), Need(tier="senior", count=1)}
    assert mail.notes == ("Check the segment and the sender.",)
    assert (unknown.risk, unknown.needs) == (Risk.HIGH, (Need(tier="lead", count=1),))


def test_the_figures_of_the_order_are_those_of_the_code() -> None:
    page = (DOCS / "explanation" / "order.md").read_text()
    for urgency, weight in WEIGHTS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {urgency.value} |"))
        assert f"| {weight.delay_cost:g} | {weight.review_seconds:g} s |" in row
        if weight.rises:
            assert f"{weight.rises // 60:.0f} min before its deadline" in row
    high, normal, low = (WEIGHTS[urgency] for urgency in list(Urgency)[1:])
    assert high.patience is not None
    assert normal.patience is not None
    hours, minutes = divmod(high.patience // 60, 60)
    assert f"({hours:.0f} h {minutes:.0f} min for high, {normal.patience // 3600:.0f} h for normal)" in page
    assert f"{hours:.0f} h {minutes - high.rises // 60:.0f} min of waiting" in page
    assert low.least_life == 3600
