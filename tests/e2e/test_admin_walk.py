"""An admin sets a team up in the browser: four tiers, a security group, and a policy that needs one of each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from inbox.errors import NotAllowed
from inbox.models import ApprovalRequest, ChangeRequest, RoleGroup
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from inbox.selectors.policy import current_version, document_of
from inbox.services.backtests import continue_backtests
from inbox.services.sweep import sweep
from inbox.services.teams import add_member
from tests.e2e.conftest import Sit, inbox
from tests.factories import World, ask, vote

CALLS = 60


def test_four_tiers_a_group_and_a_rule_and_a_critical_request_needs_one_of_each(
    sit: Sit, world: World, shared: Path
) -> None:
    frank = User.objects.create_user(f"frank-{uuid4().hex[:8]}")
    add_member(team=world.team, user=frank, tier=None, is_admin=True)
    for call in _recorded(shared):
        ask(world, call["tool"], call["args"])
    erin = sit(world.erin)

    page = erin.go(inbox(world, "people"))
    page.get_by_label("New tier").fill("director")
    page.get_by_role("button", name="Add tier on top").click()
    expect(page.locator(".steps-list b").first).to_have_text("director")
    expect(page.locator(".steps-list > li")).to_have_count(4)
    page.get_by_label("New group").fill("security")
    page.get_by_role("button", name="Make group").click()
    page.get_by_label("Person to put into security").select_option(label=world.dave.username)
    page.get_by_role("button", name="Put into security").click()
    expect(page.get_by_text("Proposed. It loosens what is asked")).to_be_visible()
    _approved_by(world, frank)
    assert RoleGroup.objects.get(team=world.team, name="security").members.filter(user=world.dave).exists()

    erin.go(inbox(world, "policy/edit"))
    text = page.get_by_label("The policy as YAML")
    text.fill(_needing_one_of_each(text.input_value()))
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_role("button", name="Back-test version 2").click()
    expect(page.get_by_text(re.compile("requests judged"))).to_be_visible()
    while continue_backtests():
        pass
    expect(page.get_by_role("button", name="Back-test again")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Run version 2 in shadow").click()
    expect(page.get_by_text("Running since")).to_be_visible()
    page.get_by_role("button", name="Propose version 2").click()
    expect(page.get_by_text("Proposed. It loosens what is asked")).to_be_visible()
    _approved_by(world, frank)
    assert current_version(world.team.pk).number == 2
    assert document_of(current_version(world.team.pk)).rules[0].id == "no-wires"

    assert ask(world, "wire_money", {"amount": 5, "to": "x"}).outcome == "rejected"
    critical = ask(world, args={"path": "docs/a.md", "text": "hello"}, claims={"risk": "critical"})
    assert critical.needs == [{"tier": "senior", "count": 1}, {"group": "security", "count": 1}]
    _approve(sit(world.carol).live(inbox(world, f"r/{critical.pk}")), critical)
    with pytest.raises(NotAllowed):
        vote(world, critical, world.bob)
    page = sit(world.dave).live(inbox(world, f"r/{critical.pk}"))
    _approve(page, critical)
    expect(page.locator("#bar")).to_contain_text("Approved")
    critical.refresh_from_db()
    assert critical.outcome == "approved"


def _recorded(shared: Path) -> list[dict[str, object]]:
    lines = (shared / "traces" / "dev" / "bfcl_multi_turn.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[:CALLS]]


def _needing_one_of_each(text: str) -> str:
    """The policy's text with seniors where leads were, one of security beside one for critical risk, and one rule."""
    for old, new in (
        ("  - {tier: lead, count: 1}\n", "  - {tier: senior, count: 1}\n"),
        ("  - {tier: lead, count: 2}\n", "  - {tier: senior, count: 1}\n  - {group: security, count: 1}\n"),
        ("rules: []\n", "rules:\n- {id: no-wires, tool: wire_money, then: deny}\n"),
    ):
        assert old in text, text
        text = text.replace(old, new)
    return text


def _approved_by(world: World, admin: User) -> None:
    change = ChangeRequest.objects.get(team=world.team, state=ChangeRequest.State.WAITING)
    assert change.request is not None
    vote(world, change.request, admin)
    sweep()
    change.refresh_from_db()
    assert (change.state, change.detail) == ("applied", "")


def _approve(page: Page, request: ApprovalRequest) -> None:
    """Approve a critical request: the second step asks for a value of the payload."""
    page.locator("#bar button[name=step][value=approve]").click()
    expect(page.locator(".consequence")).to_be_visible()
    page.wait_for_timeout(500)
    asked = asked_of(bytes(request.revisions.get().payload), risk=Risk.CRITICAL, digest=request.digest)
    assert asked is not None
    page.locator("#bar input[name=read_back]").fill(asked.answer)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".consequence")).to_be_hidden()
