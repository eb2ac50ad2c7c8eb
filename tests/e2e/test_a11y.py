"""axe on every screen of the inbox and the request, in both themes, on a desk and on a phone; and what axe cannot see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from inbox.models import Tool
from inbox.services.sign_in_links import issue
from tests.e2e.conftest import DESK, PHONE, Sit, inbox
from tests.factories import World, ask, vote
from tests.integration.pages.cast import ask_soon

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = (320, 700)


def violations(page: Page) -> list[str]:
    """What axe objects to: rule, target and why, one line each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']} {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]


def wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
          [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`).slice(0, 5)"""
    )
    return found


def full(world: World) -> dict[str, str]:
    """A team with something of everything; the addresses of its screens."""
    Tool.objects.filter(team=world.team, name="send_email").update(
        rejection_presets=["Wrong audience.", "Ask first."]
    )
    ask_soon(world)
    ask(world, args={"path": "docs/" + "long-" * 30 + ".md", "text": "x"})
    critical = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    claims = {"risk": "low", "confidence": 0.9}
    context = {
        "goal": "Tell everyone",
        "rationale": "You asked me to.",
        "alternatives": ["A smaller list"],
        "impact": {"n": 1},
    }
    odd = {
        "to": "billing@аpple.com",
        "subject": "in\u200bvisible " + "x" * 300,
        "deep": {"a": {"b": {"c": [1, None, True]}}},
    }
    look = ask(world, "send_email", odd, context=context, claims=claims)
    closed = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    vote(world, closed, world.alice, "reject", message="Not today.")
    place = f"/t/{world.team.slug}/r"
    return {
        "inbox": inbox(world),
        "waiting": inbox(world, "?view=waiting"),
        "done": inbox(world, "?view=done"),
        "all": inbox(world, "?view=all"),
        "batches": inbox(world, "batches"),
        "bad filter": inbox(world, "?q=nonsense"),
        "request": f"{place}/{look.pk}",
        "approving": f"{place}/{look.pk}?step=approve",
        "rejecting": f"{place}/{look.pk}?step=reject",
        "raw": f"{place}/{look.pk}?raw=1",
        "long payload": f"{place}/{critical.pk}?part=2",
        "closed": f"{place}/{closed.pk}",
        "why": f"{place}/{look.pk}/why",
        "not found": inbox(world, "nothing"),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_objects_to_nothing(sit: Sit, world: World, theme: str, size: tuple[int, int]) -> None:
    screens = full(world)
    seat = sit(world.alice, size=size, theme=theme)
    wrong = {}
    for name, address in screens.items():
        page = seat.go(address)
        expect(page.locator("html[data-js]")).to_be_attached()
        wrong[name] = violations(page) + wide(page)
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_objects_to_nothing_before_signing_in_and_where_there_is_nothing(
    sit: Sit, world: World, theme: str, size: tuple[int, int]
) -> None:
    link = issue(world.dave.username)
    wrong = {}
    seat = sit(None, size=size, theme=theme)
    for address in ("/sign-in", link, "/sign-in/used-up", "/no/such/page"):
        wrong[address] = violations(seat.go(address)) + wide(seat.page)
    seat.go("/sign-in").get_by_label("Username or e-mail").fill("nobody")
    seat.page.get_by_label("Password").fill("wrong")
    seat.page.get_by_role("button", name="Sign in").click()
    expect(seat.page.get_by_role("alert")).to_be_visible()
    wrong["refused"] = violations(seat.page)
    empty = sit(world.alice, size=size, theme=theme)
    for view in ("", "?view=waiting", "?view=done", "?view=all"):
        wrong[f"empty {view}"] = violations(empty.go(inbox(world, view))) + wide(empty.page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_nothing_scrolls_sideways_at_320_pixels(sit: Sit, world: World) -> None:
    seat = sit(world.alice, size=NARROW)
    wrong = {name: wide(seat.go(address)) for name, address in full(world).items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_dialogs_and_news_are_accessible_too(sit: Sit, world: World) -> None:
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    page = sit(world.alice).live(inbox(world))
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    expect(page.locator("#strip-text")).to_contain_text("1 new")
    assert violations(page) == []
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(page.locator("#why-body li").first).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


SMALL = """(least) => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")]
  .filter((e) => e.checkVisibility() && !e.closest("p, dd, td, label, li:not(.row), .skip, dialog:not([open])"))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 0 && !e.matches(".row-link") && (box.width < least || box.height < least))
  .map(([e, box]) => `${e.tagName} ${e.textContent.trim().slice(0, 30) || e.name} ${box.width}x${box.height}`)"""


@pytest.mark.parametrize(
    ("size", "touch", "least"), [(DESK, False, 24), (PHONE, True, 44)], ids=["desk", "phone"]
)
def test_targets_are_large_enough_for_the_pointer(
    sit: Sit, world: World, size: tuple[int, int], touch: bool, least: int
) -> None:
    screens = full(world)
    seat = sit(world.alice, size=size, has_touch=touch, is_mobile=touch)
    small = {
        name: seat.go(screens[name]).evaluate(SMALL, least)
        for name in ("inbox", "request", "rejecting", "batches")
    }
    assert {name: found for name, found in small.items() if found} == {}


def test_risk_and_provenance_are_told_by_words(sit: Sit, world: World) -> None:
    screens = full(world)
    page = sit(world.alice, forced_colors="active").go(screens["inbox"])
    words: Callable[[str], str] = lambda selector: page.locator(selector).first.inner_text()  # noqa: E731
    assert words('.row[data-risk="critical"] .risk') == "Critical"
    assert words('.row[data-risk="unverifiable"] .risk') == "Cannot verify"
    page.goto(page.url.split("/t/")[0] + screens["request"])
    assert "not verified" in page.locator('[data-prov="agent"]').inner_text()
    assert "rendered by this server" in page.locator("#payload").inner_text()


def test_nothing_moves_for_who_wants_no_motion(sit: Sit, world: World) -> None:
    page = sit(world.alice, reduced_motion="reduce").go(full(world)["request"])
    durations = page.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((e) => {
          const style = getComputedStyle(e);
          return [...style.transitionDuration.split(","), ...style.animationDuration.split(",")].map(parseFloat);
        })"""
    )
    assert max(durations) == 0
