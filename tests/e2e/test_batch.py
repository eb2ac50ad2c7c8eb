"""The batch sheet in a browser: counted without scripts, second looks by hand, keys, refusals, the report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from inbox.models import ApprovalRequest, Batch
from tests.e2e.conftest import PHONE, Sit, inbox
from tests.factories import World, ask, vote

GUARD_MS = 450


def files(world: World, count: int) -> list[ApprovalRequest]:
    return [
        ask(world, "write_file", {"path": f"docs/page-{n:02}.md", "text": "hello there"})
        for n in range(count)
    ]


def odd_one(world: World) -> ApprovalRequest:
    return ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})


def sheet(world: World, request: ApprovalRequest) -> str:
    return inbox(world, f"g/{request.group_id}")


def pending(requests: list[ApprovalRequest]) -> int:
    return ApprovalRequest.objects.filter(pk__in=[r.pk for r in requests], state="pending").count()


def counted(page: Page) -> str:
    """The number on the approving button, as it is drawn: a stylesheet counts it, and no script can read that."""
    expect(page.locator(".approve")).to_have_accessible_name("Approve the ticked × write_file")
    found = page.context.new_cdp_session(page).send("DOMSnapshot.captureSnapshot", {"computedStyles": []})
    strings, document = found["strings"], found["documents"][0]
    nodes, layout = document["nodes"], document["layout"]
    drawn: dict[int, str] = {}
    for node, text in zip(layout["nodeIndex"], layout["text"], strict=True):
        if text >= 0:
            drawn[node] = strings[text]
    for node, text in drawn.items():
        parent = nodes["parentIndex"][node]
        for above in (parent, nodes["parentIndex"][parent]):
            if "ticked-count" in [strings[part] for part in nodes["attributes"][above]]:
                return text
    raise AssertionError("no number is drawn")


def test_a_group_of_24_is_approved_from_the_inbox_in_three_presses(sit: Sit, world: World) -> None:
    requests = files(world, 24)
    seat = sit(world.dave)
    page = seat.live(inbox(world))
    page.locator(f"#g-{requests[0].group_id.hex} .row-link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/g/**")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    page.wait_for_url("**/b/**")
    expect(page.get_by_text("All 24 recorded.")).to_be_visible()
    assert pending(requests) == 0
    assert len(seat.posts("/decide")) == 1


def test_the_button_counts_what_is_ticked_with_and_without_scripts(sit: Sit, world: World) -> None:
    requests = files(world, 5)
    for scripts in (True, False):
        page = sit(world.dave, scripts=scripts).go(sheet(world, requests[0]))
        assert counted(page) == "5"
        page.locator(f"#r-{requests[1].pk.hex} input").uncheck()
        assert counted(page) == "4"


def test_an_odd_row_holds_the_sheet_back_until_someone_says_they_looked(sit: Sit, world: World) -> None:
    requests, odd = files(world, 6), odd_one(world)
    page = sit(world.dave).go(sheet(world, odd))
    expect(page.locator(".open-note")).to_be_visible()
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    assert page.evaluate("document.querySelector('#sheet').checkValidity()") is False
    expect(page).to_have_url(re.compile("/g/"))
    page.locator(f"#r-{odd.pk.hex} .row-link").focus()
    page.keyboard.press("v")
    expect(page.locator(f"#r-{odd.pk.hex} .include")).to_be_checked()
    expect(page.locator(".open-note")).to_be_hidden()
    page.keyboard.press("a")
    page.wait_for_url("**/b/**")
    assert pending([*requests, odd]) == 0


def test_x_leaves_the_focused_row_out_and_puts_it_back(sit: Sit, world: World) -> None:
    requests = files(world, 4)
    page = sit(world.dave).go(sheet(world, requests[0]))
    page.keyboard.press("j")
    box = page.locator(".row:focus-within input")
    page.keyboard.press("x")
    expect(box).not_to_be_checked()
    page.keyboard.press("x")
    expect(box).to_be_checked()


def test_approving_waits_until_the_sheet_has_been_there_for_a_moment(sit: Sit, world: World) -> None:
    requests = files(world, 3)
    seat = sit(world.dave)
    page = seat.go(sheet(world, requests[0]))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/g/"))
    assert not seat.posts("/decide")
    assert pending(requests) == 3


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_checkbox_decides_nothing_and_keeps_what_is_ticked(
    sit: Sit, world: World, scripts: bool
) -> None:
    requests = files(world, 3)
    page = sit(world.dave, scripts=scripts).go(sheet(world, requests[0]))
    page.wait_for_timeout(GUARD_MS)
    page.locator(f"#r-{requests[1].pk.hex} input").uncheck()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(f"#r-{requests[1].pk.hex} input")).not_to_be_checked()
    expect(page.locator(f"#r-{requests[0].pk.hex} input")).to_be_checked()
    assert pending(requests) == 3


def test_without_scripts_a_sheet_is_approved_with_one_left_out_and_one_looked_at(
    sit: Sit, world: World
) -> None:
    requests, odd = files(world, 6), odd_one(world)
    page = sit(world.dave, scripts=False).go(sheet(world, odd))
    page.locator(f"#r-{requests[2].pk.hex} input").uncheck()
    page.locator(f"#r-{odd.pk.hex} .include").check()
    page.locator(".approve").click()
    expect(page.get_by_text("All 6 recorded.")).to_be_visible()
    assert pending(requests) == 1
    assert pending([odd]) == 0


def test_without_scripts_all_are_rejected_with_a_reason(sit: Sit, world: World) -> None:
    requests = files(world, 4)
    page = sit(world.dave, scripts=False).go(sheet(world, requests[0]))
    page.locator(".reject > summary").click()
    page.locator("#message").fill("Use the wiki.")
    page.locator(".reject-all").click()
    expect(page.get_by_text("The agents are told: “Use the wiki.”")).to_be_visible()
    assert pending(requests) == 0


def test_a_refused_sheet_keeps_what_was_ticked(sit: Sit, world: World) -> None:
    requests, odd = files(world, 6), odd_one(world)
    page = sit(world.dave, scripts=False).go(sheet(world, odd))
    page.locator(f"#r-{requests[2].pk.hex} input").uncheck()
    # A page from before the rule, or a hand-made form: only the server's own check is left.
    page.locator("#sheet").evaluate("form => form.noValidate = true")
    page.locator(".approve").click()
    expect(page.locator("#said")).to_contain_text("1 request stands out")
    expect(page.locator(f"#r-{requests[2].pk.hex} input")).not_to_be_checked()
    expect(page.locator(f"#r-{requests[3].pk.hex} input")).to_be_checked()
    assert not Batch.objects.filter(team=world.team).exists()


def test_requests_that_arrive_meanwhile_are_said_and_move_nothing(sit: Sit, world: World) -> None:
    requests = files(world, 3)
    seat = sit(world.dave)
    seat.page.clock.install()
    page = seat.go(sheet(world, requests[0]))
    place = page.locator(".sheet-table").bounding_box()
    files(world, 2)
    page.clock.fast_forward(11_000)
    expect(page.locator("#arrivals")).to_have_text("2 more like these arrived, not included.")
    assert page.locator(".sheet-table").bounding_box() == place
    assert page.locator(".sheet-table .item").count() == 3


def test_what_was_decided_meanwhile_is_named_in_the_report(sit: Sit, world: World) -> None:
    requests = files(world, 4)
    page = sit(world.dave).go(sheet(world, requests[0]))
    vote(world, requests[1], world.carol)
    page.wait_for_timeout(GUARD_MS)
    page.locator(".approve").click()
    expect(page.get_by_text("1 of 4 not approved.")).to_be_visible()
    expect(page.locator("[data-outcome=already-decided]")).to_contain_text(requests[1].sentence)


def test_the_sheet_fits_a_phone(sit: Sit, world: World) -> None:
    requests, odd = files(world, 12), odd_one(world)
    page = sit(world.dave, size=PHONE).go(sheet(world, odd))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(f"#r-{odd.pk.hex} .leave").check()
    page.wait_for_timeout(GUARD_MS)
    page.locator(".approve").click()
    expect(page.get_by_text("All 12 recorded.")).to_be_visible()
    assert pending(requests) == 0
    assert pending([odd]) == 1
