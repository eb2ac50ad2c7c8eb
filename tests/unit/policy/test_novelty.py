"""What was never there before: where something goes out to for the first time weighs, whom a record is about does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inbox.policy.computed import compute
from inbox.policy.evaluate import evaluate
from inbox.policy.facts import ActionFacts, ToolFacts
from inbox.policy.novelty import MOST_VALUES, new_destinations, telling
from inbox.policy.reasons import ReasonCode
from inbox.policy.risk import BURST, Assessment, assess
from inbox.policy.words import Effect, Outcome, Risk
from tests.unit.policy.building import HARMLESS, REVERSIBLE, action, document, facts

OUTSIDE = "eve@evil.example"
INSIDE = "ana@acme.example"


def reversible(name: str) -> ToolFacts:
    return ToolFacts(name, Effect.WRITE, reversible=True, harmless=False, risk_floor=None)


def final(name: str) -> ToolFacts:
    return ToolFacts(name, Effect.IRREVERSIBLE, reversible=False, harmless=False, risk_floor=None)


def first(name: str, args: dict[str, Any], tool: ToolFacts | None = None) -> ActionFacts:
    """A call none of whose values were ever used before."""
    asked = replace(action(tool, args, name=name), computed=compute(name, args, own_domains=["acme.example"]))
    fresh = new_destinations(asked, telling(args))
    return replace(asked, computed=replace(asked.computed, new_destinations=fresh))


@pytest.mark.parametrize(
    ("name", "args", "tool", "where"),
    [
        ("send_email", {"to": OUTSIDE, "body": "x"}, final("send_email"), "to"),
        ("send_email", {"to": INSIDE, "cc": [OUTSIDE]}, None, "cc"),
        ("share_document", {"document": "d1", "email": OUTSIDE}, reversible("share_document"), "email"),
        ("grant_access", {"email": OUTSIDE}, reversible("grant_access"), "email"),
        ("set_webhook", {"url": "https://hooks.evil.example/x"}, reversible("set_webhook"), "url"),
        ("update_settings", {"forwarding_address": OUTSIDE}, reversible("update_settings"), "forwarding_address"),
        ("transfer_money", {"to_account": "DE1", "amount": 5}, final("transfer_money"), "to_account"),
        ("create_payment", {"payee": "Eve", "amount": 5}, reversible("create_payment"), "payee"),
        ("send_sms", {"phone": "+15550100"}, None, "phone"),
        ("mystery", {"to": OUTSIDE}, None, "to"),
    ],
)  # fmt: skip
def test_what_goes_out_to_somewhere_new_counts(
    name: str, args: dict[str, Any], tool: ToolFacts | None, where: str
) -> None:
    assessed = assess(facts(first(name, args, tool)))
    assert f"Goes to somebody or somewhere this agent never used with this tool ({where})" in [
        reason.text for reason in assessed.reasons
    ]
    assert assessed.level.rank >= Risk.MEDIUM.rank


@pytest.mark.parametrize(
    ("name", "args", "tool"),
    [
        ("update_customer", {"customer": "cus_981", "email": OUTSIDE}, reversible("update_customer")),
        ("create_ticket", {"user": "u-7", "customer_email": OUTSIDE, "text": "Hi"}, reversible("create_ticket")),
        ("issue_refund", {"order": "o-1", "customer": "cus_1", "amount": 5}, reversible("issue_refund")),
        ("send_email", {"to": INSIDE, "body": f"Ask {OUTSIDE} or see https://evil.example/"}, final("send_email")),
        ("delete_account", {"account": "a-9", "email": OUTSIDE}, final("delete_account")),
        ("get_mail", {"to": OUTSIDE}, None),
        ("fetch_page", {"url": "https://news.example/today"}, HARMLESS),
        ("move_card", {"to": "done"}, reversible("move_card")),
    ],
)  # fmt: skip
def test_a_new_record_or_something_new_to_read_does_not(
    name: str, args: dict[str, Any], tool: ToolFacts | None
) -> None:
    asked = first(name, args, tool)
    assert asked.computed.new_destinations == ()
    assert ReasonCode.NEW_DESTINATION not in [reason.code for reason in assess(facts(asked)).reasons]


def test_an_allow_rule_does_not_take_something_to_a_place_that_was_never_used() -> None:
    made = document({"id": "share", "tool": "share_*", "then": "allow"})
    tool, args = reversible("share_document"), {"document": "d1", "email": OUTSIDE}
    asked = first("share_document", args, tool)
    verdict = evaluate(made, facts(asked), policy="p", version=1)
    assert (verdict.outcome, verdict.risk) == (Outcome.REVIEW, Risk.MEDIUM)
    assert "Rule share would let it pass, but it goes where this agent never sent anything" in [
        reason.text for reason in verdict.reasons
    ]
    known = replace(asked, computed=replace(asked.computed, new_destinations=()))
    assert evaluate(made, facts(known), policy="p", version=1).rule == "share"


def test_the_first_call_of_a_tool_is_a_hint_and_of_a_reading_one_is_none() -> None:
    def fresh(tool: ToolFacts) -> ActionFacts:
        asked = action(tool)
        return replace(asked, computed=replace(asked.computed, new_tool=True))

    told = assess(facts(fresh(REVERSIBLE)))
    assert (told.level, told.score) == (Risk.LOW, 22.5)
    assert ReasonCode.NEW_TOOL in [reason.code for reason in told.reasons]
    assert assess(facts(fresh(HARMLESS))).score == 0


@pytest.mark.parametrize(("lately", "told"), [(BURST, False), (BURST + 1, True)])
def test_a_burst_asks_for_nothing_alone_and_adds_up_with_another_hint(lately: int, told: bool) -> None:
    def after(asked: ActionFacts) -> Assessment:
        return assess(replace(facts(asked), requests_lately=lately))

    one, everything = first("list_tickets", {"limit": 5}), first("list_tickets", {"filter": "*"})
    assert after(one).level is Risk.LOW
    assert (ReasonCode.BURST in [reason.code for reason in after(one).reasons]) is told
    assert after(everything).level is (Risk.MEDIUM if told else Risk.LOW)
    # A batch of hundreds that can be put back is no burst.
    assert after(action(REVERSIBLE)).score == 10


def test_what_is_looked_for_is_one_more_than_what_is_kept() -> None:
    args = {"to": [f"p{n}@x.example" for n in range(MOST_VALUES)] + [OUTSIDE]}
    assert ("to", OUTSIDE) not in telling(args)
    assert ("to", OUTSIDE) in telling(args, MOST_VALUES + 1)
