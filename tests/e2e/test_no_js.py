"""Without scripts: every form works as plain forms do."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from inbox.models import Decision, Tool
from tests.e2e.conftest import PHONE, Sit, inbox
from tests.factories import World, ask
from tests.integration.pages.cast import ask_soon


def test_low_risk_is_approved_from_the_list(sit: Sit, world: World) -> None:
    request = ask_soon(world)
    page = sit(world.dave, scripts=False).go(inbox(world))
    page.locator(f"#r-{request.pk.hex}").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved: Write docs/a.md: hello")).to_be_visible()
    assert Decision.objects.get(request=request).outcome == "approved"
    expect(page.locator(f"#r-{request.pk.hex}")).to_have_count(0)


def test_medium_risk_is_approved_after_its_consequence(sit: Sit, world: World) -> None:
    request = ask(world, "issue_refund", {"amount": 240, "customer": "c1"})
    page = sit(world.carol, scripts=False).go(inbox(world))
    page.locator(f"#r-{request.pk.hex} .row-link").click()
    page.locator("#bar").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator(".consequence")).to_contain_text("Cannot be undone")
    assert not Decision.objects.filter(request=request).exists()
    page.locator("#bar").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator("#bar")).to_contain_text(f"Approved by {world.carol.username}")
    assert Decision.objects.get(request=request).outcome == "approved"


def test_a_rejection_carries_the_reason(sit: Sit, world: World) -> None:
    Tool.objects.filter(team=world.team, name="issue_refund").update(
        rejection_presets=["Too much.", "Ask first."]
    )
    request = ask(world, "issue_refund", {"amount": 240, "customer": "c1"})
    page = sit(world.carol, scripts=False).go(f"/t/{world.team.slug}/r/{request.pk}")
    page.get_by_role("button", name="Reject…").click()
    page.get_by_label("Too much.").check()
    page.get_by_label("In your words").fill("Half would do.")
    page.get_by_role("button", name="Reject and tell crm-writer").click()
    expect(page.locator("#bar")).to_contain_text("Rejected by")
    expect(page.get_by_text("crm-writer is told: “Too much. Half would do.”")).to_be_visible()
    assert Decision.objects.get(request=request).message == "Too much. Half would do."


def test_two_people_decide_what_is_critical(sit: Sit, world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    for person in (world.alice, world.bob):
        page = sit(person, scripts=False).go(f"/t/{world.team.slug}/r/{request.pk}")
        parts = page.locator("#bar").get_by_role("link", name=re.compile("^Read part 2 of")).inner_text()
        total = int(parts.partition(" of ")[2].split()[0])
        for part in range(2, total + 1):
            page.locator("#bar").get_by_role("link", name=f"Read part {part} of {total}").click()
        page.locator("#bar").get_by_role("button", name=re.compile("^Approve")).click()
        page.get_by_label("How many entries has accounts?").fill("1,500")
        page.locator("#bar").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator("#bar")).to_contain_text("Approved by")
    assert Decision.objects.get(request=request).outcome == "approved"


def test_lists_filters_tabs_pages_and_themes_work(sit: Sit, world: World) -> None:
    for n in range(30):
        ask(world, "issue_refund", {"amount": 200 + n, "customer": "c1"})
    page = sit(world.carol, scripts=False, size=PHONE).go(inbox(world))
    expect(page.locator(".row")).to_have_count(25)
    page.get_by_role("link", name="Load 50 more").click()
    expect(page.locator(".row")).to_have_count(5)
    page.go_back()
    page.get_by_label("Filter", exact=True).fill("tool:none")
    page.get_by_label("Filter", exact=True).press("Enter")
    expect(page.get_by_text("Nothing matches this filter")).to_be_visible()
    page.get_by_role("link", name="Clear the filter").click()
    page.get_by_role("link", name="Waiting", exact=True).click()
    expect(page.get_by_text("Nothing waits on others")).to_be_visible()
    # The popover of a phone's bottom bar is the browser's own.
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Placet")).to_be_visible()


def test_why_is_a_page_and_what_needs_scripts_is_not_offered(sit: Sit, world: World) -> None:
    request = ask(world, "issue_refund", {"amount": 240, "customer": "c1"})
    page = sit(world.carol, scripts=False).go(inbox(world))
    expect(page.locator(".needs-js:visible")).to_have_count(0)
    page.locator(f"#r-{request.pk.hex}").get_by_role("link", name="Why is this here").click()
    expect(page.get_by_text("Needs the vote of one senior or above.")).to_be_visible()
