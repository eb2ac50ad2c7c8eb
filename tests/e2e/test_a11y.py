"""axe on every screen, in both themes, on a desk and on a phone; and what axe cannot see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time, timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.utils import timezone
from playwright.sync_api import Page, expect

from inbox.models import Tool
from inbox.services.backtests import continue_backtests, start_backtest
from inbox.services.delegations import be_away
from inbox.services.groups import add_group
from inbox.services.rotas import create_rota
from inbox.services.shadow import start_shadow
from inbox.services.sign_in_links import issue
from tests.e2e.conftest import DESK, PHONE, Sit, inbox
from tests.factories import World, ask, vote
from tests.integration.core.test_grants import call, granted
from tests.integration.pages.cast import ask_soon
from tests.policies import PASS_WRITES, draft

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"runOnly": ["color-contrast"]}
STATUS = "performance.getEntriesByType('navigation')[0].responseStatus"
# A change of theme is seen at once, not half-way through a transition.
STILL = {"reduced_motion": "reduce"}
NARROW = (320, 700)
PASS_READS = {"id": "reads-pass-when-they-stay-inside", "tool": "read_*", "then": "allow", "note": "Reads."}


def violations(page: Page, rules: Mapping[str, Any] = RULES) -> list[str]:
    """What axe objects to: rule, target and why, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # Only what is wrong: written out for every element that is right, a long page took longer to tell of than to look at.
    options = {**rules, "resultTypes": ["violations"]}
    found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
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
    ask(world, args={"path": "docs/in\u200bvisible.md", "text": "x"})
    closed = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    vote(world, closed, world.alice, "reject", message="Not today.")
    place = f"/t/{world.team.slug}/r"
    return {
        "inbox": inbox(world),
        "assigned": inbox(world, "?view=mine"),
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


def test_axe_objects_to_nothing(sit: Sit, world: World) -> None:
    screens = full(world)
    seat = sit(world.alice, **STILL)
    wrong = {}
    for name, address in screens.items():
        page = seat.go(address)
        expect(page.locator("html[data-js]")).to_be_attached()
        wrong[name] = everywhere(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def administered(world: World) -> dict[str, str]:
    """The same team with people, rotas, grants and policies as admins leave them; the addresses of their pages."""
    admin, dave, carol = (world.member(person) for person in (world.erin, world.dave, world.carol))
    add_group(admin=admin, name="security")
    today = timezone.localdate()
    rota = create_rota(
        admin=admin,
        name="weekday-eu",
        period="week",
        weekday=0,
        handover=time(9),
        timezone="Europe/Berlin",
        starts_on=today - timedelta(days=2),
        members=[dave.pk, carol.pk],
    )
    be_away(by=admin, member_id=admin.pk, first_day=today, last=today, reason="skiing")
    be_away(by=dave, member_id=dave.pk, first_day=today, last=today, delegate_id=carol.pk)
    rejected, approved = ask(world), ask(world, args={"path": "docs/b.md", "text": "hello"})
    vote(world, rejected, world.dave, "reject", message="Not this one.")
    vote(world, approved, world.dave)
    version = draft(world, {**PASS_WRITES, "when": [{"fact": "amount", "op": "lt", "value": 50}]}, PASS_READS)
    trial = start_backtest(admin=admin, number=version.number)
    while continue_backtests():
        pass
    start_shadow(admin=admin, number=version.number)
    for path in ("docs/c.md", "docs/d.md"):
        ask(world, args={"path": path, "text": "hello"})
    ask(world, "close_ticket", {"id": "T-1", "reason": "done"})
    grant = granted(world)
    tool = Tool.objects.get(team=world.team, name="issue_refund")
    place = f"/t/{world.team.slug}"
    policy = f"{place}/policy"
    return {
        "people": f"{place}/people",
        "person": f"{place}/people/{dave.pk}",
        "absence of another": f"{place}/people/{dave.pk}/away",
        "away": f"{place}/away",
        "rotas": f"{place}/rotas",
        "rota": f"{place}/rotas/{rota.pk}",
        "new rota": f"{place}/rotas/new",
        "agents": f"{place}/agents",
        "agent": f"{place}/agents/{world.agent.pk}",
        "audit": f"{place}/audit",
        "tools": f"{place}/tools",
        "tool": f"{place}/tools/{tool.pk}",
        "proposed tool": f"{place}/tools/new?name=close_ticket",
        "grants": f"{place}/grants",
        "grant": f"{place}/grants/{grant.pk}",
        "policy": policy,
        "policy as YAML": f"{policy}/edit",
        "new rule": f"{policy}/rule",
        "rule": f"{policy}/rule?base={version.number}&rule=writes-pass",
        "rule from a decision": f"{policy}/rule?from={rejected.pk}",
        "draft, its trial and its difference": f"{policy}?version={version.number}&against=1",
        "back-test": f"{policy}/backtests/{trial.pk}",
    }


def everywhere(page: Page) -> list[str]:
    """What axe objects to on an open page in both themes, on a desk and on a phone, and what scrolls it sideways."""
    found = []
    for theme, size, rules in (
        ("light", DESK, RULES),
        ("dark", DESK, CONTRAST),
        ("dark", PHONE, RULES),
        ("light", PHONE, CONTRAST),
    ):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": size[0], "height": size[1]})
        found += [f"{theme} {size[0]}: {one}" for one in violations(page, rules) + wide(page)]
    return found


def test_axe_objects_to_nothing_where_admins_work(sit: Sit, world: World) -> None:
    seat, wrong = sit(world.erin, **STILL), {}
    for name, address in administered(world).items():
        page = seat.go(address)
        assert page.evaluate(STATUS) == 200, name
        wrong[name] = everywhere(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_axe_objects_to_nothing_in_what_forms_answer(sit: Sit, world: World) -> None:
    wrong = {}
    page = sit(world.erin, **STILL).go(inbox(world, "policy/edit"))
    page.get_by_label("The policy as YAML").fill("rules: [")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("Nothing was saved.")).to_be_visible()
    wrong["wrong YAML"] = everywhere(page)
    page = sit(world.erin, **STILL).go(inbox(world, "policy/rule"))
    page.get_by_label("Name").fill("no-argument")
    page.get_by_label("Fact").select_option("args.")
    page.get_by_role("button", name="Save as a draft").last.click()
    expect(page.get_by_text("Name the argument.")).to_be_visible()
    page.get_by_text("What the facts mean").click()
    wrong["wrong rule, with the facts"] = everywhere(page)
    asked = call(world, {"path": "docs/e.md", "text": "hello"})
    page = sit(world.dave, **STILL).go(inbox(world, f"r/{asked.pk}/grant"))
    wrong["new grant"] = everywhere(page)
    page.locator("select[name=op_0]").select_option("under")
    page.get_by_label("Value for path").fill("")
    page.get_by_role("button", name="Show what it matches").click()
    expect(page.locator(".grant-line > .error")).to_be_visible()
    wrong["what a grant matches"] = everywhere(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_axe_objects_to_nothing_before_signing_in_and_where_there_is_nothing(sit: Sit, world: World) -> None:
    link = issue(world.dave.username)
    wrong = {}
    seat = sit(None, **STILL)
    for address in ("/sign-in", link, "/sign-in/used-up", "/no/such/page"):
        wrong[address] = everywhere(seat.go(address))
    seat.go("/sign-in").get_by_label("Username or e-mail").fill("nobody")
    seat.page.get_by_label("Password").fill("wrong")
    seat.page.get_by_role("button", name="Sign in").click()
    expect(seat.page.get_by_role("alert")).to_be_visible()
    wrong["refused"] = everywhere(seat.page)
    empty = sit(world.alice, **STILL)
    for view in ("", "?view=waiting", "?view=done", "?view=all"):
        wrong[f"empty {view}"] = everywhere(empty.go(inbox(world, view)))
    assert {name: found for name, found in wrong.items() if found} == {}


def test_nothing_scrolls_sideways_at_320_pixels(sit: Sit, world: World) -> None:
    seat, admin = sit(world.alice, size=NARROW), sit(world.erin, size=NARROW)
    wrong = {name: wide(seat.go(address)) for name, address in full(world).items()}
    wrong |= {name: wide(admin.go(address)) for name, address in administered(world).items()}
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
