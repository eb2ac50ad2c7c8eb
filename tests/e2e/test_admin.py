"""Agents, audit, people, tools and policy in a browser: accessible at every size and theme, finished without scripts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from agents import services as gateway
from agents.contract import ThreadStatus
from agents.models import HostedRun
from inbox.models import Batch, Member, Tool
from inbox.services.batches import BatchLine, start_batch
from inbox.services.people import change_member
from tests.e2e.conftest import Sit, inbox
from tests.e2e.test_a11y import STILL, everywhere
from tests.factories import World, ask, vote

ROOT = Path(__file__).resolve().parents[2]


def furnish(world: World) -> dict[str, str]:
    """Something of everything these pages show; the address of each page by name."""
    requests = [ask(world, "write_file", {"path": f"docs/{n}.md", "text": "hello"}) for n in range(8)]
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "<b> another text"})
    vote(
        world,
        ask(world, "issue_refund", {"amount": 640, "customer": "cus_81x"}),
        world.alice,
        "reject",
        message="Twice.",
    )
    vote(world, ask(world, "wipe_disk", {"disk": 1}), world.alice, "reject", message="Never.")
    closed = ask(world, "write_file", {"path": "docs/x.md", "text": "hello"})
    batch = start_batch(
        person=world.dave,
        team=world.team,
        verdict="approve",
        items=[BatchLine(str(closed.pk), closed.digest), BatchLine("nonsense", closed.digest)],
        idempotency_key=f"k-{world.team.slug}",
    )
    gateway.report_thread(
        agent=world.agent,
        thread="t",
        status=ThreadStatus(status="running", step="Reading mail", progress=0.4),
    )
    for state in ("done", "failed", "outcome_unknown"):
        HostedRun.objects.create(
            team_id=world.team.pk,
            agent=world.agent,
            graph="invoices",
            code_version="x",
            thread=f"{state}-{world.team.slug}",
            input={},
            state=state,
        )
    tool = Tool.objects.get(team=world.team, name="issue_refund")
    return {
        "sheet": inbox(world, f"g/{odd.group_id}"),
        "report": inbox(world, f"b/{batch.pk}"),
        "agents": inbox(world, "agents"),
        "agent": inbox(world, f"agents/{world.agent.pk}"),
        "audit": inbox(world, "audit?verify=1"),
        "audit, wrong filter": inbox(world, "audit?request=nonsense"),
        "people": inbox(world, "people"),
        "domains": inbox(world, "domains"),
        "person": inbox(world, f"people/{world.member(world.dave).pk}"),
        "tools": inbox(world, "tools"),
        "tool": inbox(world, f"tools/{tool.pk}"),
        "policy": inbox(world, "policy?version=1&against=1"),
        "requests": inbox(world, f"r/{requests[0].pk}"),
    }


def empty(world: World) -> dict[str, str]:
    """The same pages of a team in which nothing has happened."""
    return {name: inbox(world, name) for name in ("agents", "audit", "people", "tools", "policy")}


@pytest.mark.parametrize("state", [furnish, empty])
def test_every_page_is_accessible_and_fits(
    sit: Sit, world: World, state: Callable[[World], dict[str, str]]
) -> None:
    pages = state(world)
    pages.pop("requests", None)
    seat = sit(world.erin, **STILL)
    wrong = {}
    for name, address in pages.items():
        answer = seat.page.goto(seat.origin + address)
        assert answer is not None
        assert answer.status == (422 if "wrong" in name else 200), (
            f"{name}: {answer.status} {seat.page.inner_text('main')}"
        )
        if found := everywhere(seat.page):
            wrong[name] = found
    assert not wrong


def test_an_export_downloaded_in_the_browser_passes_the_offline_verifier(
    sit: Sit, world: World, tmp_path: Path
) -> None:
    furnish(world)
    page = sit(world.carol).go(inbox(world, "audit"))
    page.get_by_role("link", name="Verify chain").click()
    expect(page.locator("#chain")).to_contain_text("The chain holds.")
    head = page.locator("#chain code").first.inner_text()
    for name in ("JSONL", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        script = ROOT / "docs" / "reference" / "verify_audit.py"
        said = subprocess.run(
            [sys.executable, "-I", script, file], capture_output=True, text=True, timeout=60, check=True
        )
        assert head in said.stdout


def test_the_audit_filter_works_by_keyboard_and_without_scripts(sit: Sit, world: World) -> None:
    furnish(world)
    page = sit(world.carol, scripts=False).go(inbox(world, "audit"))
    page.get_by_label("Who, exactly").fill(world.alice.get_username())
    page.keyboard.press("Enter")
    expect(page.locator(".log tbody tr")).to_have_count(2)
    page.get_by_label("What happened").select_option("requested")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No event matches")).to_be_visible()


def test_an_admin_invites_someone_and_changes_their_tier_without_scripts(sit: Sit, world: World) -> None:
    page = sit(world.erin, scripts=False).go(inbox(world, "people"))
    page.get_by_label("Username").fill(f"grace-{world.team.slug}")
    page.get_by_label("E-mail").fill("grace@example.org")
    page.get_by_role("button", name="Invite person").click()
    expect(page.locator("#invite-link")).to_contain_text("/sign-in/")
    page.get_by_role("link", name=f"grace-{world.team.slug}").click()
    page.get_by_label("Tier").select_option("senior")
    page.get_by_role("button", name=f"Change grace-{world.team.slug}").click()
    row = page.get_by_role("row", name=f"grace-{world.team.slug}")
    expect(row).to_contain_text("senior")


def test_the_ladder_is_changed_on_the_people_page_and_read_on_the_policy_page(sit: Sit, world: World) -> None:
    page = sit(world.erin).go(inbox(world, "people"))
    page.locator("#tier-medium").select_option("lead")
    page.get_by_role("button", name="Save this ladder").click()
    page.wait_for_url("**/people#ladder")
    page.goto(page.url.replace("/people#ladder", "/policy"))
    expect(page.get_by_text("version 2, in force")).to_be_visible()
    page.get_by_role("link", name="what it changed").click()
    expect(page.locator("[data-kind=added]")).to_contain_text(["tier: lead"])


def test_a_refused_change_says_why_and_loses_nothing(sit: Sit, world: World) -> None:
    me = world.member(world.erin)
    page = sit(world.erin).go(inbox(world, f"people/{me.pk}"))
    page.get_by_label("Admin").uncheck()
    page.get_by_role("button", name="Change ").click()
    expect(page.get_by_role("alert")).to_contain_text("this team would have no admin")
    expect(page.get_by_label("Admin")).not_to_be_checked()
    assert Member.objects.get(pk=me.pk).is_admin


def test_a_sentence_is_tried_while_it_is_typed(sit: Sit, world: World) -> None:
    ask(world, "issue_refund", {"amount": 640, "customer": "cus_81x"})
    tool = Tool.objects.get(team=world.team, name="issue_refund")
    page = sit(world.erin).go(inbox(world, f"tools/{tool.pk}"))
    expect(page.locator("#preview")).to_contain_text("Refund $640.00 to cus_81x")
    page.get_by_label("Sentence").fill("Pay {customer} back")
    expect(page.locator("#preview")).to_contain_text("Pay cus_81x back")
    page.get_by_label("Sentence").fill("Pay {customer|nonsense} back")
    expect(page.locator("#preview .error")).to_contain_text("At character")
    expect(page.locator("#preview mark")).to_contain_text("nonsense")
    tool.refresh_from_db()
    assert tool.template == "Refund {amount|money:USD} to {customer}"


def test_a_tool_is_described_and_previewed_without_scripts(sit: Sit, world: World) -> None:
    ask(world, "archive_ticket", {"ticket": "T-7"})
    page = sit(world.erin, scripts=False).go(inbox(world, "tools/new?name=archive_ticket"))
    page.get_by_label("Sentence").fill("Archive ticket {ticket}")
    page.get_by_role("button", name="Preview sentence").click()
    expect(page.locator("#preview")).to_contain_text("Archive ticket T-7")
    assert not Tool.objects.filter(team=world.team, name="archive_ticket").exists()
    page.get_by_role("button", name="Add to the catalogue").click()
    expect(page.get_by_role("link", name="archive_ticket", exact=True)).to_be_visible()


def test_a_new_token_is_shown_once(sit: Sit, world: World) -> None:
    page = sit(world.erin).go(inbox(world, f"agents/{world.agent.pk}"))
    page.get_by_label("What for").fill("production")
    page.get_by_role("button", name="Make token").click()
    expect(page.locator("#token-text")).to_contain_text("plc_")
    page.goto(page.url.partition("#")[0])
    expect(page.locator("#token-text")).to_have_count(0)


def test_a_page_lost_its_rights_while_open_gets_a_403_page_that_says_so(sit: Sit, world: World) -> None:
    other = world.member(world.alice)
    change_member(
        admin=world.member(world.erin), member_id=other.pk, tier="lead", is_admin=True, is_active=True
    )
    page = sit(world.alice).go(inbox(world, "people"))
    change_member(
        admin=world.member(world.erin), member_id=other.pk, tier="lead", is_admin=False, is_active=True
    )
    page.get_by_label("New tier").fill("board")
    page.get_by_role("button", name="Add tier on top").click()
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    expect(page.get_by_text("Only admins of this team may change this.")).to_be_visible()
    assert Batch.objects.filter(team=world.team).count() == 0
