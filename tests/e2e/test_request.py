"""The request page in a real browser: hostile text stays text, nothing is hidden, states are true."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, Route, expect

from agents.contract import Submission
from inbox.models import ApprovalRequest, Decision
from inbox.services.submit import submit
from tests.e2e.conftest import PHONE, Sit, inbox
from tests.e2e.corpus import CORPUS, MARK
from tests.factories import World, ask, body, vote

# Every element and attribute name on the page with how often it occurs, outside the payload's own rows.
SHAPE = """() => {
  const names = new Set();
  for (const element of document.querySelectorAll("*")) {
    names.add(element.tagName.toLowerCase());
    for (const { name } of element.attributes) names.add(`${element.tagName.toLowerCase()}[${name}]`);
  }
  return [...names].sort();
}"""


def at(world: World, request: ApprovalRequest, tail: str = "") -> str:
    return f"/t/{world.team.slug}/r/{request.pk}{tail}"


def told_in_every_field(world: World, texts: tuple[str, ...]) -> ApprovalRequest:
    """One request that carries the texts wherever an agent may write."""
    joined = "\n".join(texts)[:19_000]
    fields = body(
        "send_email",
        {"to": list(texts), "subject": texts[0], "keys": {text[:250]: n for n, text in enumerate(texts)}},
    )
    fields["actions"][0]["description"] = joined
    fields["context"] = {
        "goal": joined,
        "rationale": joined,
        "reversibility": joined,
        "alternatives": list(texts[:20]),
        "evidence": list(texts[20:40]),
        "impact": {"said": list(texts)},
    }
    return submit(agent=world.agent, submission=Submission.model_validate(fields)).request


def test_hostile_text_makes_no_element_no_script_and_no_request(sit: Sit, world: World) -> None:
    assert len(CORPUS) >= 60
    # What the renderer refuses to keep apart from another key is refused at the door; the rest arrives.
    texts = tuple(text for text in CORPUS if "\u2028" not in text)
    harmless = told_in_every_field(
        world, tuple(f"text {n} \u202e \u0430pple {uuid4().hex}" for n in range(len(texts)))
    )
    hostile = told_in_every_field(world, texts)
    seat = sit(world.alice)
    for tail in ("", "?raw=1", "?step=reject", "/why"):
        allowed = set(seat.live(at(world, harmless, tail)).evaluate(SHAPE))
        page = seat.live(at(world, hostile, tail))
        page.mouse.move(600, 400)
        page.wait_for_timeout(200)
        assert set(page.evaluate(SHAPE)) - allowed == set()
        assert page.evaluate(f"window.{MARK}") is None
    for view in ("", "?view=all"):
        page = seat.live(inbox(world, view))
        expect(page.locator(f"#r-{hostile.pk.hex}")).to_be_visible()
        assert page.evaluate(f"window.{MARK}") is None
        assert page.locator(".row img, .row script, .row iframe").count() == 0
    assert not seat.posts()
    assert not Decision.objects.filter(request=hostile).exists()


def test_the_agents_words_never_leave_their_box(sit: Sit, world: World) -> None:
    request = told_in_every_field(
        world, ("WIDE " * 400, "W" * 3000, "\n" * 5 + "low", "\u202eright to left " * 50)
    )
    page = sit(world.alice).live(at(world, request))
    outside = page.evaluate(
        """() => {
          const box = document.querySelector("[data-prov=agent]");
          const style = getComputedStyle(box);
          const { left, right, top, bottom } = box.getBoundingClientRect();
          const escaped = [...box.querySelectorAll("*")].filter((element) => {
            const b = element.getBoundingClientRect();
            return b.width && (b.left < left - 1 || b.right > right + 1 || b.top < top - 1 || b.bottom > bottom + 1);
          });
          return { escaped: escaped.length, contain: style.contain, overflow: style.overflow, bidi: style.unicodeBidi };
        }"""
    )
    assert outside == {"escaped": 0, "contain": "paint", "overflow": "clip", "bidi": "isolate"}


HIDDEN = """() => [...document.querySelectorAll("[data-payload], [data-payload] *:not(.sr-only, .sr-only *)")].filter((element) => {
  const style = getComputedStyle(element);
  return (
    element.scrollHeight - element.clientHeight > 1 && style.overflowY !== "visible" && element.clientHeight > 0 ||
    style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" ||
    (style.display === "none" && element.tagName !== "COLGROUP" && element.tagName !== "THEAD") ||
    element.closest("details:not([open])")
  );
}).map((element) => `${element.tagName}.${element.className}`)"""


def test_no_part_of_a_payload_is_cut_folded_or_scrolled_away(sit: Sit, world: World) -> None:
    args = {
        "to": "a@b.example",
        "subject": "s" * 4000,
        "text": "line\n" * 200,
        "deep": {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
    }
    request = ask(world, "send_email", args)
    for size in ((1280, 800), PHONE):
        page = sit(world.alice, size=size).live(at(world, request))
        assert page.evaluate(HIDDEN) == []
        shown = page.locator("[data-payload]").first.inner_text()
        assert "s" * 4000 in shown.replace("\n", "")
        assert shown.count("line") >= 200


def test_an_open_bar_never_covers_the_end_of_the_page(sit: Sit, world: World) -> None:
    request = ask(
        world, "send_email", {"to": "a@b.example", "subject": "Hello"}, context={"goal": "LAST WORDS"}
    )
    page = sit(world.alice).live(at(world, request, "?step=reject"))
    page.evaluate("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
    box, bar = page.locator("#case").bounding_box(), page.locator("#bar").bounding_box()
    assert box is not None
    assert bar is not None
    assert box["y"] + box["height"] <= bar["y"]


def test_recording_is_said_until_the_server_has_it_and_never_before(sit: Sit, world: World) -> None:
    request = ask(world)
    page = sit(world.dave).live(at(world, request))
    held: list[Route] = []
    page.route("**/decide", lambda route: held.append(route))
    page.wait_for_timeout(500)
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Recording…")).to_be_visible()
    page.keyboard.press("a")
    page.get_by_role("button", name="Recording…").click()
    assert "Approved by" not in page.locator("#request").inner_text()
    assert not Decision.objects.filter(request=request).exists()
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator("#bar")).to_contain_text("Approved by")


def test_a_server_that_cannot_be_reached_is_said_and_nothing_typed_is_lost(sit: Sit, world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    seat = sit(world.alice)
    page = seat.live(at(world, request, "?step=reject"))
    page.route("**/decide", lambda route: route.abort())
    page.get_by_label("In your words").fill("My long considered reason")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Reject and tell crm-writer").click()
    expect(page.get_by_role("alert")).to_contain_text("Not recorded: the server could not be reached.")
    expect(page.get_by_label("In your words")).to_have_value("My long considered reason")
    # htmx logs the failure that was staged
    assert [thing for thing in seat.wrong if "Failed to fetch" not in thing] == []
    seat.wrong.clear()
    page.unroute("**/decide")
    page.get_by_role("button", name="Reject and tell crm-writer").click()
    expect(page.locator("#bar")).to_contain_text("Rejected by")
    assert Decision.objects.get(request=request).message == "My long considered reason"


def test_coming_second_shows_who_was_first_and_keeps_the_words(sit: Sit, world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    page = sit(world.alice).live(at(world, request, "?step=reject"))
    page.get_by_label("In your words").fill("I had doubts")
    page.wait_for_timeout(500)
    # The page hears nothing of it: what is tested is the answer to the form.
    page.evaluate("document.getElementById('request').dataset.closed = 'no'")
    vote(world, request, world.bob)
    page.get_by_role("button", name="Reject and tell crm-writer").click()
    expect(page.locator("#conflict")).to_contain_text(f"already approved by {world.bob.username}")
    expect(page.locator("#conflict")).to_contain_text("You had written: “I had doubts”")
    expect(page.locator("#bar")).to_contain_text(f"Approved by {world.bob.username}")


def test_a_vote_of_two_tells_the_next_person(sit: Sit, world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1200)]})
    for person, said in ((world.alice, "Your vote is recorded"), (world.bob, "Approved by")):
        page = sit(person).live(at(world, request))
        while page.locator("#bar").get_by_role("link", name=re.compile("Read part")).count():
            page.locator("#bar").get_by_role("link", name=re.compile("Read part")).click()
            page.wait_for_selector("body[data-live=on]")
        page.locator("#bar button[name=step][value=approve]").click()
        expect(page.locator(".consequence")).to_be_visible()
        page.wait_for_timeout(500)
        page.get_by_label("How many entries has accounts?").fill("1200")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#bar")).to_contain_text(said)


def test_a_wrong_value_read_back_records_nothing_and_keeps_the_note(sit: Sit, world: World) -> None:
    request = ask(world, "send_email", {"to": "billing@example.com", "subject": "two words"})
    page = sit(world.alice).live(at(world, request))
    page.wait_for_timeout(500)
    page.keyboard.press("a")
    expect(page.get_by_label("What stands in to?")).to_be_focused()
    page.get_by_label("What stands in to?").fill("sales@example.com")
    page.get_by_label("Note to the agent").fill("Once only")
    page.wait_for_timeout(500)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#conflict")).to_contain_text("that is not the value in the payload")
    expect(page.get_by_label("Note to the agent")).to_have_value("Once only")
    assert not Decision.objects.filter(request=request).exists()
    page.get_by_label("What stands in to?").fill("Billing@example.com")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(page.locator("#bar")).to_contain_text("Approved by")


def test_the_digest_can_be_copied_whole(sit: Sit, world: World) -> None:
    request = ask(world)
    seat = sit(world.dave)
    seat.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=seat.origin)
    page = seat.live(at(world, request))
    page.get_by_role("button", name="Copy the whole digest").click()
    assert page.evaluate("navigator.clipboard.readText()") == request.digest


def test_the_bar_of_a_phone_stands_over_the_navigation(sit: Sit, world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    page = sit(world.alice, size=PHONE).live(at(world, request))
    rail, bar = box_of(page, ".rail"), box_of(page, "#bar")
    assert bar["y"] + bar["height"] <= rail["y"] + 1
    assert bar["width"] == PHONE[0]


def box_of(page: Page, selector: str) -> dict[str, Any]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return dict(box)
