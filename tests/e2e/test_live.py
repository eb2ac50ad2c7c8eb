"""News arrive without moving anything, decided rows grey where they stand, a broken line says so and heals."""

from __future__ import annotations

import re
import time
from datetime import time as time_of_day

from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect

from inbox.models import Decision
from inbox.services.delegations import be_away
from inbox.services.handover import hand_over_due
from inbox.services.rotas import create_rota
from tests.e2e.conftest import PHONE, Sit, inbox
from tests.factories import World, ask, vote
from tests.integration.pages.cast import ask_soon
from tests.product import Product
from tests.waiting import in_force

# Layout shifts without a recent input, as Chromium counts them, and where everything with an id stands.
WATCH = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: "layout-shift", buffered: false });
}"""
PLACES = """() => Object.fromEntries(
  [...document.querySelectorAll(".row, .lane-head, #strip, .page-head")].map((element, index) => {
    const box = element.getBoundingClientRect();
    return [element.id || `${element.className}-${index}`, [box.x, box.y, box.width, box.height]];
  }),
)"""


def look(world: World, **fields: object):  # type: ignore[no-untyped-def]
    """A request decided by itself."""
    return ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"}, **fields)


def settled(page: Page) -> dict[str, list[float]]:
    """Where things stand, once fonts and scripts are done."""
    page.evaluate("document.fonts.ready")
    places: dict[str, list[float]] = page.evaluate(PLACES)
    return places


def test_a_new_request_is_said_within_a_second_and_moves_nothing(sit: Sit, world: World) -> None:
    rows = [look(world) for _ in range(3)]
    seat = sit(world.alice)
    page = seat.live(inbox(world))
    page.locator(f"#r-{rows[1].pk.hex} .row-link").focus()
    page.mouse.move(500, 300)
    page.evaluate(WATCH)
    before = settled(page)
    began = time.monotonic()
    look(world)
    expect(page.locator("#strip-text")).to_have_text("1 new · 1 high", timeout=3000)
    assert time.monotonic() - began < 1.0
    look(world)
    expect(page.locator("#strip-text")).to_have_text("2 new · 2 high")
    assert page.evaluate(PLACES) == before
    assert page.evaluate("window.shifts") == 0
    assert page.evaluate("document.activeElement.closest('.row').id") == f"r-{rows[1].pk.hex}"
    assert page.locator(".row").count() == 3


def test_the_news_are_loaded_by_a_key_and_the_focus_stays(sit: Sit, world: World) -> None:
    kept = look(world)
    seat = sit(world.alice)
    page = seat.live(inbox(world))
    page.keyboard.press("j")
    arrived = look(world)
    expect(page.locator("#strip-load")).to_be_visible()
    page.keyboard.press(".")
    expect(page.locator(f"#r-{arrived.pk.hex}")).to_be_visible()
    expect(page.locator("#strip-load")).to_be_hidden()
    expect(page.locator("#strip-text")).to_have_text("")
    assert page.evaluate("document.activeElement.closest('.row').id") == f"r-{kept.pk.hex}"
    again = look(world)
    expect(page.locator("#strip-text")).to_have_text("1 new · 1 high")
    assert page.locator(f"#r-{again.pk.hex}").count() == 0


def test_what_someone_else_decides_greys_where_it_stands(sit: Sit, world: World) -> None:
    rows = [ask_soon(world) for _ in range(3)]
    seat = sit(world.alice)
    page = seat.live(inbox(world))
    row = page.locator(f"#r-{rows[1].pk.hex}")
    expect(row.get_by_role("button", name="Approve")).to_be_visible()
    page.evaluate(WATCH)
    before = settled(page)
    vote(world, rows[1], world.bob)
    expect(row).to_have_attribute("data-closed", "ok")
    expect(row.locator(".row-state")).to_contain_text(f"Approved by {world.bob.username} · ")
    expect(row.get_by_role("button")).to_have_count(0)
    assert page.evaluate(PLACES) == before
    assert page.evaluate("window.shifts") == 0
    expect(page.locator("#turn-count")).to_have_text("2")


def test_a_request_that_changes_hands_says_whose_it_is_where_it_stands(sit: Sit, world: World) -> None:
    alice, bob = world.member(world.alice), world.member(world.bob)
    create_rota(
        admin=world.member(world.erin),
        name="leads",
        period="week",
        weekday=0,
        handover=time_of_day(0),
        timezone="UTC",
        starts_on=timezone.localdate(),
        members=[bob.pk, alice.pk],
    )
    in_force(world.team, routing={"strategy": "rota", "rota": "leads"})
    moved = look(world)
    page = sit(world.alice).live(inbox(world))
    row = page.locator(f"#r-{moved.pk.hex}")
    expect(row.locator(".row-state")).to_have_text(f"lead for {world.bob.username}")
    assigned = sit(world.alice)
    assigned.live(inbox(world, "?view=mine"))
    expect(assigned.page.get_by_text("Nothing is assigned to you")).to_be_visible()
    today = timezone.localdate()
    be_away(by=bob, member_id=bob.pk, first_day=today, last=today, delegate_id=alice.pk)
    assert hand_over_due() == 1
    expect(row.locator(".row-state")).to_have_text("lead for you")
    expect(row.locator("[data-for]")).to_have_attribute("title", re.compile(world.bob.username))
    expect(page.locator("#strip-text")).to_have_text("")
    expect(assigned.page.locator("#strip-text")).to_have_text("1 new · 1 high")
    assigned.page.keyboard.press(".")
    expect(assigned.page.locator(f"#r-{moved.pk.hex}")).to_be_visible()


def test_a_dropped_line_says_so_stops_decisions_and_heals(sit: Sit, world: World, site: Product) -> None:
    request = ask_soon(world)
    seat = sit(world.alice)
    page = seat.live(inbox(world))
    button = page.locator(f"#r-{request.pk.hex}").get_by_role("button", name="Approve")
    site.kill("web")
    expect(page.locator("#strip-text")).to_have_text("Live updates paused · reconnecting", timeout=5000)
    expect(button).to_have_attribute("aria-disabled", "true")
    page.wait_for_timeout(500)
    button.click(force=True)
    page.locator(f"#r-{request.pk.hex} .row-link").focus()
    page.keyboard.press("a")
    missed = look(world)
    site.start("web")
    page.wait_for_selector("body[data-live=on]", timeout=30_000)
    expect(page.locator("#strip-text")).to_have_text("1 new · 1 high")
    assert button.get_attribute("aria-disabled") is None
    assert not seat.posts("/decide")
    assert not Decision.objects.filter(request__in=[request, missed]).exists()


def test_an_open_request_says_that_someone_else_decided_it(sit: Sit, world: World) -> None:
    request = look(world)
    seat = sit(world.alice)
    page = seat.live(f"/t/{world.team.slug}/r/{request.pk}?step=reject")
    page.get_by_label("In your words").fill("I have doubts")
    vote(world, request, world.bob)
    expect(page.locator("#strip-text")).to_contain_text(f"Approved by {world.bob.username} · ")
    expect(page.get_by_role("button", name="Reject and tell crm-writer")).to_be_disabled()
    expect(page.get_by_label("In your words")).to_have_value("I have doubts")
    page.get_by_role("link", name="show").click()
    expect(page.locator("#bar")).to_contain_text(f"Approved by {world.bob.username}")
    expect(page.locator("#strip-text")).to_have_text("")


def test_a_vote_of_someone_else_is_said_on_the_open_request(sit: Sit, world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1200)]})
    page = sit(world.alice).live(f"/t/{world.team.slug}/r/{request.pk}")
    vote(world, request, world.bob)
    expect(page.locator("#strip-text")).to_have_text("Someone voted while you read")
    page.keyboard.press(".")
    expect(page.locator(".votes").first).to_contain_text(f"{world.bob.username} lead approved")


def test_signed_out_elsewhere_the_page_says_so_within_seconds(sit: Sit, world: World) -> None:
    seat = sit(world.alice)
    page = seat.live(inbox(world))
    value = next(cookie["value"] for cookie in seat.context.cookies() if cookie["name"] == "sessionid")
    Session.objects.filter(pk=value).delete()
    expect(page.locator("#strip-text")).to_contain_text("You are signed out", timeout=8000)


def test_on_a_phone_news_arrive_the_same_way(sit: Sit, world: World) -> None:
    look(world)
    page = sit(world.alice, size=PHONE).live(inbox(world))
    page.evaluate(WATCH)
    before = settled(page)
    look(world)
    expect(page.locator("#strip-text")).to_have_text("1 new · 1 high")
    assert page.evaluate(PLACES) == before
    assert page.evaluate("window.shifts") == 0


def test_on_a_phone_a_row_that_is_decided_keeps_its_place_and_height(sit: Sit, world: World) -> None:
    rows = [ask_soon(world, args={"path": "docs/" + "long-" * 12, "text": str(n)}) for n in range(4)]
    page = sit(world.alice, size=PHONE).live(inbox(world))
    page.evaluate(WATCH)
    before = settled(page)
    vote(world, rows[0], world.bob)
    expect(page.locator(f"#r-{rows[0].pk.hex}")).to_have_attribute("data-closed", "ok")
    page.wait_for_timeout(500)
    page.locator(f"#r-{rows[1].pk.hex}").get_by_role("button", name="Approve").click()
    expect(page.locator(f"#r-{rows[1].pk.hex}")).to_have_attribute("data-closed", "ok")
    assert page.evaluate(PLACES) == before
