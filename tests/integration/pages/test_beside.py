"""What is done beside and after a decision, as plain form posts: each once, and what bad input is told."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.test import Client

from agents.contract import OutcomeReport
from agents.models import Pause
from inbox.models import ApprovalRequest, AuditEvent, Feedback, Message, Notification, Recall, Snooze, Tool
from inbox.services.claims import claim
from inbox.services.outcomes import report
from inbox.services.revise import redraft
from tests.factories import World, ask, vote
from tests.integration.core.test_conversation import answers, draft
from tests.integration.core.test_pauses import pause
from tests.integration.core.test_recall import approved, read
from tests.integration.pages.cast import inbox_of, page_of, signed_in
from tests.policies import enforce

REFUND = {"amount": 20, "customer": "cus_1"}
EVIL = "<b>evil</b>\u202e"


def post(client: Client, world: World, request: ApprovalRequest, verb: str, **sent: Any) -> Any:
    return client.post(page_of(world, request, f"/{verb}"), sent)


def say(client: Client, world: World, request: ApprovalRequest, kind: str, text: str, **more: Any) -> Any:
    sent = {"kind": kind, "text": text, "digest": request.digest, "idempotency_key": uuid4().hex, **more}
    return post(client, world, request, "talk", **sent)


def verbs(request: ApprovalRequest) -> list[str]:
    return list(AuditEvent.objects.filter(request=request).order_by("seq").values_list("verb", flat=True))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_ask_send_back_and_guide_and_read_what_came_back(world: World) -> None:
    request, client = ask(world, "issue_refund", REFUND), signed_in(world.carol)
    page = text(client.get(page_of(world, request)))
    for step in ("ask", "guide", "regenerate", "snooze", "escalate", "pass_on"):
        assert f'value="{step}"' in page
        assert "data-decides" in text(client.get(page_of(world, request, f"?step={step}")))
    for refused, code in (
        (say(client, world, request, "ask", "  "), "message-missing"),
        (say(client, world, request, "ask", "x" * 2001), "message-too-long"),
        (say(client, world, request, "shout", "hello"), "invalid-form"),
        (say(client, world, request, "ask", "hello", digest="sha256:0"), "digest-mismatch"),
    ):
        assert refused.status_code in (409, 422)
        assert f'data-code="{code}"' in text(refused)
    kept = text(say(client, world, request, "ask", "Which order\x07?"))
    assert ">\nWhich order" in kept
    assert not Message.objects.filter(request=request).exists()
    key = uuid4().hex
    for _ in range(2):
        sent = say(client, world, request, "ask", "Which order?", idempotency_key=key)
        assert sent.status_code == 302
    assert Message.objects.get(request=request).text == "Which order?"
    page = text(client.get(page_of(world, request)))
    assert "waits for crm-writer" in page
    assert request.sentence not in text(client.get(inbox_of(world)))
    assert "waits for crm-writer" in text(client.get(inbox_of(world, "?view=waiting")))
    answers(world, request, EVIL)
    assert 'data-tone="ok">answered' in text(client.get(inbox_of(world)))
    page = text(client.get(page_of(world, request)))
    assert "evil" in page[page.index("talk-said") :]
    assert "<b>evil" not in page
    assert "\u202e" not in page
    assert say(client, world, request, "guide", "Mind the order.").status_code == 302
    assert say(client, world, request, "regenerate", "Half of it.").status_code == 302
    redraft(agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 10}))
    assert 'data-tone="ok">revised' in text(client.get(inbox_of(world)))
    page = text(client.get(page_of(world, request)))
    drafts = page[page.index('id="drafts"') : page.index('id="payload"')]
    assert re.search(r"<del>\D*20\D*</del>", drafts, re.DOTALL)
    assert "Version 2 by crm-writer" in drafts
    # The agent's words stand below what is decided about.
    assert page.index('id="payload"') < page.index('id="talk"')
    assert verbs(request)[1:5] == ["questioned", "answered", "guided", "sent_back"]


def test_put_aside_says_what_silence_does_and_is_taken_back(world: World) -> None:
    request, client = ask(world, "issue_refund", REFUND, expires_in=1800), signed_in(world.carol)
    other = ask(world, "issue_refund", {"amount": 30, "customer": "cus_2"})
    page = text(client.get(page_of(world, request, "?step=snooze")))
    assert "It will be rejected at" in page
    for sent in (
        {},
        {"until": "soon"},
        {"until": "decided"},
        {"until": "decided", "other": "x"},
        {"until": "reply"},
    ):
        assert post(client, world, request, "snooze", **sent).status_code in (409, 422)
    assert not Snooze.objects.filter(request=request).exists()
    assert post(client, world, request, "snooze", until="1h").status_code == 302
    page = text(client.get(page_of(world, request)))
    assert "It will be rejected at" in page
    snoozed = text(client.get(inbox_of(world, "?view=snoozed")))
    assert request.sentence in snoozed
    assert 'Snoozed<span class="count">1</span>' in snoozed
    assert request.sentence not in text(client.get(inbox_of(world)))
    assert post(client, world, request, "unsnooze").status_code == 302
    assert post(client, world, request, "unsnooze").status_code == 409
    sent = {"until": "decided", "other": str(other.pk)}
    assert post(client, world, request, "snooze", **sent).status_code == 302
    vote(world, other, world.carol)
    assert "back: “" in text(client.get(inbox_of(world)))


def test_escalate_and_pass_on_need_a_reason_and_somebody(world: World) -> None:
    request, client = ask(world, "issue_refund", REFUND), signed_in(world.carol)
    page = text(client.get(page_of(world, request, "?step=pass_on")))
    assert f'<option value="{world.alice.username}"' in page
    assert f'<option value="{world.dave.username}"' not in page
    for verb, sent in (
        ("escalate", {"reason": " "}),
        ("pass-on", {"to": world.alice.username}),
        ("pass-on", {"to": "nobody", "reason": "You know them."}),
        ("pass-on", {"to": world.dave.username, "reason": "You know them."}),
    ):
        refused = post(client, world, request, verb, **sent)
        assert refused.status_code in (409, 422)
        assert 'id="conflict"' in text(refused)
    assert verbs(request) == ["requested"]
    sent = {"to": world.alice.username, "reason": "You know the customer."}
    assert post(client, world, request, "pass-on", **sent).status_code == 302
    request.refresh_from_db()
    assert request.assignee == world.member(world.alice)
    assert post(client, world, request, "escalate", reason="Unsure.").status_code == 302
    assert verbs(request)[-1] == "escalated"


def test_claim_renew_take_over_and_let_go(world: World) -> None:
    request, client = ask(world, "issue_refund", REFUND), signed_in(world.carol)
    assert post(client, world, request, "claim").status_code == 302
    assert "You are working on this" in text(client.get(page_of(world, request)))
    request.refresh_from_db()
    first = request.claimed_until
    seen = post(client, world, request, "look").json()
    assert seen["claimed_by"] == world.carol.username
    request.refresh_from_db()
    assert request.claimed_until is not None
    assert first is not None
    assert request.claimed_until > first
    bob = signed_in(world.bob)
    assert f"claimed by {world.carol.username}" in text(bob.get(inbox_of(world)))
    assert post(bob, world, request, "claim").status_code == 409
    assert post(bob, world, request, "release").status_code == 403
    assert post(bob, world, request, "look").json()["looking"] == [world.carol.username]
    assert "Take it over" in text(bob.get(page_of(world, request)))
    assert post(bob, world, request, "claim", take_over="1").status_code == 302
    assert post(bob, world, request, "release").status_code == 302
    request.refresh_from_db()
    assert request.claimed_by is None
    # looking claims nothing anew
    post(bob, world, request, "look")
    request.refresh_from_db()
    assert request.claimed_by is None


def test_the_ladder_on_a_page_recall_then_report(world: World) -> None:
    request, client = approved(world), signed_in(world.dave)
    page = text(client.get(page_of(world, request)))
    assert "Recall…" in page
    assert "does not have it yet" in page
    assert post(client, world, request, "recall", reason="").status_code == 422
    assert post(client, world, request, "compensate", reason="Wrong.").status_code == 409
    assert not Recall.objects.filter(decision__request=request).exists()
    assert post(client, world, request, "recall", reason="Wrong file.").status_code == 302
    page = text(client.get(page_of(world, request)))
    assert f"Recalled by {world.dave.username}: the agent gets a no" in page
    assert "Recall…" not in page
    for sent in ({}, {"kind": "fine"}, {"kind": "incident"}, {"kind": "bad", "reason": "x" * 2001}):
        assert post(client, world, request, "feedback", **sent).status_code == 422
    assert not Feedback.objects.filter(decision__request=request).exists()
    sent = {"kind": "incident", "reason": "It overwrote the file."}
    assert post(client, world, request, "feedback", **sent).status_code == 302
    assert "It overwrote the file." in text(client.get(page_of(world, request)))


def test_what_was_had_is_asked_to_be_put_back_and_its_report_is_a_claim(world: World) -> None:
    Tool.objects.filter(team=world.team, name="write_file").update(
        inverse_tool="restore_file", inverse={"file": "path"}
    )
    request, client = approved(world), signed_in(world.dave)
    read(world, request)
    report(agent=world.agent, request_id=request.pk, outcome=OutcomeReport(status="failed", detail=EVIL))
    page = text(client.get(page_of(world, request)))
    assert "crm-writer has read it" in page
    assert "Ask to put it back…" in page
    outcome = page[page.index('id="outcome"') - 200 :]
    assert 'data-kind="claimed"' in outcome
    assert "<b>evil" not in page
    assert "\u202e" not in page
    assert post(client, world, request, "compensate", reason=" ").status_code == 422
    assert post(client, world, request, "compensate", reason="Wrong file.").status_code == 302
    made = ApprovalRequest.objects.get(team=world.team, dedupe_key=f"compensates:{request.pk}")
    assert page_of(world, made) in text(client.get(page_of(world, request)))
    assert page_of(world, request) in text(client.get(page_of(world, made)))


def test_notifications_are_counted_listed_and_read(world: World) -> None:
    client = signed_in(world.carol)
    assert "Nothing to tell you" in text(client.get(inbox_of(world, "notifications")))
    request = ask(world, "issue_refund", REFUND)
    assert '<span class="num">1</span> waiting' in text(client.get(inbox_of(world, "notifications")))
    assert client.post(inbox_of(world, "notifications/read")).status_code == 303
    claim(person=world.carol, team=world.team, request_id=request.pk)
    claim(person=world.bob, team=world.team, request_id=request.pk, take_over=True)
    page = text(client.get(inbox_of(world, "notifications")))
    assert "took it over" in page
    assert page.count("data-unread") == 1
    assert client.get(inbox_of(world, "changes?since=0")).json()["unread"] == 1
    assert client.post(inbox_of(world, "notifications/read"), {"id": "x"}).status_code == 422
    row = Notification.objects.get(member=world.member(world.carol), kind="claim_taken")
    signed_in(world.bob).post(inbox_of(world, "notifications/read"), {"id": str(row.pk)})
    assert client.get(inbox_of(world, "changes?since=0")).json()["unread"] == 1
    assert client.post(inbox_of(world, "notifications/read"), {"id": str(row.pk)}).status_code == 303
    assert client.get(inbox_of(world, "changes?since=0")).json()["unread"] == 0


def test_an_admin_pauses_an_agent_a_tool_and_the_team_and_every_page_says_so(world: World) -> None:
    erin, dave = signed_in(world.erin), signed_in(world.dave)
    place = inbox_of(world, "pauses")
    agent = {"agent": str(world.agent.pk)}
    assert f"{place}?agent={world.agent.pk}" in text(erin.get(inbox_of(world, f"agents/{world.agent.pk}")))
    assert f"{place}?tool=write_file" in text(erin.get(inbox_of(world, "tools")))
    assert f"{place}?team=1" in text(erin.get(inbox_of(world, "agents")))
    assert '<strong class="num">1</strong> agent' in text(erin.get(f"{place}?team=1"))
    assert dave.post(place, {**agent, "reason": "Wrong."}).status_code == 403
    for sent in (
        {**agent, "reason": " "},
        {"team": "1", "agents": "2", "reason": "Wrong."},
        {"reason": "Wrong."},
    ):
        assert erin.post(place, sent).status_code == 422
    assert erin.post(place, {"agent": str(uuid4()), "reason": "Wrong."}).status_code == 404
    assert not Pause.objects.filter(team_id=world.team.pk).exists()
    assert 'class="paused"' not in text(dave.get(inbox_of(world)))
    for sent in (agent, {"tool": "write_file"}, {"team": "1", "agents": "1"}):
        assert erin.post(place, {**sent, "reason": "It went wrong."}).status_code == 303
    for tail, words in ((f"agents/{world.agent.pk}", "Resume crm-writer…"), ("agents", "Resume the team…")):
        assert words in text(erin.get(inbox_of(world, tail)))
    assert 'aria-label="Resume write_file"' in text(erin.get(inbox_of(world, "tools")))
    again = text(erin.get(f"{place}?tool=write_file"))
    assert "is paused already" in again
    assert "Nothing of it is released any more once" not in again
    page = text(dave.get(inbox_of(world)))
    line = page[page.index('class="paused"') : page.index('id="strip"')]
    assert "agent crm-writer, tool write_file, the whole team" in line
    assert "/resume" not in text(dave.get(place))
    opened = list(Pause.objects.filter(team_id=world.team.pk))
    assert dave.post(f"{place}/{opened[0].pk}/resume").status_code == 403
    User.objects.filter(pk=world.charlie.pk).update(is_superuser=True)
    world.charlie.refresh_from_db()
    foreign = pause(world, world.charlie, team=None)
    assert erin.post(f"{place}/{foreign.pk}/resume").status_code == 404
    for row in opened:
        assert erin.post(f"{place}/{row.pk}/resume", {"reason": "Mended."}).status_code == 303
    assert not Pause.objects.filter(team_id=world.team.pk, ended_at=None).exists()
    assert "everything on this server" in text(dave.get(inbox_of(world)))


def test_a_row_is_claimed_and_let_go_of_and_who_has_voted_is_told_why_not(world: World) -> None:
    enforce(
        world,
        {"id": "two", "tool": "issue_refund", "then": "review", "needs": [{"tier": "lead", "count": 2}]},
    )
    request, client = ask(world, "issue_refund", REFUND), signed_in(world.alice)
    listed = text(client.get(inbox_of(world)))
    assert re.search(r'data-key="c" aria-label="Claim it', listed)
    assert post(client, world, request, "claim", **{"from": "list"}).headers["Location"] == inbox_of(world)
    row = client.post(page_of(world, request, "/release"), {"from": "list"}, headers={"HX-Request": "true"})
    assert text(row).strip().startswith("<li")
    assert "claimed by you" not in text(row)
    claim(person=world.alice, team=world.team, request_id=request.pk)
    vote(world, request, world.alice)
    request.refresh_from_db()
    assert request.claimed_by is None
    page = text(client.get(page_of(world, request)))
    assert ">Claim <kbd" not in page
    refused = post(client, world, request, "claim")
    assert refused.status_code == 409
    assert "Not claimed: your vote on this request is counted" in text(refused)
