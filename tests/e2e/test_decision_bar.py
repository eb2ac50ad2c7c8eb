"""The verbs in a real browser: typed edits, lines, and undo while it is still possible, by key and without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from inbox import canonical
from inbox.models import ApprovalRequest, Decision
from inbox.services.holds import release_due
from tests.e2e.conftest import Sit, inbox
from tests.e2e.test_a11y import STILL, everywhere
from tests.factories import World, ask, vote
from tests.integration.core.test_holds import due
from tests.integration.core.test_verbs import asked, five_invoices
from tests.policies import enforce

# Longer than the time in which nothing new is decided on.
SETTLED = 500


def at(world: World, request: ApprovalRequest, tail: str = "") -> str:
    return f"/t/{world.team.slug}/r/{request.pk}{tail}"


def answer(request: ApprovalRequest) -> dict[str, object]:
    (action,) = canonical.read(bytes(Decision.objects.get(request=request).answer))["actions"]
    found: dict[str, object] = action
    return found


def fill_in_an_edit(page: Page) -> None:
    page.get_by_role("textbox", name="amount").fill("thirty")
    page.get_by_role("button", name="Preview…").click()
    expect(page.locator("#say .error")).to_be_visible()
    expect(page.get_by_role("textbox", name="amount")).to_have_value("thirty")
    page.get_by_role("textbox", name="amount").fill("30")
    page.get_by_role("button", name="Preview…").click()
    row = page.locator(".diff tr", has_text="amount")
    expect(row.locator("del")).to_have_text("20")
    expect(row.locator("ins")).to_have_text("30")
    expect(page.get_by_text("You decide it alone")).to_be_visible()


def test_e_edits_with_types_and_enter_records_after_the_diff(sit: Sit, world: World) -> None:
    request = ask(world, "issue_refund", {"amount": 20, "customer": "cus_1"})
    page = sit(world.carol).live(at(world, request))
    page.keyboard.press("e")
    fill_in_an_edit(page)
    page.get_by_role("button", name="Change it again").click()
    expect(page.get_by_role("textbox", name="amount")).to_have_value("30")
    page.keyboard.press("Enter")
    expect(page.locator(".diff")).to_be_visible()
    assert not Decision.objects.filter(request=request).exists()
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("Enter")
    expect(page.locator("#bar")).to_contain_text(f"Approved with edits by {world.carol.username}")
    assert answer(request)["args"] == {"amount": 30, "customer": "cus_1"}


def test_without_scripts_an_edit_and_four_of_five_lines(sit: Sit, world: World) -> None:
    request, invoices = ask(world, "issue_refund", {"amount": 20, "customer": "cus_1"}), five_invoices(world)
    page = sit(world.alice, scripts=False).go(at(world, request))
    page.get_by_role("button", name="Edit…").click()
    fill_in_an_edit(page)
    page.get_by_role("button", name="Approve issue_refund as edited").click()
    expect(page.locator("#bar")).to_contain_text("Approved with edits by")
    page.goto(page.url.replace(str(request.pk), str(invoices.pk)))
    page.get_by_role("button", name="Line by line…").click()
    page.get_by_role("radiogroup", name="Line 5").get_by_label("defer").check()
    page.locator("#bar button[value=preview]").click()
    question = page.locator("label[for=read-back]").inner_text()
    page.locator("#read-back").fill("4" if "entries" in question else "w48")
    page.get_by_role("button", name="Pay 4 of 5, defer 1").click()
    expect(page.locator("#bar")).to_contain_text("Decided in parts by")
    assert ApprovalRequest.objects.get(part_of=invoices).state == "pending"


def test_five_lines_are_counted_by_the_server_while_they_are_ticked(sit: Sit, world: World) -> None:
    request = five_invoices(world)
    page = sit(world.alice).live(at(world, request))
    page.keyboard.press("l")
    page.get_by_role("radiogroup", name="Line 5").get_by_label("defer").check()
    expect(page.locator("#say-sum")).to_contain_text("Pay 4 of 5, defer 1…")
    expect(page.locator("#say-sum")).to_contain_text("amount 100 of 150")
    page.get_by_role("radiogroup", name="Line 1").get_by_label("reject").check()
    expect(page.locator("#say-sum")).to_contain_text("Pay 3 of 5, reject 1, defer 1…")
    expect(page.get_by_role("radiogroup", name="Line 5").get_by_label("defer")).to_be_checked()
    assert not Decision.objects.filter(request=request).exists()


def test_z_undoes_in_time_and_says_when_it_is_too_late(sit: Sit, world: World) -> None:
    enforce(world, release_at_once=None)
    request = ask(world)
    page = sit(world.dave).live(at(world, request))
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("a")
    expect(page.locator("#bar")).to_contain_text("Approved by you, held")
    expect(page.locator("#bar time.hold")).to_have_text(re.compile(r"Held · [1-5] s"))
    assert ApprovalRequest.objects.get(pk=request.pk).state == "held"
    page.keyboard.press("z")
    expect(page.locator("#bar").get_by_role("button", name="Reject…")).to_be_visible()
    expect(page.locator("#bar")).to_be_focused()
    assert page.evaluate("scrollY") == 0
    assert ApprovalRequest.objects.get(pk=request.pk).state == "pending"
    vote(world, request, world.dave)
    page.reload()
    expect(page.locator("#bar")).to_contain_text("Approved by you, held")
    due(request)
    release_due()
    page.locator("#bar").get_by_role("button", name="Undo").click()
    expect(page.locator("#conflict")).to_contain_text("Not undone: it was released.")
    expect(page.locator("#bar")).to_contain_text(f"Approved by {world.dave.username}")


def test_axe_finds_nothing_on_the_new_states(sit: Sit, world: World) -> None:
    schema = {"type": "object", "properties": {"amount": {"type": "integer"}, "notify": {"type": "boolean"}}}
    args = {"amount": 20, "odd\u200b": ["a", "b"], "note": "one\ntwo"}
    edit = asked(world, {"key": "c", "name": "issue_refund", "args": args, "args_schema": schema})
    options = [{"value": {"price": n, "name": f"flight {n}"}, "label": "Best"} for n in (1, 2)]
    choice = asked(world, {"key": "c", "kind": "choice", "name": "pick", "options": options})
    question = asked(world, {"key": "q", "kind": "question", "name": "ask", "description": "Which?"})
    steps = [{"key": f"s{n}", "name": "write_file", "args": {"path": f"{n}"}} for n in (1, 2)]
    steps[1]["depends_on"] = ["s1"]
    plan = asked(world, *steps, checkpoint="post_planning")
    lines = five_invoices(world)
    enforce(world, release_at_once=None)
    held = ask(world)
    vote(world, held, world.alice, "reject")
    places = [
        at(world, edit, "?step=edit"),
        at(world, choice),
        at(world, question),
        at(world, plan, "?step=parts"),
        at(world, lines, "?step=lines"),
        at(world, held),
        inbox(world),
        inbox(world, "?view=done"),
    ]
    wrong: dict[str, list[str]] = {}
    seat = sit(world.alice, **STILL)
    for place in places:
        wrong[place] = everywhere(seat.go(place))
    page = seat.go(at(world, edit, "?step=edit"))
    page.get_by_role("textbox", name="amount").fill("21")
    page.get_by_role("button", name="Preview…").click()
    expect(page.locator(".diff")).to_be_visible()
    wrong["preview"] = everywhere(page)
    assert not {place: found for place, found in wrong.items() if found}
