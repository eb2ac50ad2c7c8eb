"""Descriptions proposed for tools: the right kind, a sentence that compiles, and caution where names say little."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.policy.templates import propose
from inbox.policy.templates.catalogue import TEMPLATES
from inbox.policy.words import Effect
from inbox.rendering.sentence import compile_template, render

CALLS: list[tuple[str, dict[str, Any], str, str]] = [
    ("send_email", {"to": ["a@x.io"], "subject": "Hi", "body": "Hello\nyou"}, "email", "Send Hi to a@x.io: Hello"),
    ("GmailSendEmail", {"to": "a@x.io", "subject": "Hi", "body": "Yo"}, "email", "Send Hi to a@x.io: Yo"),
    ("post_message", {"channel": "#ops", "text": "deployed"}, "email", "Post message to #ops: deployed"),
    ("http_request", {"method": "POST", "url": "https://x.io/a"}, "http-request", "Call https://x.io/a by POST"),
    ("fetch_webpage", {"url": "https://x.io"}, "http-read", "Fetch https://x.io"),
    ("run_sql", {"query": "DELETE FROM t"}, "sql", "Run “DELETE FROM t”"),
    ("bash", {"command": "ls -la"}, "shell", "Run “ls -la”"),
    ("write_file", {"path": "a.md", "content": "x"}, "file-write", "Write a.md: x"),
    ("git_push", {"repo": "acme/web", "branch": "main", "force": True}, "git", "Change acme/web, branch main, force true"),
    ("issue_refund", {"amount": 12.5, "currency": "EUR", "customer": "c9"}, "refund", "Refund €12.50 to c9"),
    ("create_payment", {"payment": {"amount": 5, "iban": "DE1"}}, "payment", "Pay 5 to DE1"),
    ("create_ticket", {"title": "Broken", "priority": "high"}, "ticket", "Create ticket Broken, priority high"),
    ("publish_article", {"article_id": "a1"}, "publish", "Publish article: article id a1"),
    ("set_feature_flag", {"flag": "new-nav", "enabled": True}, "feature-flag", "Set new-nav to true"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kind", "sentence"), CALLS, ids=[call[0] for call in CALLS])
def test_a_common_tool_is_recognised_and_its_sentence_names_what_hurts(
    name: str, args: dict[str, Any], kind: str, sentence: str
) -> None:
    found = propose(name, sample=args)
    assert found.kind == kind
    assert render(compile_template(found.template), name, args).text == sentence


def test_every_kind_has_a_call_above() -> None:
    assert {template.id for template in TEMPLATES} == {kind for _, _, kind, _ in CALLS}


@pytest.mark.parametrize(
    "name",
    ["read_mail", "get_ticket", "list_branches", "search_emails", "get_payment", "check_refund_status"],
)
def test_a_reading_name_never_gets_a_kind_that_acts_and_is_never_proposed_harmless(name: str) -> None:
    found = propose(name, sample={"to": "x", "amount": 3, "id": "7"})
    assert (found.kind, found.effect) == ("", Effect.READ)
    assert not found.reversible


@pytest.mark.parametrize(
    ("name", "effect"),
    [("frobnicate", Effect.WRITE), ("wipe_disk", Effect.IRREVERSIBLE), ("lookup_order", Effect.READ)],
)
def test_an_unknown_tool_gets_a_sentence_from_its_arguments(name: str, effect: Effect) -> None:
    args = {"disk_name": "sda", "tags": ["a", "b"], "deep": {"er": 1}}
    found = propose(name, sample=args)
    assert found.effect is effect
    said = render(compile_template(found.template), name, args)
    assert said.complete
    assert all(value in said.text for value in ("sda", "a, b", "1"))


def test_arguments_are_read_from_the_schema_when_nothing_was_called() -> None:
    schema = {
        "type": "object",
        "properties": {"to": {"type": "array"}, "subject": {"type": "string"}, "cc": {"type": "array"}},
    }
    found = propose("send_email", schema=schema)
    assert found.template == "Send {subject} to {to|list}, copy to {cc|list}"
    assert found.impact.recipients == ("to", "cc")


def test_money_knows_its_currency_and_cents() -> None:
    found = propose("refund", sample={"amount_cents": 1200, "currency": "EUR"})
    assert (found.impact.amount, found.impact.currency, found.impact.minor) == (
        "amount_cents",
        "currency",
        True,
    )


def test_the_way_back_is_named_only_when_its_arguments_are_to_be_had() -> None:
    found = propose("close_ticket", sample={"ticket_id": "T-1"})
    assert (found.inverse_tool, dict(found.inverse)) == ("reopen_ticket", {"ticket": "ticket_id"})
    assert found.window
    without = propose("close_ticket", sample={"title": "x"})
    assert (without.inverse_tool, dict(without.inverse)) == ("", {})


def test_a_description_helps_a_name_that_says_nothing() -> None:
    found = propose("do_it", sample={"command": "ls"}, description="Runs a shell command in the sandbox.")
    assert found.kind == "shell"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    name=st.text(max_size=40) | st.sampled_from([call[0] for call in CALLS]),
    schema=st.dictionaries(st.sampled_from(["properties", "type", "x"]), anything, max_size=3),
    sample=st.dictionaries(
        st.text(max_size=20) | st.sampled_from(["to", "amount", "url", "path"]), anything, max_size=6
    ),
    description=st.text(max_size=60),
)
def test_whatever_an_agent_sends_a_proposal_compiles_and_is_cautious(
    name: str, schema: dict[str, Any], sample: dict[str, Any], description: str
) -> None:
    found = propose(name, schema=schema, sample=sample, description=description)
    compile_template(found.template)
    assert len(found.presets) <= 9
    assert found.effect is not Effect.IRREVERSIBLE or not found.reversible
