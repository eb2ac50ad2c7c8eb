"""One request's page, and the decision made on it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.contract import Submission
from agents.services import register_agent
from inbox.models import ApprovalRequest, Decision, Tool, Vote
from inbox.policy.words import Risk
from inbox.services.submit import submit
from inbox.services.withdraw import withdraw
from inbox.views.keys import EVERYWHERE, INBOX_KEYS, REQUEST_KEYS, SHEET_KEYS
from tests.factories import World, ask, body, vote
from tests.integration.pages.cast import (
    ask_for_a_look,
    confirmed,
    crowd,
    decision,
    inbox_of,
    page_of,
    signed_in,
)


def submit_body(world: World, fields: dict[str, Any]) -> ApprovalRequest:
    return submit(agent=world.agent, submission=Submission.model_validate(fields)).request


def text_of(page: bytes) -> str:
    """What a reader sees: no tags, entities resolved, blanks joined."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.decode())).split())


def test_strangers_and_other_teams_get_404_on_every_address(world: World) -> None:
    request = ask_for_a_look(world)
    elsewhere = f"/t/{world.other.slug}/r/{request.pk}"
    for tail in ("", "/why"):
        assert signed_in(world.charlie).get(page_of(world, request, tail)).status_code == 404
        assert signed_in(world.charlie).get(elsewhere + tail).status_code == 404
    for address in (page_of(world, request, "/decide"), f"{elsewhere}/decide"):
        assert signed_in(world.charlie).post(address, decision(request, "approve")).status_code == 404
    assert not Vote.objects.filter(request=request).exists()


def test_no_address_of_a_request_changes_anything_by_get(world: World) -> None:
    request = ask_for_a_look(world)
    client = signed_in(world.alice)
    for tail in ("", "?step=approve", "?step=reject", "?raw=1", "?part=2", "/why"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(world, request, tail)).status_code == 200
        assert not [query for query in captured if re.match(r"(INSERT|UPDATE|DELETE)", query["sql"])]
    assert client.get(page_of(world, request, "/decide")).status_code == 405


def test_every_argument_of_every_action_is_shown(world: World) -> None:
    fields = body()
    fields["actions"] = [
        {
            "key": f"call_{n}",
            "name": "send_email",
            "args": {"to": f"p{n}@x.example", "deep": {"list": [n, None, True, "yes"]}},
        }
        for n in range(3)
    ]
    request = submit_body(world, fields)
    page = text_of(signed_in(world.alice).get(page_of(world, request)).content)
    for n in range(3):
        assert f"call_{n}" in page
        assert f"p{n}@x.example" in page
    assert "yes/no" in page
    assert "nothing" in page
    assert "list of 4" in page


def test_a_long_payload_comes_in_parts_none_of_which_is_left_out(world: World) -> None:
    recipients = [f"person-{n}@example.com" for n in range(1000)]
    request = ask(world, "send_email", {"to": recipients, "subject": "Hello"})
    client = signed_in(world.alice)
    seen: set[str] = set()
    parts = 0
    for part in range(1, 9):
        page = client.get(page_of(world, request, f"?part={part}")).content.decode()
        found = re.search(r"Part (\d+) of (\d+)", page)
        assert found is not None
        parts = int(found[2])
        seen |= set(re.findall(r"person-\d+@example\.com", page.split("data-payload", 1)[1]))
        offers_approve = 'name="step" value="approve"' in page
        assert offers_approve == (part >= parts)
        if part >= parts:
            break
    assert parts == 3
    assert seen == set(recipients)


def test_the_raw_view_is_the_stored_json(world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "A \u202e b"})
    page = text_of(signed_in(world.alice).get(page_of(world, request, "?raw=1")).content)
    assert '"to": "a@b.example"' in page
    assert "U+202E RLO" in page
    assert "\u202e" not in page


def test_hidden_characters_are_badges_and_findings(world: World) -> None:
    request = ask(world, "send_email", {"to": "billing@аpple.com", "subject": "in\u200bvisible"})
    assert request.risk == "unverifiable"
    page = signed_in(world.alice).get(page_of(world, request)).content.decode()
    assert 'class="glyph"' in page
    assert 'class="lookalike"' in page
    assert 'data-severity="block"' in page
    assert "\u200b" not in page


def test_the_agents_words_stand_apart_and_are_marked(world: World) -> None:
    request = ask_for_a_look(
        world,
        context={"goal": "GOAL-WORDS", "rationale": "WHY-WORDS", "alternatives": ["OTHER-WORDS"]},
        claims={"risk": "low", "confidence": 0.92},
    )
    page = signed_in(world.alice).get(page_of(world, request)).content.decode()
    start = page.index('data-prov="agent"')
    case = page[start : page.index("</section>", start)]
    for words in ("GOAL-WORDS", "WHY-WORDS", "OTHER-WORDS"):
        assert words in case
        assert page.count(words) == 1
    assert "hx-ignore" in page[page.rindex("<section", 0, start) : start + 200]
    assert "written by crm-writer · not verified" in case
    assert "92% sure" in case


def test_the_evidence_stands_before_the_agents_case(world: World) -> None:
    request = ask_for_a_look(world, context={"goal": "g"})
    page = signed_in(world.alice).get(page_of(world, request)).content.decode()
    places = [
        page.index(f'id="{part}"') for part in ("payload", "impact", "why-you", "before", "case", "bar")
    ]
    assert places == sorted(places)


def test_like_this_before_shows_what_was_not_approved_first(real_world: World) -> None:
    world = real_world
    for verdict in ("approve", "reject", "approve"):
        vote(world, ask_for_a_look(world), world.alice, verdict)
    page = text_of(signed_in(world.alice).get(page_of(world, ask_for_a_look(world))).content)
    assert "Of the last 3: 2 approved, 1 rejected" in page or "Of the last 3: 1 rejected, 2 approved" in page
    before = page[page.index("Like this before") :]
    assert before.index("Rejected by") < before.index("Approved by")


def test_the_page_costs_the_same_however_much_was_decided_or_waits(world: World) -> None:
    first = ask_for_a_look(world)
    client = signed_in(world.alice)
    client.get(page_of(world, first))
    costs = []
    for more in (5, 500):
        crowd(first, more)
        closed = crowd(first, more)
        ApprovalRequest.objects.filter(pk__in=[request.pk for request in closed]).update(
            state="withdrawn", closed_at=timezone.now()
        )
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(world, first)).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1]
    assert costs[0] <= 20


def test_low_risk_is_approved_with_one_press(real_world: World) -> None:
    world = real_world
    request = ask(world)
    client = signed_in(world.dave)
    page = client.get(page_of(world, request)).content.decode()
    assert 'name="verdict" value="approve"' in page
    answer = client.post(page_of(world, request, "/decide"), decision(request, "approve"))
    assert (answer.status_code, answer["Location"]) == (302, page_of(world, request))
    assert Decision.objects.get(request=request).outcome == "approved"
    assert f"Approved by {world.dave.username}" in client.get(page_of(world, request)).content.decode()


def test_from_medium_on_the_consequence_is_shown_before_anything_is_recorded(real_world: World) -> None:
    world = real_world
    request = ask(world, "issue_refund", {"amount": 240, "customer": "c1"})
    assert request.risk == "medium"
    client = signed_in(world.carol)
    answer = client.post(page_of(world, request, "/decide"), decision(request, "approve"))
    assert answer.status_code == 200
    assert "Cannot be undone" in text_of(answer.content)
    assert not Decision.objects.filter(request=request).exists()
    answer = client.post(page_of(world, request, "/decide"), confirmed(request))
    assert answer.status_code == 302
    assert Decision.objects.get(request=request).outcome == "approved"


def test_from_high_risk_on_a_value_of_the_payload_is_read_back(real_world: World) -> None:
    world = real_world
    request = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(300)]})
    assert request.risk in ("high", "critical")
    client, post = signed_in(world.alice), page_of(world, request, "/decide")
    page = text_of(client.get(page_of(world, request, "?step=approve")).content)
    bar = page[page.index("Approve delete_accounts.") :]
    assert "How many entries has accounts?" in bar
    assert "300" not in bar
    for typed in ("", "299", "APPROVE"):
        answer = client.post(
            post, decision(request, "approve", confirmed="1", read_back=typed, message="my words")
        )
        assert answer.status_code == 422
        assert "that is not the value in the payload" in text_of(answer.content)
        assert "my words" in text_of(answer.content)
    assert not Vote.objects.filter(request=request).exists()
    assert (
        client.post(post, decision(request, "approve", confirmed="1", read_back=" 300 ")).status_code == 302
    )
    assert Vote.objects.filter(request=request).count() == 1


@pytest.mark.parametrize(
    "args",
    [
        {"all the accounts": "everything, for good"},
        {"a": {"b": {"c": {"d": {"e": {"f": "everything, for good"}}}}}},
        {"accounts": ["one account"], "note": "two words"},
        {"flag": True},
    ],
)
def test_no_payload_switches_the_reading_back_off(real_world: World, args: dict[str, Any]) -> None:
    world = real_world
    request = ask(world, "delete_accounts", args)
    ApprovalRequest.objects.filter(pk=request.pk).update(risk=Risk.HIGH)
    client, post = signed_in(world.alice), page_of(world, request, "/decide")
    page = text_of(client.get(page_of(world, request, "?step=approve")).content)
    assert "What are the last 6 characters of the digest?" in page
    assert request.digest in page
    unread = decision(request, "approve", confirmed="1", read_back="")
    assert client.post(post, unread).status_code == 422
    assert not Vote.objects.filter(request=request).exists()
    read = decision(request, "approve", confirmed="1", read_back=request.digest[-6:])
    assert client.post(post, read).status_code == 302
    assert Vote.objects.filter(request=request).count() == 1


def test_rejecting_asks_for_no_value(real_world: World) -> None:
    request = ask_for_a_look(real_world)
    answer = signed_in(real_world.alice).post(
        page_of(real_world, request, "/decide"), decision(request, "reject")
    )
    assert answer.status_code == 302
    assert Decision.objects.get(request=request).outcome == "rejected"


def test_a_rejection_tells_the_agent_the_preset_and_the_words(real_world: World) -> None:
    world = real_world
    Tool.objects.filter(team=world.team, name="send_email").update(
        rejection_presets=["Wrong audience.", "Ask Sales first."]
    )
    request = ask_for_a_look(world)
    client = signed_in(world.alice)
    page = client.get(page_of(world, request, "?step=reject")).content.decode()
    assert 'value="Ask Sales first."' in page
    fields = decision(request, "reject", preset="Ask Sales first.", message="They know the list.")
    assert client.post(page_of(world, request, "/decide"), fields).status_code == 302
    assert Decision.objects.get(request=request).message == "Ask Sales first. They know the list."
    page = text_of(client.get(page_of(world, request)).content)
    assert "crm-writer is told: “Ask Sales first. They know the list.”" in page


def test_pressing_twice_records_once(real_world: World) -> None:
    world = real_world
    request = ask(world)
    fields = decision(request, "approve")
    client = signed_in(world.dave)
    answers = [client.post(page_of(world, request, "/decide"), fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Vote.objects.filter(request=request).count() == 1


def test_the_second_of_two_people_is_told_who_was_first_and_keeps_their_words(real_world: World) -> None:
    world = real_world
    request = ask_for_a_look(world)
    vote(world, request, world.bob)
    fields = decision(request, "reject", message="I had doubts about the list")
    answer = signed_in(world.alice).post(page_of(world, request, "/decide"), fields)
    assert answer.status_code == 409
    page = text_of(answer.content)
    assert f"already approved by {world.bob.username}" in page
    assert "You had written: “I had doubts about the list”" in page
    assert Decision.objects.get(request=request).outcome == "approved"


def test_what_cannot_be_recorded_comes_back_with_its_status(real_world: World) -> None:
    world = real_world
    look = ask_for_a_look(world)
    wrong = confirmed(look)
    wrong["digest"] = "sha256:" + "0" * 64
    post = page_of(world, look, "/decide")
    answer = signed_in(world.alice).post(post, wrong)
    assert answer.status_code == 409
    assert "Read it again before you decide" in text_of(answer.content)
    assert signed_in(world.dave).post(post, confirmed(look)).status_code == 403
    assert signed_in(world.alice).post(post, {"verdict": "approve"}).status_code == 422
    assert signed_in(world.alice).post(post, decision(look, "maybe")).status_code == 422
    assert signed_in(world.alice).post(post, decision(look, "reject", message="x" * 2001)).status_code == 422
    late = ask_for_a_look(world, expires_in=1)
    ApprovalRequest.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = signed_in(world.alice).post(page_of(world, late, "/decide"), confirmed(late))
    assert answer.status_code == 410
    assert "nobody decided in time" in text_of(answer.content)
    assert not Vote.objects.filter(request__in=[look, late]).exists()


def test_verbs_one_may_not_use_say_why(world: World) -> None:
    request = ask_for_a_look(world)
    for person, reason in (
        (world.dave, "This needs lead; you are reviewer."),
        (world.erin, "You have no tier in this team"),
    ):
        page = signed_in(person).get(page_of(world, request)).content.decode()
        bar = page[page.index('id="bar"') :]
        assert reason in bar
        assert "data-decides" not in bar
        assert bar.count("disabled") == 2
    world.agent.owner = world.alice
    world.agent.save()
    assert "You own this agent" in text_of(signed_in(world.alice).get(page_of(world, request)).content)


def test_a_vote_of_several_says_who_is_still_needed(real_world: World) -> None:
    world = real_world
    request = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    client = signed_in(world.alice)
    client.post(page_of(world, request, "/decide"), confirmed(request))
    page = text_of(client.get(page_of(world, request)).content)
    assert "Your vote is recorded. Still needed: lead. crm-writer waits until then." in page
    assert f"{world.alice.username} lead approved" in page
    assert f"Approved by {world.alice.username}" not in page
    signed_in(world.bob).post(page_of(world, request, "/decide"), confirmed(request))
    assert "Approved by" in text_of(client.get(page_of(world, request)).content)


def test_from_the_list_the_answer_is_the_row(real_world: World) -> None:
    world = real_world
    request = ask(world, expires_in=600)
    client = signed_in(world.dave)
    sent = decision(request, "approve", **{"from": "list"})
    answer = client.post(page_of(world, request, "/decide"), sent, headers={"HX-Request": "true"})
    row = answer.content.decode()
    assert answer.status_code == 200
    assert row.strip().startswith("<li")
    assert f"Approved by {world.dave.username}" in row
    again = client.post(
        page_of(world, request, "/decide"),
        decision(request, "approve", **{"from": "list"}),
        headers={"HX-Request": "true"},
    )
    assert again.status_code == 409
    assert "already approved by" in again.content.decode()
    plain = ask(world, expires_in=600)
    answer = client.post(
        page_of(world, plain, "/decide"), decision(plain, "approve", **{"from": "list"}), follow=True
    )
    assert answer.redirect_chain == [(inbox_of(world), 302)]
    assert "Approved: Write docs/a.md: hello" in text_of(answer.content)


def test_a_withdrawn_request_says_so_and_offers_nothing(real_world: World) -> None:
    world = real_world
    request = ask_for_a_look(world)
    withdraw(agent=world.agent, request_id=request.pk)
    page = signed_in(world.alice).get(page_of(world, request)).content.decode()
    assert "Withdrawn by crm-writer" in page
    assert "data-decides" not in page


def test_previous_and_next_follow_the_order_of_ones_turn(world: World) -> None:
    first, second, third = (ask_for_a_look(world, expires_in=seconds) for seconds in (5000, 6000, 7000))
    page = signed_in(world.alice).get(page_of(world, second)).content.decode()
    keyed = dict(re.findall(r'href="([^"]+)" data-key="([\[\]])"', page))
    assert keyed == {page_of(world, first): "[", page_of(world, third): "]"}


def test_why_answers_htmx_with_sentences_and_a_browser_with_a_page(world: World) -> None:
    request = ask_for_a_look(world)
    client = signed_in(world.alice)
    part = client.get(page_of(world, request, "/why"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Needs the vote of one lead or above." in part
    assert "<html" in client.get(page_of(world, request, "/why")).content.decode()


def test_titles_hold_no_agent_text(world: World) -> None:
    request = ask(world, "send_email", {"to": "EVIL", "subject": "EVIL"}, context={"goal": "EVIL"})
    page = signed_in(world.alice).get(page_of(world, request)).content.decode()
    assert "EVIL" not in re.findall(r"<title>(.*?)</title>", page, re.DOTALL)[0]


def test_a_stranger_agents_handle_in_the_same_team_is_no_matter(world: World) -> None:
    other = register_agent(team_id=world.other.pk, handle="crm-writer", owner=None)
    assert other.pk != world.agent.pk
    request = ask_for_a_look(world)
    assert f"/agents/{world.agent.pk}" in signed_in(world.alice).get(page_of(world, request)).content.decode()


def test_every_key_is_documented() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "reference" / "keys.md").read_text()
    for key in (*INBOX_KEYS, *REQUEST_KEYS, *SHEET_KEYS, *EVERYWHERE):
        assert f"`{key.name}`" in page, key.name
        assert key.does in page, key.does
