"""What an agent did before is a fact policy may see: what is new, and how people decided."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.contract import Submission
from inbox.clock import database_now
from inbox.models import SeenValue, Tool, ToolHistory
from inbox.policy.novelty import MOST_VALUES, telling
from inbox.selectors.past import LATELY, Past
from inbox.selectors.policy import tools_named
from inbox.services import remember as remembering
from inbox.services.judging import facts_of
from inbox.services.submit import Addressed, submit_all
from tests.checker import check_team
from tests.factories import World, ask, body, in_force, race, vote

MAIL = {"to": ["ana@x.io", "bob@y.io"], "subject": "Plan", "body": "See https://docs.z.io/a"}


def told(world: World, tool: str, args: dict[str, Any]) -> Any:
    """The facts of a call as submitting it would see them."""
    submission = Submission.model_validate(body(tool, args))
    now = database_now()
    past = Past.load(world.agent, submission.actions, now=now)
    facts = facts_of(
        agent=world.agent,
        submission=submission,
        tools=tools_named(world.team.pk, [tool]),
        team=world.team.slug,
        now=now,
    )
    return past.told(facts.actions[0])


def test_an_approved_call_makes_its_recipients_and_hosts_known(world: World) -> None:
    first = told(world, "send_email", MAIL)
    assert first.computed.new_tool
    assert first.computed.new_values == ("to", "body")
    assert first.history.agent_age_s > 0
    vote(world, ask(world, "send_email", MAIL), world.alice)
    again = told(world, "send_email", MAIL)
    assert (again.computed.new_tool, again.computed.new_values) == (False, ())
    assert (again.history.approved, again.history.rejected) == (1, 0)
    other = told(world, "send_email", {**MAIL, "to": ["ana@x.io", "eve@evil.io"]})
    assert other.computed.new_values == ("to",)
    assert told(world, "read_mail", {"user": "ana@x.io"}).computed.new_values == ("user",)


def test_somewhere_new_asks_once_although_a_rule_allows(world: World) -> None:
    Tool.objects.create(
        team=world.team, name="share_file", effect="write", reversible=True, harmless=False, template=""
    )
    in_force(world, {"id": "share", "tool": "share_file", "then": "allow"})
    args = {"file": "plan", "email": "eve@evil.io"}
    first = ask(world, "share_file", args)
    assert (first.state, first.risk) == ("pending", "medium")
    assert "new-destination" in [reason["code"] for reason in first.reasons]
    vote(world, first, world.bob)
    assert ask(world, "share_file", args).rule == "share"
    assert ask(world, "share_file", {**args, "file": "other"}).rule == "share"


def test_behind_forty_known_recipients_a_new_one_is_seen(world: World) -> None:
    known = [f"p{n}@x.io" for n in range(MOST_VALUES)]
    vote(world, ask(world, "send_email", {"to": known, "subject": "s"}), world.alice)
    assert told(world, "send_email", {"to": known, "subject": "s"}).computed.new_values == ()
    more = told(world, "send_email", {"to": [*known, "eve@evil.io"], "subject": "s"})
    assert (more.computed.new_values, more.computed.new_destinations) == (("to",), ("to",))


def test_how_often_a_run_asked_is_counted_and_so_is_what_comes_with_it(world: World) -> None:
    in_force(
        world,
        {
            "id": "third",
            "tool": "write_file",
            "then": "deny",
            "when": [{"fact": "run.requests", "op": "ge", "value": 2}],
        },
    )

    def together(count: int, thread: str) -> list[str]:
        asked = [
            Addressed(Submission.model_validate(body("write_file", {"path": "a"}, thread=thread)))
            for _ in range(count)
        ]
        return [one.request.rule for one in submit_all(agent=world.agent, asked=asked, channel="poll")]

    assert together(1, "run-a") == [""]
    assert together(1, "run-b") == [""]
    assert together(2, "run-a") == ["", "third"]
    assert together(3, "run-c") == ["", "", "third"]


def test_a_run_that_asks_in_a_burst_is_told_so_and_a_minute_later_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ask(world, "send_email", MAIL, thread="run-a")
    later = database_now() + LATELY
    past = Past.load(world.agent, [], now=database_now(), threads=["run-a", "run-b"])
    assert past.runs == {"run-a": (3, 3), "run-b": (0, 0)}
    assert Past.load(world.agent, [], now=later, threads=["run-a"]).runs == {"run-a": (3, 0)}
    monkeypatch.setattr("inbox.selectors.past.MOST_COUNTED", 2)
    assert Past.load(world.agent, [], now=database_now(), threads=["run-a"]).runs == {"run-a": (2, 2)}
    monkeypatch.setattr("inbox.policy.risk.BURST", 1)
    assert "burst" in [reason["code"] for reason in ask(world, "send_email", MAIL, thread="run-a").reasons]


def test_a_rejected_or_expired_call_teaches_no_value(world: World) -> None:
    vote(world, ask(world, "send_email", MAIL), world.alice, "reject", message="No.")
    found = told(world, "send_email", MAIL)
    assert found.computed.new_values == ("to", "body")
    assert (found.history.approved, found.history.rejected) == (0, 1)
    ask(world, "send_email", MAIL)
    assert told(world, "send_email", MAIL).history.rejected == 1


def test_what_policy_passed_was_used_and_was_not_approved_by_people(world: World) -> None:
    ask(world, "lookup_order", {"order": 7, "customer": "cus_1"})
    found = told(world, "lookup_order", {"order": 7, "customer": "CUS_1"})
    assert (found.computed.new_tool, found.computed.new_values, found.history.approved) == (False, (), 0)


def test_another_agents_past_is_not_ones_own(world: World) -> None:
    vote(world, ask(world, "send_email", MAIL), world.alice)
    past = Past.load(world.agent, [], now=database_now())
    assert past.seen == frozenset()
    assert not SeenValue.objects.exclude(agent=world.agent).exists()


def test_a_rule_may_ask_about_what_is_new(world: World) -> None:
    in_force(
        world,
        {
            "id": "known",
            "tool": "write_file",
            "then": "allow",
            "when": [{"fact": "history.approved", "op": "ge", "value": 1}],
        },
    )
    first = ask(world)
    assert first.state == "pending"
    vote(world, first, world.dave)
    assert ask(world).rule == "known"


def test_no_value_is_stored_and_a_table_of_guesses_does_not_help(world: World) -> None:
    vote(world, ask(world, "send_email", MAIL), world.alice)
    rows = [bytes(row) for row in SeenValue.objects.values_list("digest", flat=True)]
    assert all(len(row) == 16 for row in rows)
    assert not any(b"ana" in row for row in rows)


def test_the_past_is_read_in_two_queries_however_much_is_asked(world: World) -> None:
    def queries(count: int) -> list[str]:
        asked = [Addressed(Submission.model_validate(body("send_email", MAIL))) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            submit_all(agent=world.agent, asked=asked, channel="poll")
        tables = ("inbox_toolhistory", "inbox_seenvalue")
        return [one["sql"] for one in captured if any(table in one["sql"] for table in tables)]

    assert len(queries(1)) == len(queries(8)) == 2


def test_what_is_kept_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_KEPT", 3)
    for n in range(5):
        vote(world, ask(world, "send_email", {"to": f"p{n}@x.io", "subject": "s"}), world.alice)
    assert SeenValue.objects.filter(agent=world.agent).count() == 3
    assert told(world, "send_email", {"to": "p4@x.io", "subject": "s"}).computed.new_values == ("to",)
    assert len(telling({"to": [f"p{n}@x.io" for n in range(500)]})) == MOST_VALUES


def test_prose_is_not_worth_remembering() -> None:
    assert telling({"text": "a long story", "title": "x", "amount": 5, "draft": True}) == ()
    assert telling({"to": "  ", "account": None, "host": True}) == ()
    assert telling({"account": 4711, "nested": {"iban": "DE1"}}) == (("account", "4711"), ("iban", "de1"))


def test_an_admins_adapter_counts_recipients_the_names_do_not_show(world: World) -> None:
    args = {"crowd": [f"m{n}" for n in range(9)], "subject": "s", "to": "x"}
    assert told(world, "send_email", args).computed.recipients < 9
    Tool.objects.filter(team=world.team, name="send_email").update(impact={"recipients": ["crowd"]})
    assert told(world, "send_email", args).computed.recipients == 9


def test_decisions_at_once_lose_no_count(real_world: World) -> None:
    requests = [ask(real_world, "send_email", {"to": f"p{n}@x.io", "subject": "s"}) for n in range(6)]
    race(*[lambda r=request: vote(real_world, r, real_world.alice) for request in requests])
    assert ToolHistory.objects.get(agent=real_world.agent, tool="send_email").approved == 6
    assert SeenValue.objects.filter(agent=real_world.agent).count() == 6
    check_team(real_world.team)
