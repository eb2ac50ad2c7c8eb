"""Every verb of the request page as plain form posts: what it records, what it says, and that bad input records nothing."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from inbox import canonical
from inbox.clock import database_now
from inbox.models import ApprovalRequest, Decision, Vote
from inbox.services.batches import BatchLine, start_batch
from inbox.services.holds import release_due
from tests.checker import check_team
from tests.factories import World, ask, vote
from tests.integration.core.test_holds import due
from tests.integration.core.test_verbs import asked, five_invoices
from tests.integration.matrix.roles import RISKS
from tests.integration.pages.cast import decision, inbox_of, page_of, signed_in
from tests.integration.pages.test_request import text_of
from tests.policies import enforce

REFUND = {"amount": 20, "customer": "cus_1", "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]}


@pytest.fixture
def world(real_world: World) -> World:
    return real_world


def say(client: Client, world: World, request: ApprovalRequest, step: str, stage: str, **fields: Any) -> Any:
    """Post a form of the page as a browser does: its own fields beside those every form carries."""
    sent = {"digest": request.digest, "idempotency_key": uuid4().hex, "step": step, "stage": stage, **fields}
    return client.post(page_of(world, request, "/say"), sent)


def filled(page: str) -> dict[str, Any]:
    """The controls of the open form with what they start with, as a browser would send them untouched."""
    form = page[page.index('id="say-form"') : page.index("</form>", page.index('id="say-form"'))]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and (('type="radio"' not in tag and 'type="checkbox"' not in tag) or " checked" in tag):
            fields[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        fields[name] = body
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        fields[name] = chosen[1] if chosen else ""
    return {
        html.unescape(name): html.unescape(value)
        for name, value in fields.items()
        if name not in ("csrfmiddlewaretoken", "digest", "idempotency_key", "step")
    }


def answer(request: ApprovalRequest) -> dict[str, Any]:
    (action,) = canonical.read(bytes(Decision.objects.get(request=request).answer))["actions"]
    found: dict[str, Any] = action
    return found


def nothing_recorded(request: ApprovalRequest) -> bool:
    return not Vote.objects.filter(request=request).exists() and request.revisions.count() == 1


def test_an_edit_is_filled_in_previewed_and_recorded_with_its_types(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    client = signed_in(world.carol)
    fields = filled(client.get(page_of(world, request, "?step=edit")).content.decode())
    assert fields["#/amount"] == "20"
    fields |= {"#/amount": "30", "#/lines/2": '{"sku": "c"}', "remove": "#/lines/0"}
    shown = say(client, world, request, "edit", "preview", **fields)
    page = text_of(shown.content)
    assert shown.status_code == 200
    assert nothing_recorded(request)
    assert "You decide it alone: crm-writer goes on with the edited values." in page
    carried = filled(shown.content.decode())
    again = say(client, world, request, "edit", "form", **carried).content.decode()
    assert filled(again)["#/amount"] == "30"
    assert 'value="#/lines/0" checked' in again
    once = {**carried, "idempotency_key": uuid4().hex}
    for _ in range(2):
        assert say(client, world, request, "edit", "commit", **once).status_code == 302
    assert Vote.objects.filter(request=request).count() == 1
    assert answer(request)["args"] == {
        "amount": 30,
        "customer": "cus_1",
        "lines": [{"sku": "b", "n": 2}, {"sku": "c"}],
    }
    edited = text_of(client.get(page_of(world, request)).content)
    assert edited.index("What was edited") < edited.index("What will run")
    check_team(world.team)


def test_what_is_wrong_stands_at_its_field_and_nothing_is_recorded(world: World) -> None:
    schema = {
        "type": "object",
        "properties": {"amount": {"type": "integer", "maximum": 100}},
        "required": ["amount"],
    }
    request = asked(
        world,
        {
            "key": "call_1",
            "name": "issue_refund",
            "args": {"amount": 20, "evil\u202e": "x"},
            "args_schema": schema,
        },
    )
    client = signed_in(world.alice)
    page = client.get(page_of(world, request, "?step=edit")).content.decode()
    assert "\u202e" not in page
    assert 'say-flag">not in the tool’s schema' in page
    fields = filled(page)
    for typed, says in (("200", "100"), ("ten", "Write a number"), ("20", "Nothing is changed")):
        refused = say(client, world, request, "edit", "commit", **{**fields, "#/amount": typed})
        assert refused.status_code == 422
        assert says in refused.content.decode()
        assert filled(refused.content.decode())["#/amount"] == typed
    cut = say(client, world, request, "edit", "commit", **{"#/amount": "30"})
    assert cut.status_code == 422
    raw = say(client, world, request, "edit", "", op="raw ", **{**fields, "#/amount": "30"}).content.decode()
    assert '"amount": 30' in filled(raw)["json"]
    broken = say(client, world, request, "edit", "commit", form="raw", json='{"amount": }')
    assert "Line 1, column" in broken.content.decode()
    assert nothing_recorded(request)
    # JSON adds what fields do not know, and the fields go on from there.
    typed_in = {"form": "raw", "json": '{"amount": 31, "note": "n"}'}
    back = say(client, world, request, "edit", "", op="fields ", **typed_in).content.decode()
    assert (filled(back)["#/amount"], filled(back)["#/note"]) == ("31", "n")
    assert say(client, world, request, "edit", "commit", read_back="31", **filled(back)).status_code == 302
    assert answer(request)["args"] == {"amount": 31, "note": "n"}
    # A schema may offer what arguments cannot be.
    loose = {"key": "call_1", "name": "issue_refund", "args": {"amount": 20}, "args_schema": {"enum": [5]}}
    odd = asked(world, loose)
    chosen = say(client, world, odd, "edit", "preview", **{"#": "0"})
    assert chosen.status_code == 422
    assert "The arguments are an object" in chosen.content.decode()
    assert nothing_recorded(odd)


def test_an_edit_that_others_must_decide_says_so_and_they_see_it_first(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": ["a", "b"]}, claims={"risk": "critical"})
    client = signed_in(world.alice)
    fields = filled(client.get(page_of(world, request, "?step=edit")).content.decode())
    fields["#/accounts/1"] = "c"
    shown = say(client, world, request, "edit", "preview", **fields).content.decode()
    assert "Your edit will then be decided by others:" in text_of(shown.encode())
    assert "it needs 2 × lead." in text_of(shown.encode())
    # Two leads there are, and one of them is the editor.
    assert "Too few people would be left to decide it: nobody for lead or above." in text_of(shown.encode())
    assert "Propose this edit to others" in shown
    unread = say(client, world, request, "edit", "commit", **filled(shown))
    assert unread.status_code == 422
    assert 'name="read_back"' in unread.content.decode()
    assert nothing_recorded(request)
    assert say(client, world, request, "edit", "commit", read_back="2", **filled(shown)).status_code == 302
    mine = text_of(client.get(page_of(world, request)).content)
    assert "Your edit is stored as version 2. It is not decided. Others decide it now:" in mine
    theirs = text_of(signed_in(world.bob).get(page_of(world, request)).content)
    assert theirs.index(f"by {world.alice.username}") < theirs.index("What will run")
    assert not Decision.objects.filter(request=request).exists()


def test_who_may_not_decide_proposes_and_is_told_that_others_decide(world: World) -> None:
    enforce(world, ladder={risk: [{"tier": "lead", "count": 1}] for risk in RISKS})
    dave, alice = signed_in(world.dave), signed_in(world.alice)
    request = ask(world, "write_file", {"path": "docs/a.md", "text": "hello"})
    shut = dave.get(page_of(world, request)).content
    assert "This needs lead; you are reviewer. You may propose an edit: others decide it." in text_of(shut)
    opened = dave.get(page_of(world, request, "?step=edit")).content
    assert "This is a proposal that others decide. This needs lead; you are reviewer." in text_of(opened)
    assert b'name="verdict"' not in opened
    fields = {**filled(opened.decode()), "#/text": "better"}
    shown = say(dave, world, request, "edit", "preview", **fields).content.decode()
    assert "Propose this edit to others. Nothing runs before they approve it." in shown
    assert "Approve write_file" not in shown
    assert say(dave, world, request, "edit", "commit", **filled(shown)).status_code == 302
    assert "It is not decided. Others decide it now: lead" in text_of(
        dave.get(page_of(world, request)).content
    )
    request.refresh_from_db()
    alice.post(page_of(world, request, "/decide"), decision(request, "approve"))
    assert answer(request)["args"]["text"] == "better"

    rows = {"rows": [{"id": one} for one in "abc"]}
    pay = asked(world, {"key": "p", "name": "write_file", "args": rows, "lines": "/rows"})
    lines = dave.get(page_of(world, pay, "?step=lines")).content
    assert "This is a proposal that others decide." in text_of(lines)
    alice.post(page_of(world, pay, "/claim"))
    claimed = dave.get(page_of(world, pay)).content
    assert f"{world.alice.username} is working on this" in text_of(claimed)
    assert "Take it over" not in text_of(claimed)
    over = dave.get(page_of(world, pay, "?step=lines&over=1")).content.decode()
    sent = {**filled(over), "line-1": "defer"}
    shown = say(dave, world, pay, "lines", "preview", **sent).content.decode()
    assert say(dave, world, pay, "lines", "commit", **filled(shown)).status_code == 302
    pay.refresh_from_db()
    assert (pay.state, pay.editor) == ("pending", world.dave)


def test_a_question_is_answered_in_words_or_in_fields(world: World) -> None:
    question = {"key": "q", "kind": "question", "name": "ask", "description": "Which list\u202e?"}
    client = signed_in(world.alice)
    request = asked(world, question)
    page = client.get(page_of(world, request)).content.decode()
    assert "\u202e" not in page
    assert "only rejecting" not in page
    empty = say(client, world, request, "respond", "commit", text=" ")
    assert empty.status_code == 422
    assert nothing_recorded(request)
    told = filled(page) | {"text": "The newsletter."}
    if 'name="read_back"' in page:
        told["read_back"] = request.digest[-6:]
    assert say(client, world, request, "respond", "commit", **told).status_code == 302
    assert (answer(request)["type"], answer(request)["value"]) == ("respond", "The newsletter.")
    typed = asked(
        world,
        {
            **question,
            "answer_schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
        },
    )
    fields = filled(client.get(page_of(world, typed)).content.decode())
    refused = say(
        client, world, typed, "respond", "commit", read_back=typed.digest[-6:], **{**fields, "#/n": "x"}
    )
    assert refused.status_code == 422
    assert "Write a number" in refused.content.decode()
    assert (
        say(
            client, world, typed, "respond", "commit", read_back=typed.digest[-6:], **{**fields, "#/n": "3"}
        ).status_code
        == 302
    )
    assert answer(typed)["value"] == {"n": 3}


def test_a_choice_has_nothing_chosen_and_none_of_them_is_a_rejection(world: World) -> None:
    options = [{"value": {"price": price}, "label": f"<b>best</b>\u200b{price}"} for price in (30, 10)]
    choice = {"key": "c", "kind": "choice", "name": "pick", "options": options}
    client = signed_in(world.alice)
    request = asked(world, choice)
    page = client.get(page_of(world, request)).content.decode()
    assert "\u200b" not in page
    assert "<b>best" not in page
    assert not re.search(r'name="pick"[^>]*checked', page)
    back = {"read_back": request.digest[-6:]}
    for sent, says in (
        ({}, "Choose one"),
        ({"pick": "7"}, "none of the options"),
        ({"pick": ["0", "1"]}, "one option only"),
        ({"pick": "none"}, "Say why"),
    ):
        refused = say(client, world, request, "choose", "commit", **back, **sent)
        assert refused.status_code == 422
        assert says in refused.content.decode()
    assert nothing_recorded(request)
    assert say(client, world, request, "choose", "commit", pick="1", **back).status_code == 302
    assert answer(request)["value"] == [{"price": 10}]
    other = asked(world, choice)
    assert say(client, world, other, "choose", "commit", pick="none", because="Too dear.").status_code == 302
    assert Decision.objects.get(request=other).message == "Too dear."
    assert Decision.objects.get(request=other).outcome == "rejected"


def plan(world: World) -> ApprovalRequest:
    steps = [
        {
            "key": f"s{n}",
            "name": "write_file",
            "args": {"path": f"docs/{n}", "text": "x"},
            "depends_on": [f"s{n - 1}"] if n else [],
        }
        for n in range(4)
    ]
    return asked(world, *steps, checkpoint="post_planning")


def test_a_plan_runs_to_the_stop_line_and_says_what_falls(world: World) -> None:
    request = plan(world)
    client = signed_in(world.alice)
    fields = filled(client.get(page_of(world, request, "?step=parts")).content.decode())
    torn = say(client, world, request, "parts", "preview", **{**fields, "said-2": "reject"})
    assert "Step 3 (write_file) does not run yet: needs s1, which is rejected." in text_of(torn.content)
    live = say(client, world, request, "parts", "form", **{**fields, "stop": "2"}).content.decode()
    assert "Run steps 1–2, then ask again…" in live
    nothing = say(client, world, request, "parts", "commit", **{**fields, "said-1": "defer"})
    assert nothing.status_code == 422
    unopened = say(client, world, request, "parts", "commit", **{**fields, "said-1": "edit"})
    assert "is not offered" in unopened.content.decode()
    assert nothing_recorded(request)
    shown = say(client, world, request, "parts", "preview", **{**fields, "stop": "2"}).content.decode()
    back = {"read_back": "x"} if 'name="read_back"' in shown else {}
    assert say(client, world, request, "parts", "commit", **filled(shown), **back).status_code == 302
    told = canonical.read(bytes(Decision.objects.get(request=request).answer))["actions"]
    assert [action["type"] for action in told] == ["approve", "approve", "defer", "defer"]


def test_lines_are_paid_rejected_and_put_off(world: World) -> None:
    request = five_invoices(world)
    client = signed_in(world.alice)
    assert "Line by line…" in client.get(page_of(world, request)).content.decode()
    fields = filled(client.get(page_of(world, request, "?step=lines")).content.decode())
    live = text_of(say(client, world, request, "lines", "form", **{**fields, "line-4": "defer"}).content)
    assert "Pay 4 of 5, defer 1" in live
    assert "amount 100 of 150" in live
    fields |= {"line-4": "defer", "line-0": "reject", "why-0": "Twice."}
    shown = say(client, world, request, "lines", "preview", **fields).content.decode()
    assert nothing_recorded(request)
    asked_for = re.search(r'<label for="read-back">([^<]*)', shown)
    back = {}
    if asked_for:
        kept = canonical.read(bytes(request.revisions.get().payload))["actions"][0]["args"]
        question = asked_for[1]
        back["read_back"] = "3" if "entries" in question else kept["run"]
    done = say(client, world, request, "lines", "commit", **filled(shown), **back)
    assert done.status_code == 302, text_of(done.content)
    told = answer(request)
    assert [line["amount"] for line in told["args"]["invoices"]] == [20, 30, 40]
    assert {(line["index"], line["type"]) for line in told["lines"]} == {(0, "reject"), (4, "defer")}
    assert ApprovalRequest.objects.get(part_of=request).state == "pending"
    huge = {
        "key": "call_1",
        "name": "pay",
        "args": {"rows": [{"amount": 1e30}, {"amount": 5}]},
        "lines": "/rows",
    }
    assert client.get(page_of(world, asked(world, huge), "?step=lines")).status_code == 200
    check_team(world.team)


def test_a_held_decision_is_undone_from_page_list_and_batch_until_it_is_released(world: World) -> None:
    enforce(world, release_at_once=None)
    request = ask(world)
    client = signed_in(world.dave)
    vote(world, request, world.dave)
    page = client.get(page_of(world, request)).content.decode()
    assert "Approved by you, held" in page
    assert re.search(r'data-when="hold">Held · [1-5] s<', page)
    assert "Recently decided" in client.get(inbox_of(world)).content.decode()
    live = signed_in(world.carol).get(inbox_of(world, "changes?since=0&view=turn")).json()
    said = [one["needs"] for one in live["voted"] if one["id"] == str(request.pk)]
    assert said == [f"Approved by {world.dave.username}, held"]
    assert (
        f"Approved by {world.dave.username}, held"
        in signed_in(world.carol).get(inbox_of(world, "?view=done")).content.decode()
    )
    assert signed_in(world.carol).post(page_of(world, request, "/undo")).status_code == 403
    assert signed_in(world.charlie).post(page_of(world, request, "/undo")).status_code == 404
    assert client.get(page_of(world, request, "/undo")).status_code == 405
    assert client.post(page_of(world, request, "/undo")).status_code == 302
    assert ApprovalRequest.objects.get(pk=request.pk).state == "pending"
    vote(world, request, world.dave)
    due(request)
    release_due()
    late = client.post(page_of(world, request, "/undo"), {"from": "page"})
    assert late.status_code == 409
    assert "Not undone: it was released." in text_of(late.content)
    check_team(world.team)


def test_undo_from_the_list_the_stack_and_a_batch_report(world: World) -> None:
    enforce(world, release_at_once=None)
    first, second, third = (ask(world, args={"path": f"docs/{n}", "text": "x"}) for n in range(3))
    client = signed_in(world.dave)
    told = {"digest": first.digest, "idempotency_key": uuid4().hex, "verdict": "approve", "from": "list"}
    row = client.post(page_of(world, first, "/decide"), told, headers={"HX-Request": "true"}).content.decode()
    assert "Approved by you, held" in row
    again = client.post(page_of(world, first, "/undo"), {"from": "list"}, headers={"HX-Request": "true"})
    assert again.content.decode().strip().startswith("<li")
    assert "held" not in text_of(again.content)
    vote(world, first, world.dave)
    assert (
        "Undone. It waits again"
        in client.post(page_of(world, first, "/undo"), {"from": "stack"}, follow=True).content.decode()
    )
    batch = start_batch(
        person=world.dave,
        team=world.team,
        verdict="approve",
        items=[BatchLine(str(one.pk), one.digest) for one in (second, third)],
        via="batch",
        idempotency_key=uuid4().hex,
    )
    report = inbox_of(world, f"b/{batch.pk}")
    assert "Undo all 2" in client.get(report).content.decode()
    assert "Undo all" not in signed_in(world.carol).get(report).content.decode()
    assert signed_in(world.carol).post(f"{report}/undo").status_code == 404
    assert "2 undone: they wait again." in client.post(f"{report}/undo", follow=True).content.decode()
    assert "Nothing was undone" in client.post(f"{report}/undo", follow=True).content.decode()
    waiting = ApprovalRequest.objects.filter(pk__in=[first.pk, second.pk, third.pk], state="pending")
    assert waiting.count() == 3
    check_team(world.team)


def test_another_persons_claim_closes_the_verbs_until_one_decides_all_the_same(world: World) -> None:
    request = ask(world, "issue_refund", {"amount": 20, "customer": "c"})
    ApprovalRequest.objects.filter(pk=request.pk).update(
        claimed_by=world.member(world.bob), claimed_until=database_now() + timedelta(minutes=5)
    )
    client = signed_in(world.carol)
    page = text_of(client.get(page_of(world, request)).content)
    assert f"{world.bob.username} is working on this until" in page
    assert "Decide all the same" in page
    sent = {"verdict": "reject", "digest": request.digest, "idempotency_key": uuid4().hex}
    refused = client.post(page_of(world, request, "/decide"), sent)
    assert refused.status_code == 409
    assert 'data-code="claimed"' in refused.content.decode()
    assert nothing_recorded(request)
    over = client.get(page_of(world, request, "?step=reject&over=1")).content.decode()
    assert 'name="over_claim" value="1"' in over
    assert client.post(page_of(world, request, "/decide"), {**sent, "over_claim": "1"}).status_code == 302
    assert Decision.objects.get(request=request).outcome == "rejected"


def test_what_others_said_of_the_parts_stands_beside_their_vote(world: World) -> None:
    enforce(
        world, {"id": "two", "tool": "write_file", "then": "review", "needs": [{"tier": "lead", "count": 2}]}
    )
    request = plan(world)
    first = signed_in(world.alice)
    fields = filled(first.get(page_of(world, request, "?step=parts")).content.decode())
    shown = say(first, world, request, "parts", "preview", **{**fields, "stop": "1"}).content.decode()
    assert say(first, world, request, "parts", "commit", **filled(shown)).status_code == 302
    second = signed_in(world.bob)
    differs = say(second, world, request, "parts", "commit", **fields)
    assert differs.status_code == 409
    assert 'data-code="answers-differ"' in differs.content.decode()
    assert "s1: defer" in text_of(differs.content)
    assert Vote.objects.filter(request=request).count() == 1
