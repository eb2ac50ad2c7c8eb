"""The seven worked stories, through graph, checkpoint, request, decision and effect, each with its numbers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agents.demos import stories, world
from agents.demos.models import LedgerEntry
from agents.hosting.runs import start_run
from agents.models import Agent, HostedRun
from inbox import canonical
from inbox.answers import Answers, Said
from inbox.lifecycle import State, Verb
from inbox.lines import LineSaid, split
from inbox.models import ApprovalRequest
from inbox.services.decide import Decided
from tests.checker import check_team
from tests.factories import World, vote
from tests.integration.hosting.stage import settle, state
from tests.integration.hosting.test_demo_round import demo

__all__ = ["demo"]


def tell(demo: World, story: stories.Story) -> HostedRun:
    agent = Agent.objects.get(team_id=demo.team.pk, handle=story.handle)
    thread = f"{story.name}-{uuid4().hex[:10]}"
    return start_run(agent=agent, graph=agent.graph, input=story.input, thread=thread)


def asked(demo: World, run: HostedRun, tool: str) -> ApprovalRequest:
    """What the run waits for, of this tool."""
    waiting = ApprovalRequest.objects.filter(thread=run.thread, tool=tool, state=State.PENDING.value)
    settle(demo, waiting.exists)
    return waiting.get()


def action_of(request: ApprovalRequest) -> dict[str, Any]:
    revision = request.revisions.get(number=request.revision_number)
    (action,) = canonical.read(bytes(revision.payload))["actions"]
    found: dict[str, Any] = action
    return found


def fully(demo: World, request: ApprovalRequest, **more: Any) -> Decided:
    """Decide as alice, and as bob where two leads are needed."""
    decided = vote(demo, request, demo.alice, **more)
    if decided.decision is None and not decided.proposed:
        decided = vote(demo, request, demo.bob, **more)
    return decided


def edited(request: ApprovalRequest, **args: Any) -> Answers:
    action = action_of(request)
    return {action["key"]: Said(Verb.EDIT, {**action["args"], **args})}


def effects(run: HostedRun, tool: str) -> list[dict[str, Any]]:
    return [entry.args for entry in LedgerEntry.objects.filter(thread=run.thread, tool=tool).order_by("id")]


def done(demo: World, run: HostedRun) -> None:
    settle(demo, lambda: state(run) == "done")
    check_team(demo.team)


def test_a_post_is_published_with_the_right_figure_and_announced_with_it(demo: World) -> None:
    run = tell(demo, stories.blog_post())
    post = asked(demo, run, "publish_post")
    assert post.checkpoint == "pre_commit"
    body = action_of(post)["args"]["body"].replace("+25 %", "+23 %")
    fully(demo, post, actions=edited(post, body=body, growth_percent=23))
    snippets = asked(demo, run, "post_snippets")
    assert "+23 %" in action_of(snippets)["args"]["twitter"]
    fully(demo, snippets)
    done(demo, run)
    (published,) = effects(run, "publish_post")
    assert published["growth_percent"] == 23
    assert "+23 %" in published["body"]
    assert "+25 %" not in str(effects(run, "post_snippets"))


def test_four_of_five_invoices_are_paid_and_the_fifth_is_asked_for_again(demo: World) -> None:
    run = tell(demo, stories.five_invoices())
    request = asked(demo, run, "pay_invoices")
    action = action_of(request)
    parted = split(action, [LineSaid(2, "defer", "In dispute with the vendor.")])
    said = {action["key"]: Said(Verb.EDIT, parted.args)}
    proposed = vote(demo, request, demo.carol, actions=said, set_aside=parted.set_aside)
    assert proposed.proposed
    request.refresh_from_db()
    fully(demo, request)
    again = asked(demo, run, "pay_invoices")
    (paid,) = effects(run, "pay_invoices")
    assert [one["invoice"] for one in paid["invoices"]] == ["INV-2207", "INV-7731", "INV-5518", "INV-9004"]
    assert [one["invoice"] for one in action_of(again)["args"]["invoices"]] == ["INV-0192"]
    fully(demo, again, verdict="reject")
    done(demo, run)
    assert len(effects(run, "pay_invoices")) == 1


def test_the_discount_for_a_late_delivery_is_raised(demo: World) -> None:
    run = tell(demo, stories.late_delivery())
    mail = asked(demo, run, "email_customer")
    fully(demo, mail, actions=edited(mail, discount_percent=30))
    done(demo, run)
    assert [one["discount_percent"] for one in effects(run, "email_customer")] == [30]


def test_982_of_1247_accounts_are_deleted_by_two_people(demo: World) -> None:
    run = tell(demo, stories.account_deletion())
    request = asked(demo, run, "delete_accounts")
    accounts = action_of(request)["args"]["account_ids"]
    assert len(accounts) == 1_247
    # Carol stands too low to decide it and takes out the accounts that accounting must keep; two leads decide.
    kept = accounts[:982]
    assert vote(demo, request, demo.carol, actions=edited(request, account_ids=kept)).proposed
    request.refresh_from_db()
    assert request.sentence == "Delete 982 user accounts in production"
    assert vote(demo, request, demo.alice).slots_open == ("lead#2",)
    assert vote(demo, request, demo.bob).decision is not None
    done(demo, run)
    (deleted,) = effects(run, "delete_accounts")
    assert deleted["account_ids"] == kept


def test_the_promotion_goes_to_2451_people_when_two_leads_agree(demo: World) -> None:
    run = tell(demo, stories.promotion())
    fully(demo, asked(demo, run, "send_email"))
    done(demo, run)
    assert [one["audience"]["recipients"] for one in effects(run, "send_email")] == [2_451]


def test_the_flight_that_was_chosen_is_booked(demo: World) -> None:
    run = tell(demo, stories.three_flights())
    choice = asked(demo, run, "choose_flight")
    action = action_of(choice)
    assert len(action["options"]) == 3
    chosen = world.flights()[1]["value"]
    fully(demo, choice, actions={action["key"]: Said(Verb.CHOOSE, value=[chosen])})
    fully(demo, asked(demo, run, "book_flight"))
    done(demo, run)
    (booked,) = effects(run, "book_flight")
    assert booked == {key: chosen[key] for key in ("flight", "price", "currency")}


def test_what_the_agent_was_not_sure_of_is_answered_by_a_person(demo: World) -> None:
    run = tell(demo, stories.uncertain_answer())
    question = asked(demo, run, "ask_person")
    answer = "No: a repair does not begin the warranty anew; it runs until May."
    fully(demo, question, actions={action_of(question)["key"]: Said(Verb.RESPOND, value=answer)})
    fully(demo, asked(demo, run, "email_customer"))
    done(demo, run)
    (mail,) = effects(run, "email_customer")
    assert answer in mail["body"]


@pytest.mark.parametrize(
    "story", [stories.five_invoices(), stories.three_flights()], ids=lambda story: story.name
)
def test_a_story_that_is_refused_does_nothing(demo: World, story: stories.Story) -> None:
    run = tell(demo, story)
    settle(demo, ApprovalRequest.objects.filter(thread=run.thread, state="pending").exists)
    fully(demo, ApprovalRequest.objects.get(thread=run.thread, state="pending"), verdict="reject")
    done(demo, run)
    assert not LedgerEntry.objects.filter(thread=run.thread).exists()
