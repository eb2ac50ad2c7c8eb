"""What people who stand too low do in the worked stories: they edit, part and escalate, and others decide."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agents.demos import stories
from agents.demos.models import LedgerEntry
from agents.hosting.runs import start_run
from agents.models import Agent, HostedRun
from inbox import canonical
from inbox.answers import Answers, Said
from inbox.errors import NotAllowed
from inbox.lifecycle import State, Verb
from inbox.lines import LineSaid, split
from inbox.models import ApprovalRequest
from inbox.services import converse
from inbox.services.decide import Decided
from inbox.services.escalate_by_hand import escalate
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


def test_what_somebody_was_not_sure_of_either_is_answered_further_up(demo: World) -> None:
    run = tell(demo, stories.uncertain_answer())
    question = asked(demo, run, "ask_person")
    escalate(person=demo.carol, team=demo.team, request_id=question.pk, reason="The terms do not say it.")
    question.refresh_from_db()
    answer = "No: a repair does not begin the warranty anew; it runs until May."
    said = {action_of(question)["key"]: Said(Verb.RESPOND, value=answer)}
    with pytest.raises(NotAllowed):
        vote(demo, question, demo.carol, actions=said)
    fully(demo, question, actions=said)
    fully(demo, asked(demo, run, "email_customer"))
    done(demo, run)
    (mail,) = effects(run, "email_customer")
    assert answer in mail["body"]


def test_a_demo_agent_answers_and_sends_the_right_figure_when_its_draft_is_sent_back(demo: World) -> None:
    run = tell(demo, stories.blog_post())
    post = asked(demo, run, "publish_post")
    told = {"team": demo.team, "request_id": post.pk, "person": demo.alice}
    for say, kind in ((converse.ask, "question"), (converse.regenerate, "regenerate")):
        say(**told, text="Where does the figure come from?", key=kind)
        settle(demo, lambda: ApprovalRequest.objects.get(pk=post.pk).asked_agent_at is None)
    answer, note = (said.text for said in post.messages.filter(kind="answer").order_by("pk"))
    assert ("I rounded it up." in answer, note) == (True, "With the figure as announced, not rounded up.")
    post.refresh_from_db()
    assert (post.revision_number, action_of(post)["args"]["growth_percent"]) == (2, 23)
    fully(demo, post)
    fully(demo, asked(demo, run, "post_snippets"))
    done(demo, run)
    assert [one["growth_percent"] for one in effects(run, "publish_post")] == [23]


@pytest.mark.parametrize(
    "story", [stories.five_invoices(), stories.three_flights()], ids=lambda story: story.name
)
def test_a_story_that_is_refused_does_nothing(demo: World, story: stories.Story) -> None:
    run = tell(demo, story)
    settle(demo, ApprovalRequest.objects.filter(thread=run.thread, state="pending").exists)
    fully(demo, ApprovalRequest.objects.get(thread=run.thread, state="pending"), verdict="reject")
    done(demo, run)
    assert not LedgerEntry.objects.filter(thread=run.thread).exists()
