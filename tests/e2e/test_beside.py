"""What stands beside the decision in a real browser: asking, putting aside, the way back, notifications, pauses."""

from __future__ import annotations

from playwright.sync_api import expect

from inbox.models import ApprovalRequest, Message
from inbox.services.claims import claim
from inbox.services.feedback import give_feedback
from inbox.services.revise import redraft
from tests.e2e.conftest import Sit, inbox
from tests.e2e.test_a11y import STILL, everywhere
from tests.e2e.test_decision_bar import SETTLED, at
from tests.factories import World, ask
from tests.integration.core.test_conversation import answers, asks, draft
from tests.integration.core.test_pauses import pause
from tests.integration.core.test_recall import approved

REFUND = {"amount": 20, "customer": "cus_1"}


def talked(world: World) -> ApprovalRequest:
    """A request with a question, an answer, a note, another draft, and a question nobody answered yet."""
    request = ask(world, "issue_refund", REFUND)
    asks(world, request, world.carol)
    answers(world, request, "Order 7, of last Tuesday. The customer wrote twice.")
    redraft(agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 10}))
    asks(world, request, world.alice, "And the other one?")
    request.refresh_from_db()
    return request


def judged(world: World) -> ApprovalRequest:
    request = approved(world)
    give_feedback(
        person=world.carol,
        team=world.team,
        request_id=request.pk,
        kind="incident",
        reason="It overwrote a file.",
    )
    return request


def test_keys_ask_put_aside_and_recall_from_a_folded_more(sit: Sit, world: World) -> None:
    request, done = ask(world, "issue_refund", REFUND), approved(world)
    page = sit(world.dave).live(at(world, done))
    page.keyboard.press("z")
    page.locator("#reason").fill("Wrong file.")
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#bar")).to_contain_text("Recalled by")
    page = sit(world.carol).live(at(world, request))
    page.keyboard.press("m")
    expect(page.locator("#talk-text")).to_be_focused()
    page.keyboard.type("Which order?")
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".talk-said")).to_contain_text("Which order?")
    assert Message.objects.filter(request=request).count() == 1
    answers(world, request)
    expect(page.locator("#strip-text")).to_have_text("The agent answered while you read")
    page.keyboard.press(".")
    expect(page.locator(".talk-said [data-prov=agent]")).to_contain_text("Order 7.")
    page.keyboard.press("c")
    expect(page.locator("#bar")).to_contain_text("You are working on this")
    page.keyboard.press("h")
    expect(page.locator(".asides")).to_be_visible()
    page.keyboard.press("2")
    page.wait_for_timeout(SETTLED)
    page.keyboard.press("Enter")
    expect(page.locator(".aside-line")).to_contain_text("put aside")
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("Notifications")


def test_axe_finds_nothing_on_the_new_states(sit: Sit, world: World) -> None:
    request, talk, ended = ask(world, "issue_refund", REFUND), talked(world), judged(world)
    claim(person=world.bob, team=world.team, request_id=request.pk)
    claim(person=world.alice, team=world.team, request_id=request.pk, take_over=True)
    mine = ask(world, "issue_refund", {**REFUND, "customer": "cus_2"})
    pause(world, agent_id=world.agent.pk)
    steps = ("ask", "guide", "regenerate", "snooze", "escalate", "pass_on")
    places = [
        *(at(world, mine, f"?step={step}") for step in steps),
        at(world, talk),
        at(world, request),
        at(world, ended),
        at(world, ended, "?step=report"),
        inbox(world),
        inbox(world, "?view=waiting"),
        inbox(world, "?view=snoozed"),
        inbox(world, "notifications"),
        inbox(world, "pauses"),
    ]
    admin = [inbox(world, f"pauses?{tail}") for tail in ("team=1", "tool=write_file")]
    admin += [inbox(world, f"agents/{world.agent.pk}"), inbox(world, "agents"), inbox(world, "tools")]
    wrong: dict[str, list[str]] = {}
    for person, addresses in ((world.bob, places), (world.erin, admin)):
        seat = sit(person, **STILL)
        for place in addresses:
            page = seat.go(place)
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            wrong[place] = everywhere(page)
    assert not {place: found for place, found in wrong.items() if found}
