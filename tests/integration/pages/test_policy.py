"""The policy page: what is in force in sentences, its versions, and what changed between two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.health import Level, policies
from inbox import canonical
from inbox.lifecycle import State
from inbox.models import PolicyVersion
from inbox.policy.document import PolicyDocument, default_document, parse_document
from inbox.policy.problems import PolicyError
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of
from inbox.selectors.policy_words import diff, ladder_steps, length, needs_words, rule_sentences
from inbox.services.teams import put_in_force, write_version
from tests.factories import World, ask


def with_rules(*rules: dict[str, Any]) -> PolicyDocument:
    base = default_document(("reviewer", "senior", "lead")).model_dump(mode="json", exclude_none=True)
    return parse_document({**base, "rules": list(rules)})


RULES = (
    {"id": "reads-pass", "tool": "lookup_*", "then": "allow", "priority": 1},
    {"id": "no-wires", "tool": "wire_money", "then": "deny", "priority": 5, "note": "Wires go by phone."},
    {
        "id": "mail-look",
        "tool": "send_*",
        "agent": "crm-*",
        "effects": ["irreversible"],
        "checkpoint": "pre_execution",
        "then": "review",
        "risk_at_least": "high",
        "needs": [{"tier": "lead", "count": 2}],
        "priority": 5,
    },
)


def page(client: Client, world: World, **query: object) -> Any:
    return client.get(reverse("policy", args=[world.team.slug]), query)


def test_the_version_in_force_reads_as_sentences(client: Client, world: World) -> None:
    client.force_login(world.carol)
    text = page(client, world).content.decode()
    assert "version 1, in force" in text
    assert (
        "needs 2 different people of lead or above. If nobody decides it is rejected after 4 hours." in text
    )
    assert "This version has no rules of its own" in text
    assert current_version(world.team.pk).digest in text


def test_the_page_tells_what_silence_does() -> None:
    document = parse_document(
        {
            **default_document(["reviewer", "senior", "lead"]).model_dump(mode="json", exclude_none=True),
            "on_timeout": {"low": "wait", "medium": "halt", "high": "escalate"},
            "escalation": {"high": [{"after_seconds": 3600, "needs": [{"tier": "lead", "count": 1}]}]},
        }
    )
    said = {step.risk: step.silence for step in ladder_steps(document)}
    assert said[Risk.LOW] == "If nobody decides it is overdue after 3 days and goes on waiting."
    assert said[Risk.MEDIUM] == "If nobody decides its run is halted after 1 day."
    assert said[Risk.HIGH] == (
        "If nobody decides after 1 hour 1 person of lead or above too, it is rejected after 8 hours."
    )
    assert said[Risk.CRITICAL] == "If nobody decides it is rejected after 4 hours."


@pytest.mark.parametrize(
    ("knob", "said"), [("infer", "passes only where its name"), ("ask", "is never approved by policy")]
)
def test_the_page_says_what_an_unknown_tool_may(client: Client, world: World, knob: str, said: str) -> None:
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    write_version(version.policy, parse_document({**wanted, "unknown_tools": knob}), author=None)
    client.force_login(world.carol)
    assert said in page(client, world).content.decode()


def test_rules_stand_in_the_order_they_win() -> None:
    sentences = rule_sentences(with_rules(*RULES))
    assert [sentence.id for sentence in sentences] == ["no-wires", "mail-look", "reads-pass"]
    assert sentences[0].when == "An agent calls wire_money"
    assert sentences[0].then == "refuse it"
    assert sentences[1].when == "crm-* calls send_*, the catalogue says it can act for good, at pre execution"
    assert (
        sentences[1].then == "ask people as high risk at least and also 2 different people of lead or above"
    )
    assert sentences[2].then == "let it pass, if every tool is known and reversible"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (5_400, "90 minutes"), (7_200, "2 hours"), (86_400, "1 day")],
)
def test_lengths_of_time_are_exact(seconds: int, words: str) -> None:
    assert length(seconds) == words


def test_the_ladder_reads_from_low_to_critical() -> None:
    steps = ladder_steps(default_document(("only",)))
    assert [step.risk.value for step in steps] == ["low", "medium", "high", "unverifiable", "critical"]
    assert steps[0].needs == "1 person of only or above"
    assert (
        needs_words(default_document(("a", "b")).ladder[steps[-1].risk]) == "2 different people of b or above"
    )


def test_a_difference_shows_changed_lines_with_some_around_them() -> None:
    lines = diff(with_rules(), with_rules(RULES[1]))
    added = [line.text for line in lines if line.kind == "added"]
    assert any("no-wires" in text for text in added)
    assert any(line.kind == "gap" for line in lines)
    assert diff(with_rules(), with_rules()) == []


def test_two_versions_are_compared_on_the_page(client: Client, world: World) -> None:
    first = current_version(world.team.pk)
    write_version(first.policy, with_rules(RULES[1]), author=world.erin)
    client.force_login(world.carol)
    text = page(client, world, version=2, against=1).content.decode()
    assert "What changed from version 1 to 2" in text
    assert 'data-kind="added"' in text
    assert "Wires go by phone." in text
    assert (
        "Nothing: both versions hold the same bytes."
        in page(client, world, version=2, against=2).content.decode()
    )


def test_an_old_version_says_that_it_is_not_in_force(client: Client, world: World) -> None:
    first = current_version(world.team.pk)
    write_version(first.policy, with_rules(RULES[1]), author=world.erin)
    client.force_login(world.carol)
    assert "Version 2 is in force." in page(client, world, version=1).content.decode()


@pytest.mark.parametrize(
    "query",
    [{"version": "99"}, {"version": "x"}, {"against": "99"}, {"version": "-1"}, {"version": "9" * 30}],
)
def test_versions_that_do_not_exist_are_404(client: Client, world: World, query: dict[str, str]) -> None:
    client.force_login(world.carol)
    assert page(client, world, **query).status_code == 404


def test_strangers_get_404(client: Client, world: World) -> None:
    client.force_login(world.charlie)
    assert page(client, world).status_code == 404


def test_the_page_costs_the_same_however_many_versions_there_are(
    client: Client, world: World, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(world.carol)
    page(client, world)
    with django_assert_num_queries(18):
        page(client, world)
    version = current_version(world.team.pk)
    for place in range(10):
        write_version(version.policy, with_rules({**RULES[1], "priority": place}), author=world.erin)
    page(client, world)
    with django_assert_num_queries(18):
        page(client, world)


def test_a_stored_rule_that_allowed_for_its_checkpoint_alone_asks_and_is_told(
    client: Client, world: World
) -> None:
    current = current_version(world.team.pk)
    old = {**canonical.read(bytes(current.document)), "rules": [
        {"id": "plans-pass", "checkpoint": "pre_execution", "then": "allow", "priority": 9,
         "limits": [{"count": 5, "per": "day"}], "until": "2100-01-01T00:00:00Z"},
        {"id": "plans-passed", "checkpoint": "pre_execution", "then": "allow", "until": "2001-01-01T00:00:00Z"},
        {"id": "no-refunds", "tool": "issue_refund", "then": "deny"},
    ]}  # fmt: skip
    raw = canonical.dumps(old)
    with pytest.raises(PolicyError):
        parse_document(raw)
    assert [finding.level for finding in policies()] == [Level.OK]
    version = PolicyVersion.objects.create(
        policy=current.policy, number=2, document=raw, digest=canonical.sha256(raw)
    )
    put_in_force(current.policy, version, person=None)
    harmless, mail, refund = (
        ask(world, tool, {"order": "1"}) for tool in ("lookup_order", "send_email", "issue_refund")
    )
    assert [one.state for one in (harmless, mail)] == [State.PENDING.value] * 2, "nothing passes by it"
    assert (harmless.rule, harmless.needs[0]["tier"], refund.rule) == ("plans-pass", "reviewer", "no-refunds")
    assert refund.outcome == "rejected", "it hides nothing"
    client.force_login(world.carol)
    assert (
        "plans-pass let things pass for what the agent claims alone" in page(client, world).content.decode()
    )
    (finding,) = policies()
    assert finding.level is Level.WARN
    assert "plans-pass allowed" in finding.says
