"""The pages of grants: made from a request with a preview, listed, shown where they let something pass, ended."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox.models import ApprovalRequest, Grant
from tests.factories import World, ask, vote

SCHEMA = {"type": "object"}


def call(world: World, path: str = "docs/a.md", text: str = "hello", **fields: Any) -> ApprovalRequest:
    args = {"path": path, "text": text, "size": 3, "options": {"deep": [1]}}
    action = {"key": "call_1", "name": "write_file", "args": args, "args_schema": SCHEMA}
    return ask(world, actions=[action], **fields)


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def form(request: ApprovalRequest, **change: str) -> dict[str, str]:
    fields = {
        "digest": request.digest,
        "lifetime": "2",
        "unit": "hours",
        "max_uses": "",
        # in the order of the canonical bytes: options, path, size, text
        "op_0": "equal",
        "op_1": "under",
        "value_1": "docs",
        "op_2": "at_most",
        "value_2": "10",
        "op_3": "any",
    }
    return fields | change


def test_from_the_request_to_a_grant_and_back(client: Client, world: World) -> None:
    request = call(world)
    client.force_login(world.dave)
    page = url(world, "grant_new", request.pk)
    assert page in client.get(url(world, "request", request.pk)).content.decode()
    shown = client.get(page)
    assert shown.context["matches"].pending == 1
    assert client.post(page, form(request)).status_code == 303
    grant = Grant.objects.get(team=world.team)
    assert [(test["argument"], test["op"], test["value"]) for test in grant.pattern] == [
        ("options", "equal", {"deep": [1]}),
        ("path", "under", "docs"),
        ("size", "at_most", 10),
        ("text", "any", None),
    ]
    passed = call(world, "docs/b.md", "other", thread="run-9")
    assert passed.state == "decided"
    text = client.get(url(world, "grant", grant.pk)).content.decode()
    assert url(world, "request", passed.pk) in text
    assert "path is under &quot;docs&quot;" in text
    for place in (
        url(world, "grants"),
        url(world, "agent", world.agent.pk),
        url(world, "request", passed.pk),
    ):
        assert url(world, "grant", grant.pk) in client.get(place).content.decode()
    assert client.post(url(world, "grant_revoke", grant.pk)).status_code == 303
    assert (
        url(world, "grant", grant.pk) not in client.get(url(world, "agent", world.agent.pk)).content.decode()
    )
    assert call(world, "docs/c.md").state == "pending"


def test_what_was_exact_keeps_the_requests_own_value(client: Client, world: World) -> None:
    request = call(world)
    client.force_login(world.dave)
    sent = form(request, op_1="equal", value_1="/etc/passwd")
    assert client.post(url(world, "grant_new", request.pk), sent).status_code == 303
    assert Grant.objects.get(team=world.team).pattern[1]["value"] == "docs/a.md"


def test_the_preview_counts_and_says_loudly_what_people_rejected(client: Client, world: World) -> None:
    for n in range(3):
        vote(world, call(world, f"docs/{n}.md"), world.dave, "reject" if n else "approve", message="No.")
    call(world, "src/x.md")
    request = call(world)
    client.force_login(world.dave)
    answer = client.post(url(world, "grant_new", request.pk), form(request, preview="1"))
    matches = answer.context["matches"]
    assert (matches.pending, matches.past, matches.rejected) == (1, 3, 2)
    text = answer.content.decode()
    assert "2 of the 3 past calls it matches were rejected by people." in text
    assert 'role="alert"' in text
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lifetime": "0"}, "lifetime"),
        ({"lifetime": "31", "unit": "days"}, "lifetime"),
        ({"lifetime": ""}, "lifetime"),
        ({"unit": "aeons"}, "unit"),
        ({"max_uses": "0"}, "max_uses"),
        ({"max_uses": "1e9"}, "max_uses"),
        ({"op_0": "at_most"}, "op_0"),
        ({"op_3": "at_most"}, "op_3"),
        ({"value_1": "src"}, "value_1"),
        ({"value_1": ""}, "value_1"),
        ({"value_2": "many"}, "value_2"),
        ({"value_2": "1"}, "value_2"),
        ({"value_2": "NaN"}, "value_2"),
        ({"op_0": "starts_with"}, "op_0"),
        ({"op_0": ""}, "op_0"),
    ],
)
def test_a_wrong_field_is_refused_where_it_stands(
    client: Client, world: World, change: dict[str, str], field: str
) -> None:
    request = call(world)
    client.force_login(world.dave)
    answer = client.post(url(world, "grant_new", request.pk), form(request, **change))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Grant.objects.exists()


def test_everything_wide_open_is_refused_over_the_form(client: Client, world: World) -> None:
    request = call(world)
    client.force_login(world.dave)
    wide = {f"op_{n}": "any" for n in range(4)}
    answer = client.post(url(world, "grant_new", request.pk), form(request, **wide))
    assert answer.status_code == 422
    assert "Something must be held to" in answer.content.decode()
    assert not Grant.objects.exists()


def test_who_may_not_and_what_may_not_are_refused_with_the_reason(client: Client, world: World) -> None:
    request = call(world)
    client.force_login(world.erin)
    answer = client.post(url(world, "grant_new", request.pk), form(request))
    assert (answer.status_code, Grant.objects.count()) == (403, 0)
    assert "You own this agent" in answer.content.decode()
    client.force_login(world.alice)
    mail = ask(world, "send_email", {"to": "a@x.io", "subject": "s"})
    assert client.get(url(world, "grant_new", mail.pk)).status_code == 403
    assert url(world, "grant_new", mail.pk) not in client.get(url(world, "request", mail.pk)).content.decode()
    vote(world, request, world.dave)
    assert client.get(url(world, "grant_new", request.pk)).status_code == 409


def test_strangers_and_foreign_ids_are_404(client: Client, world: World) -> None:
    request = call(world)
    client.force_login(world.dave)
    client.post(url(world, "grant_new", request.pk), form(request))
    grant = Grant.objects.get(team=world.team)
    client.force_login(world.charlie)
    for slug in (world.team.slug, world.other.slug):
        assert client.get(reverse("grant_new", args=[slug, request.pk])).status_code == 404
        assert client.get(reverse("grant", args=[slug, grant.pk])).status_code == 404
        assert client.post(reverse("grant_revoke", args=[slug, grant.pk])).status_code == 404
    assert client.get(url(world, "grants")).status_code == 404
    client.force_login(world.dave)
    assert client.get(url(world, "grant_new", request.pk), {"action": "call_9"}).status_code == 404
    assert client.get(url(world, "grant_revoke", grant.pk)).status_code == 405
    grant.refresh_from_db()
    assert grant.ended_at is None


def test_hostile_arguments_are_shown_harmlessly(client: Client, world: World) -> None:
    request = call(world, "docs/<img src=x>\u202ea.md")
    if not request.verifiable:
        action = {
            "key": "call_1",
            "name": "write_file",
            "args": {"path": "<b>x</b>/a"},
            "args_schema": SCHEMA,
        }
        request = ask(world, actions=[action])
    client.force_login(world.dave)
    text = client.get(url(world, "grant_new", request.pk)).content.decode()
    assert "<b>x</b>" not in text
    assert "<img src" not in text
    assert "\u202e" not in text


def test_the_pages_cost_the_same_for_more_grants(client: Client, world: World) -> None:
    client.force_login(world.dave)
    for n in range(3):
        request = call(world, f"docs/{n}.md")
        client.post(url(world, "grant_new", request.pk), form(request, op_1="equal"))
        call(world, f"docs/{n}.md")
    newest = url(world, "grant", Grant.objects.order_by("-pk")[0].pk)
    # session, user, member, turn and teams of the frame; the page's own are 1 and 2
    for page, own in ((url(world, "grants"), 1), (newest, 2)):
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        named = [query["sql"] for query in queries if "inbox_grant" in query["sql"]]
        assert len(named) == own, named
