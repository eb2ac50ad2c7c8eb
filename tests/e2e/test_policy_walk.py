"""From a rule in an admin's head to a request that passes by it: written, back-tested, shadowed, proposed, approved."""

from __future__ import annotations

import re
from uuid import uuid4

from django.contrib.auth.models import User
from playwright.sync_api import expect

from inbox.models import ApprovalRequest, ChangeRequest
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from inbox.services.backtests import continue_backtests
from inbox.services.sweep import sweep
from inbox.services.teams import add_member
from tests.e2e.conftest import Sit, inbox
from tests.factories import World, ask, vote


def test_a_rule_is_written_tried_proposed_approved_and_then_decides(sit: Sit, world: World) -> None:
    frank = User.objects.create_user(f"frank-{uuid4().hex[:8]}")
    add_member(team=world.team, user=frank, tier=None, is_admin=True)
    rejected, approved = ask(world), ask(world, args={"path": "notes/b.md", "text": "hello"})
    vote(world, rejected, world.dave, "reject")
    vote(world, approved, world.dave)

    erin = sit(world.erin)
    page = erin.go(inbox(world, "policy"))
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name").fill("notes-pass")
    page.get_by_label("Tool", exact=True).fill("write_file")
    page.get_by_label("Do what").select_option("allow")
    expect(page.get_by_label("Argument", exact=True)).to_be_hidden()
    page.get_by_label("Fact").select_option("new_tool")
    expect(page.get_by_label("Comparison").locator("option[value=lt]")).to_be_hidden()
    expect(page.get_by_text("true or false.", exact=True)).to_be_visible()
    page.get_by_label("Fact").select_option("args.")
    page.get_by_label("Argument", exact=True).fill("path")
    page.get_by_label("Comparison").select_option("starts_with")
    page.get_by_label("Value").fill("docs/")
    page.get_by_role("button", name="Save as a draft").last.click()
    expect(page.get_by_role("heading", name="What changed from version 1 to 2")).to_be_visible()

    page.get_by_role("button", name="Back-test version 2").click()
    expect(page.get_by_text("of 2 requests judged")).to_be_visible()
    continue_backtests()
    expect(page.get_by_text("would pass 1 request that people rejected").first).to_be_visible()

    # The one people rejected lies under docs/: the draft goes where it was meant to.
    page.get_by_role("link", name="Edit rule notes-pass").click()
    page.get_by_label("Value").fill("notes/")
    page.get_by_role("button", name="Save as a draft").last.click()
    page.get_by_role("button", name="Back-test version 3").click()
    continue_backtests()
    expect(page.get_by_role("listitem").filter(has_text="people approved it")).to_be_visible()

    page.get_by_role("button", name="Run version 3 in shadow").click()
    ask(world, args={"path": "notes/c.md", "text": "hello"})
    page.reload()
    expect(page.get_by_text("differed on 1")).to_be_visible()

    page.get_by_role("button", name="Propose version 3").click()
    expect(page.get_by_text("Proposed. It loosens what is asked")).to_be_visible()
    expect(page.get_by_text("This was asked on your behalf")).to_be_visible()
    change = ChangeRequest.objects.get(team=world.team)
    assert change.request is not None

    second = sit(frank)
    second.live(inbox(world))
    second.page.get_by_role("link", name=re.compile("Put version 3 of the policy in force")).first.click()
    _approve(second.page, change.request)
    sweep()
    change.refresh_from_db()
    assert change.state == "applied", change.detail

    page.goto(erin.origin + inbox(world, "policy"))
    expect(page.get_by_text("notes-pass").first).to_be_visible()
    passed = ask(world, args={"path": "notes/d.md", "text": "hello"})
    assert (passed.outcome, passed.rule) == ("approved", "notes-pass")
    assert ask(world).state == "pending"


def _approve(page, request: ApprovalRequest) -> None:  # type: ignore[no-untyped-def]
    """Approve a critical request: the second step shows the consequence and asks for a value of the payload."""
    page.wait_for_selector("body[data-live=on]")
    page.locator("#bar button[name=step][value=approve]").click()
    expect(page.locator(".consequence")).to_be_visible()
    page.wait_for_timeout(500)
    asked = asked_of(bytes(request.revisions.get().payload), risk=Risk.CRITICAL, digest=request.digest)
    assert asked is not None
    page.locator("#bar input[name=read_back]").fill(asked.answer)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#bar")).to_contain_text("Approved")
