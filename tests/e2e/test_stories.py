"""The seven worked stories as people live them: a worker runs the agents, browsers decide, the effects are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from playwright.sync_api import Locator, Page, expect

from agents.demos import stories, world
from agents.demos.models import LedgerEntry
from agents.hosting.runs import start_run
from agents.models import Agent, HostedRun
from config import demo_team
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Team
from tests.checker import check_team
from tests.e2e.conftest import Sit
from tests.e2e.test_decision_bar import SETTLED
from tests.product import Product, until
from tests.waiting import every_risk, in_force

STORIES = (
    stories.blog_post(),
    stories.five_invoices(),
    stories.late_delivery(),
    stories.account_deletion(),
    stories.promotion(),
    stories.three_flights(),
    stories.uncertain_answer(),
)
# The agents' own time: a step of a run, a hold of a second, and what a sweep brings.
SOON = 30_000


@dataclass(frozen=True)
class Demo:
    """The demo team with one run of each story, all of which wait for people."""

    team: Team
    runs: Mapping[str, HostedRun]

    def effects(self, story: str, tool: str) -> list[dict[str, Any]]:
        """The arguments of what the story's run did with a tool."""
        done = LedgerEntry.objects.filter(thread=self.runs[story].thread, tool=tool).order_by("id")
        return [entry.args for entry in done]

    def finished(self, story: str) -> None:
        """The run comes to its end, and everything about the team is as it must be."""
        run = HostedRun.objects.filter(pk=self.runs[story].pk)
        until(lambda: run.get().state == "done", 30, f"the run of {story} did not end: {run.get().state}")
        check_team(self.team)


@pytest.fixture(scope="module")
def demo(site: Product, django_db_blocker: Any) -> Iterator[Demo]:
    """The demo team of `manage.py up`."""
    with django_db_blocker.unblock():
        team = demo_team.seed()
        in_force(team, hold=every_risk(1))
        runs = {story.name: _begin(team, story) for story in STORIES}
        site.start("worker")
        site.start("sweep", PLACET_SWEEP_SECONDS="1")
        waiting = ApprovalRequest.objects.filter(team=team, state=State.PENDING.value)
        until(lambda: waiting.count() == len(runs), 60, f"not every run asks: {site.log('worker')}")
        yield Demo(team, runs)
        site.kill("worker")
        site.kill("sweep")
        connections.close_all()


def _begin(team: Team, story: stories.Story) -> HostedRun:
    agent = Agent.objects.get(team_id=team.pk, handle=story.handle)
    return start_run(agent=agent, graph=agent.graph, input=story.input, thread=story.name)


def sits(sit: Sit, name: str, view: str = "turn") -> Page:
    """The inbox of a person, open and live."""
    return sit(User.objects.get(username=name)).live(f"/t/demo/?view={view}")


def opens(page: Page, sentence: str) -> None:
    """Open the request that reads so from the inbox; where it is still to come, when the strip says there is news."""
    row = page.get_by_role("link", name=re.compile(f"^{re.escape(sentence)}"))
    expect(row.or_(page.locator("#strip-load:visible")).first).to_be_visible(timeout=SOON)
    if not row.count():
        page.keyboard.press(".")
    row.first.click()
    page.wait_for_selector("body[data-live=on]")
    expect(page.locator("h1")).to_contain_text(sentence)


def press(button: Locator) -> None:
    """Press what records a decision, once it has been there as long as a person needs to read it."""
    expect(button).to_be_visible()
    button.page.wait_for_timeout(SETTLED)
    button.click()


def reads_back(page: Page, **values: str) -> None:
    """Type the value that the page asks for, by its name in the payload."""
    question = page.locator("label[for=read-back]").inner_text()
    page.locator("#read-back").fill(next(value for name, value in values.items() if name in question))


def approves(page: Page, **values: str) -> None:
    """Approve what is open: the consequence is shown first, and a value is read back where the risk is grave."""
    press(page.locator("#bar").get_by_role("button", name=re.compile("^Approve")))
    expect(page.get_by_role("link", name="Not now")).to_be_visible()
    if values:
        reads_back(page, **values)
    press(page.locator("#bar").get_by_role("button", name=re.compile("^Approve")))


def says(page: Page, text: str) -> None:
    """The bar says so, without the page being loaded anew by its reader."""
    expect(page.locator("#bar")).to_contain_text(text, timeout=SOON)


def test_a_post_is_published_with_the_right_figure_and_announced_with_it(demo: Demo, sit: Sit) -> None:
    sam, lena = sits(sit, "sam"), sits(sit, "lena")
    opens(lena, "Publish “Q4 results”, which says +25 %")
    lena.get_by_role("button", name="Edit…").click()
    body = lena.get_by_role("textbox", name="body")
    body.fill(body.input_value().replace("+25 %", "+23 %"))
    lena.get_by_role("textbox", name="growth_percent").fill("23")
    lena.get_by_role("button", name="Preview…").click()
    figure = lena.locator(".diff tr", has_text="growth_percent")
    expect(figure.locator("del")).to_have_text("25")
    expect(figure.locator("ins")).to_have_text("23")
    expect(lena.get_by_text("It then reads: Publish “Q4 results”, which says +23 %")).to_be_visible()
    reads_back(lena, growth_percent="23")
    press(lena.get_by_role("button", name="Approve publish_post as edited"))
    says(lena, "Approved with edits by")
    opens(sam, "Announce at 2026-12-01T09:00:00Z: “Q4: revenue +23 %")
    approves(sam)
    says(sam, "Approved by")
    demo.finished("blog-post")
    (published,) = demo.effects("blog-post", "publish_post")
    assert published["growth_percent"] == 23
    assert "+23 %" in published["body"]
    (announced,) = demo.effects("blog-post", "post_snippets")
    assert "+23 %" in announced["twitter"]
    assert "+23 %" in announced["linkedin"]


def test_four_of_five_invoices_are_paid_and_the_fifth_is_asked_for_again(demo: Demo, sit: Sit) -> None:
    sam, lena, ines = sits(sit, "sam", "all"), sits(sit, "lena"), sits(sit, "ines")
    opens(sam, "Pay 5 invoices of “week 48”")
    sam.get_by_role("button", name="Propose line by line…").click()
    line = sam.get_by_role("row", name=re.compile("INV-0192"))
    line.get_by_label("defer").check()
    line.get_by_role("textbox").fill("In dispute with the vendor.")
    expect(sam.locator("#say-sum")).to_contain_text("amount 16,286.70 of 17,526.70")
    sam.get_by_role("button", name="Pay 4 of 5, defer 1…").click()
    expect(sam.locator("#say")).to_contain_text("1 comes back as a request of its own.")
    reads_back(sam, invoices="4")
    press(sam.get_by_role("button", name="Propose this edit to others"))
    says(sam, "Your edit is stored as version 2.")
    for lead, outcome in ((lena, "Your vote is recorded."), (ines, "Approved")):
        opens(lead, "Pay 4 invoices of “week 48”")
        expect(lead.get_by_text("Line 3: put off, comes back by itself")).to_be_visible()
        approves(lead, invoices="4")
        says(lead, outcome)
    lena.get_by_role("link", name="‹ Inbox").click()
    opens(lena, "Pay 1 invoices of “week 48, put off”")
    expect(lena.locator("#payload")).to_contain_text("INV-0192")
    lena.locator("#bar").get_by_role("button", name="Reject…").click()
    lena.get_by_label("Defer to next month.").check()
    press(lena.locator("#bar").get_by_role("button", name="Reject and tell payables"))
    says(lena, "Rejected by")
    demo.finished("invoices")
    (paid,) = demo.effects("invoices", "pay_invoices")
    assert [one["invoice"] for one in paid["invoices"]] == ["INV-2207", "INV-7731", "INV-5518", "INV-9004"]


def test_the_discount_for_a_late_delivery_is_raised(demo: Demo, sit: Sit) -> None:
    sam = sits(sit, "sam")
    opens(sam, f"Email {world.customers()[118][1]}")
    sam.get_by_role("button", name="Edit…").click()
    sam.get_by_role("textbox", name="discount_percent").fill("30")
    body = sam.get_by_role("textbox", name="body")
    body.fill(body.input_value().replace("20 % off", "30 % off"))
    sam.get_by_role("button", name="Preview…").click()
    expect(sam.locator("#say")).to_contain_text("30 % off the next order")
    press(sam.get_by_role("button", name="Approve email_customer as edited"))
    says(sam, "Approved with edits by")
    demo.finished("late-delivery")
    (mail,) = demo.effects("late-delivery", "email_customer")
    assert mail["discount_percent"] == 30
    assert isinstance(mail["discount_percent"], int)
    assert "30 % off" in mail["body"]


def test_982_of_1247_accounts_are_deleted_by_two_people(demo: Demo, sit: Sit) -> None:
    accounts = world.dormant_accounts()
    kept = [account for at, account in enumerate(accounts) if at * 265 % 1_247 >= 265]
    sam, lena, ines = sits(sit, "sam", "all"), sits(sit, "lena"), sits(sit, "ines")
    opens(sam, "Delete 1,247 user accounts in production")
    sam.get_by_role("button", name="Propose an edit…").click()
    expect(sam.get_by_text("1,247 as sent, one a line")).to_be_visible()
    sam.get_by_role("textbox", name="account_ids").fill("\n".join(kept))
    sam.get_by_role("button", name="Preview…").click()
    expect(sam.get_by_text("It then reads: Delete 982 user accounts in production")).to_be_visible()
    expect(sam.locator(".diff tbody tr")).to_have_count(265)
    reads_back(sam, account_ids="982")
    press(sam.get_by_role("button", name="Propose this edit to others"))
    says(sam, "Your edit is stored as version 2.")
    for lead, outcome in ((lena, "Your vote is recorded."), (ines, "Approved")):
        opens(lead, "Delete 982 user accounts in production")
        expect(lead.locator(".diff tbody tr")).to_have_count(265)
        reads_all(lead, 3)
        approves(lead, account_ids="982")
        says(lead, outcome)
    demo.finished("dormant-accounts")
    (deleted,) = demo.effects("dormant-accounts", "delete_accounts")
    assert deleted["account_ids"] == kept
    assert len(kept) == 982


def reads_all(page: Page, parts: int) -> None:
    """Turn the parts of a long payload, up to the last one."""
    for part in range(2, parts + 1):
        page.get_by_role("link", name=f"Read part {part} of {parts}").click()
    expect(page.get_by_text(f"Part {parts} of {parts}").first).to_be_visible()


def test_the_promotion_goes_to_2451_people_when_two_leads_agree(demo: Demo, sit: Sit) -> None:
    lena, ines = sits(sit, "lena"), sits(sit, "ines")
    for lead in (lena, ines):
        opens(lead, "Send email to 2,451 people, 2,449 outside")
    approves(lena, **{"audience.recipients": "2,451", "audience.external": "2,449"})
    says(lena, "Still needed: ")
    approves(ines, **{"audience.recipients": "2,451", "audience.external": "2,449"})
    says(ines, "Approved by")
    demo.finished("promotion")
    (sent,) = demo.effects("promotion", "send_email")
    assert sent["audience"]["recipients"] == 2_451


def test_the_flight_that_was_chosen_is_booked(demo: Demo, sit: Sit) -> None:
    sam, lena = sits(sit, "sam"), sits(sit, "lena")
    opens(sam, "Choose a flight for “Berlin to Paris, Friday 4 December”")
    expect(sam.get_by_role("radio", checked=True)).to_have_count(0)
    option = sam.locator(".options").get_by_role("row", name=re.compile("LH 2228"))
    expect(option).to_contain_text("149.5")
    option.get_by_role("radio").check()
    press(sam.get_by_role("button", name="Send the choice"))
    says(sam, "by sam")
    opens(lena, "Book “LH 2228” for €149.50")
    approves(lena)
    says(lena, "Approved by")
    demo.finished("flights")
    assert demo.effects("flights", "book_flight") == [
        {"flight": "LH 2228", "price": 149.5, "currency": "EUR"}
    ]


def test_what_the_agent_is_not_sure_of_is_escalated_and_answered(demo: Demo, sit: Sit) -> None:
    sam, lena = sits(sit, "sam"), sits(sit, "lena")
    why = "The terms do not say it, and a promise would bind us."
    answer = "No: a repair does not begin the warranty anew; it runs until May."
    opens(sam, "Asks: “Does the warranty of order ord_76631 begin anew")
    sam.locator("#bar summary", has_text="More").click()
    sam.get_by_role("button", name="Escalate…").click()
    sam.get_by_role("textbox", name="Why").fill(why)
    press(sam.locator("#bar").get_by_role("button", name="Escalate", exact=True))
    says(sam, "This needs lead; you are senior.")
    opens(lena, "Asks: “Does the warranty of order ord_76631 begin anew")
    expect(lena.locator(".request-lead")).to_contain_text("escalated by sam")
    expect(lena.locator(".request-lead")).to_contain_text(why)
    lena.get_by_label("Your answer").fill(answer)
    press(lena.get_by_role("button", name="Send the answer"))
    says(lena, "by lena")
    sam.get_by_role("link", name="‹ Inbox").click()
    opens(sam, f"Email {world.customers()[204][1]}")
    expect(sam.locator("#payload")).to_contain_text(answer)
    approves(sam)
    says(sam, "Approved by")
    demo.finished("warranty")
    (mail,) = demo.effects("warranty", "email_customer")
    assert answer in mail["body"]
