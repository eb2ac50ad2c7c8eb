"""The demo agents: real graphs, a scripted model, decisions by the cast, effects in the ledger."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pytest_django import Settings

from agents.demos import stories, world
from agents.demos.catalogue import AGENTS, IDEMPOTENT
from agents.demos.catalogue import TOOLS as CATALOGUE
from agents.demos.ledger import Call
from agents.demos.model import SCRIPT, ScriptedChatModel, chat_model
from agents.demos.models import LedgerEntry
from agents.demos.rounds import NotSeeded, end_rounds, start_round
from agents.demos.tools import TOOLS
from agents.hosting import registry
from agents.hosting.runs import start_run
from agents.models import Agent, HostedRun
from agents.services import register_agent
from config import demo_team
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Decision, RequestGroup
from inbox.rendering.sentence import compile_template, render
from inbox.services.teams import create_team
from inbox.services.tools import import_tools
from tests.checker import check_team
from tests.factories import World, vote
from tests.integration.hosting.stage import settle, state, values

STORIES = (
    stories.blog_post(),
    stories.three_flights(),
    stories.uncertain_answer(),
    stories.promotion(),
    stories.five_invoices(),
    stories.late_delivery(),
    stories.account_deletion(),
    stories.small_refund(3),
    stories.page_fix(3),
)


@pytest.fixture
def demo(real_world: World) -> World:
    """A committed team with the demo agents and tools beside the cast."""
    import_tools(team=real_world.team, tools=[demo_team._described(facts) for facts in CATALOGUE])
    for facts in AGENTS:
        if facts.handle != real_world.agent.handle:
            register_agent(
                team_id=real_world.team.pk, handle=facts.handle, owner=real_world.erin, graph=facts.graph
            )
    real_world.agent.graph = "demo-crm"
    real_world.agent.save()
    return real_world


def pending(demo: World) -> list[ApprovalRequest]:
    return list(ApprovalRequest.objects.filter(team=demo.team, state=State.PENDING.value).order_by("id"))


def decide_fully(demo: World, request: ApprovalRequest, verdict: str = "approve", message: str = "") -> None:
    """Decide as alice, and as bob where two leads are needed."""
    decided = vote(demo, request, demo.alice, verdict, message=message)
    if decided.decision is None:
        decided = vote(demo, request, demo.bob, verdict, message=message)
    assert decided.decision is not None


def begin_story(demo: World, story: stories.Story) -> HostedRun:
    agent = Agent.objects.get(team_id=demo.team.pk, handle=story.handle)
    run = start_run(
        agent=agent, graph=agent.graph, input=story.input, thread=f"{story.name}-{uuid4().hex[:10]}"
    )
    settle(demo, lambda: bool(ApprovalRequest.objects.filter(thread=run.thread, state="pending")))
    return run


def test_a_round_asks_for_every_story_and_does_what_was_approved_once(demo: World) -> None:
    runs = start_round(demo.team.pk, background=21)
    assert len(runs) == 7 + 2 * 21
    settle(demo, lambda: all(state(run) == "paused" for run in runs), seconds=60)

    asked = pending(demo)
    assert Counter(request.tool for request in asked) == {
        "send_email": 1,
        "pay_invoices": 1,
        "publish_post": 1,
        "choose_flight": 1,
        "ask_person": 1,
        "email_customer": 1,
        "delete_accounts": 1,
        "issue_refund": 21,
        "write_file": 21,
    }
    risks = {request.tool: request.risk for request in asked}
    assert risks == {
        "send_email": "critical",
        "email_customer": "medium",
        "delete_accounts": "critical",
        "pay_invoices": "critical",
        "publish_post": "high",
        "choose_flight": "medium",
        "ask_person": "medium",
        "issue_refund": "low",
        "write_file": "low",
    }
    groups = RequestGroup.objects.filter(team=demo.team, pending__gt=0)
    assert sorted(groups.values_list("tool", "pending")) == [("issue_refund", 21), ("write_file", 21)]
    reads = Decision.objects.filter(request__team=demo.team, kind=Decision.Kind.POLICY)
    assert Counter(reads.values_list("request__tool", flat=True)) == {"lookup_order": 22, "read_file": 21}

    background = [request for request in asked if request.risk == "low"]
    for request in background:
        decide_fully(demo, request)
    settle(demo, lambda: sum(state(run) == "done" for run in runs) == len(background), seconds=60)

    effects = LedgerEntry.objects.filter(team_id=demo.team.pk)
    assert Counter(effects.values_list("tool", flat=True)) == Counter(one.tool for one in background)
    assert effects.values("effect_key").distinct().count() == len(background)
    check_team(demo.team)


def test_what_is_asked_reads_as_a_sentence(demo: World) -> None:
    for story in STORIES:
        begin_story(demo, story)
    sentences = {request.tool: request.sentence for request in pending(demo)}
    assert sentences["send_email"].startswith("Send email to 2,451 people, 2,449 outside: “Three days only")
    assert sentences["delete_accounts"] == "Delete 1,247 user accounts in production"
    assert sentences["pay_invoices"] == "Pay 5 invoices of “week 48”"
    assert sentences["publish_post"].startswith("Publish “Q4 results”, which says +25 %: “Our fourth")
    assert sentences["choose_flight"] == "Choose a flight for “Berlin to Paris, Friday 4 December”"
    assert sentences["email_customer"].endswith("“Your late delivery”, 20 % off the next order")
    assert sentences["issue_refund"] == "Refund $10.19 to cus_032 for ord_70040: “charged twice”"
    assert sentences["write_file"].startswith("Write docs/guide/step-04.md: “# Step 4")


def test_a_campaign_is_not_sent_to_a_list_that_changed_since(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin_story(demo, stories.promotion())
    joined = {**world.audience(), "list_digest": "sha256:" + "0" * 64}
    monkeypatch.setattr(world, "audience", lambda: joined)
    decide_fully(demo, pending(demo)[0])
    settle(demo, lambda: state(run) == "done")
    assert not LedgerEntry.objects.filter(thread=run.thread).exists()
    assert "no longer those that were approved" in values(run)["messages"][-2].content


def test_an_effect_key_seen_before_is_done_again_only_by_tools_that_may_not_be_repeated(demo: World) -> None:
    run = begin_story(demo, stories.promotion())
    for name, tool, args in (
        ("write_file", TOOLS["write_file"], {"path": "docs/a.md", "content": "x"}),
        ("pay_invoices", TOOLS["pay_invoices"], {"run": "w", "invoices": world.invoices()}),
    ):
        call = Call(run.thread, name, f"{uuid4()}:call_1")
        for _ in range(2):
            tool.run(call, args)
        assert LedgerEntry.objects.filter(effect_key=call.effect_key).count() == (
            1 if name in IDEMPOTENT else 2
        )


def test_ending_the_rounds_withdraws_what_they_asked(demo: World) -> None:
    runs = [begin_story(demo, stories.promotion()), begin_story(demo, stories.five_invoices())]
    assert len(pending(demo)) == 2
    assert end_rounds(demo.team.pk) == 2
    assert pending(demo) == []
    assert [state(run) for run in runs] == ["failed", "failed"]
    assert end_rounds(demo.team.pk) == 0
    check_team(demo.team)


def test_a_team_without_the_agents_is_told_which_are_missing(world: World) -> None:
    with pytest.raises(
        NotSeeded,
        match=r"no agent named payables, support-ai, ops-janitor, content-bot, travel, build-agent\.",
    ):
        start_round(world.team.pk)
    assert not HostedRun.objects.filter(team_id=world.team.pk).exists()


def test_the_command_says_what_it_started_and_where_to_look(db: None) -> None:
    demo_team.seed()
    said = StringIO()
    call_command("demo", "--background", "2", stdout=said)
    assert said.getvalue().splitlines() == [
        "build-agent  2 runs queued",
        "content-bot  1 run queued",
        "crm-writer   1 run queued",
        "ops-janitor  1 run queued",
        "payables     1 run queued",
        "support-ai   4 runs queued",
        "travel       1 run queued",
        "Watch them arrive at http://127.0.0.1:8000/t/demo/",
    ]
    assert HostedRun.objects.filter(state="queued").count() == 11


def test_the_command_refuses_without_the_demo_team(db: None) -> None:
    with pytest.raises(CommandError, match=r"Run `manage\.py seed_demo` first"):
        call_command("demo")
    create_team(slug=demo_team.SLUG, name="Demo")
    with pytest.raises(CommandError, match=r"no agent named crm-writer.*Run `manage.py seed_demo` first"):
        call_command("demo")
    with pytest.raises(CommandError, match="from 0 to 500"):
        call_command("demo", "--background", "501")


def test_every_tool_is_described_and_every_agent_has_its_graph() -> None:
    assert {facts.name for facts in CATALOGUE} == set(TOOLS)
    assert {facts.graph for facts in AGENTS} == set(registry.DEMO_GRAPHS)
    assert {story.handle for story in STORIES} == {facts.handle for facts in AGENTS}
    templates = {facts.name: compile_template(facts.template) for facts in CATALOGUE}
    for story in STORIES:
        # A turn that goes by what came before has no arguments yet.
        for call in [call for turn in story.script if "if" not in turn for call in turn["calls"]]:
            TOOLS[call["name"]].arguments.model_validate(call["args"])
            sentence = render(templates[call["name"]], call["name"], call["args"])
            assert "—" not in sentence.text


def test_the_world_is_the_same_for_everyone() -> None:
    assert len(world.customers()) == len({address for _, address in world.customers()}) == 2_451
    assert (world.audience()["recipients"], world.audience()["external"]) == (2_451, 2_449)
    accounts = world.dormant_accounts()
    assert len(accounts) == len(set(accounts)) == 1_247
    amounts = [world.order(number)["amount"] for number in range(500)]
    assert 4.10 <= min(amounts) < max(amounts) < 50


def test_the_scripted_model_plays_the_next_turn_and_sums_up_at_the_end() -> None:
    story = stories.late_delivery()
    task = HumanMessage(story.task, additional_kwargs={SCRIPT: list(story.script)})
    model = ScriptedChatModel()
    first = model.invoke([task])
    assert [call["name"] for call in first.tool_calls] == ["lookup_order"]
    looked = ToolMessage("found", tool_call_id=first.tool_calls[0]["id"])
    second = model.invoke([task, first, looked])
    assert [call["name"] for call in second.tool_calls] == ["email_customer"]
    refused = ToolMessage("Not done: too much.", tool_call_id=second.tool_calls[0]["id"], status="error")
    last = model.invoke([task, first, looked, second, refused])
    assert isinstance(last, AIMessage)
    assert (last.tool_calls, last.content) == ([], "1 of 2 calls done. Not done: too much.")


def test_a_real_model_without_its_packages_is_refused_in_a_sentence(settings: Settings) -> None:
    settings.ENV = settings.ENV.model_copy(update={"placet_demo_model": "openai:gpt-5"})
    with pytest.raises(ImproperlyConfigured, match="PLACET_DEMO_MODEL=openai:gpt-5 needs packages"):
        chat_model([])
    with pytest.raises(registry.UnknownGraph, match="PLACET_DEMO_MODEL"):
        registry.get("demo-crm")
