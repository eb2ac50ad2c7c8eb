"""A blocked request: no ordinary approval, no batch, one separate verdict with a reason by the rule's people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from inbox import canonical
from inbox.answers import APPROVED
from inbox.errors import Invalid, NotAllowed
from inbox.models import ApprovalRequest, AuditEvent, Vote
from inbox.services.batches import BatchLine, start_batch
from inbox.services.personal_tokens import issue
from tests.factories import World, ask, in_force, vote

REASON = "The incident needs this file written now."
BLOCK = {
    "id": "no-notes",
    "tool": "write_file",
    "then": "break_glass",
    "needs": [{"tier": "senior", "count": 1}],
}


@pytest.fixture
def blocked(world: World) -> ApprovalRequest:
    in_force(world, BLOCK)
    request = ask(world)
    assert (request.state, request.blocked, request.batchable) == ("pending", True, False)
    return request


def test_the_ordinary_verdict_is_refused_and_the_attempt_recorded(
    world: World, blocked: ApprovalRequest
) -> None:
    with pytest.raises(NotAllowed) as refused:
        vote(world, blocked, world.alice)
    assert refused.value.code == "blocked"
    assert "no-notes" in refused.value.detail
    with pytest.raises(NotAllowed):
        vote(world, blocked, world.alice, actions={"call_1": APPROVED})
    blocked.refresh_from_db()
    assert blocked.state == "pending"
    assert AuditEvent.objects.filter(request=blocked, verb="refused").count() == 2
    assert not Vote.objects.filter(request=blocked).exists()


def test_rejecting_needs_no_glass(world: World, blocked: ApprovalRequest) -> None:
    vote(world, blocked, world.dave, "reject")
    blocked.refresh_from_db()
    assert blocked.outcome == "rejected"


@pytest.mark.parametrize("message", ["", "too short", " " * 40, "a" * 10 + " " * 30])
def test_a_reason_that_is_none_is_refused(world: World, blocked: ApprovalRequest, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        vote(world, blocked, world.alice, "break_glass", message=message)
    assert refused.value.code == "reason-too-short"
    assert refused.value.errors[0].pointer == "/note"


def test_the_rules_people_break_it_and_the_log_says_so_in_its_own_word(
    world: World, blocked: ApprovalRequest
) -> None:
    """The ladder's reviewer and the rule's senior: two people, each with a reason."""
    first = vote(world, blocked, world.carol, "break_glass", message=REASON)
    assert first.decision is None
    second = vote(world, blocked, world.dave, "break_glass", message=REASON)
    assert second.decision is not None
    blocked.refresh_from_db()
    assert blocked.outcome == "approved"
    event = AuditEvent.objects.get(request=blocked, verb="break_glass")
    facts = canonical.read(bytes(event.entry))["facts"]
    assert (facts["message"], facts["rule"]) == (REASON, "no-notes")
    voted = AuditEvent.objects.get(request=blocked, verb="voted")
    assert canonical.read(bytes(voted.entry))["facts"]["break_glass"] is True
    assert not AuditEvent.objects.filter(request=blocked, verb="decided").exists()


def test_breaking_what_is_not_blocked_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        vote(world, ask(world), world.alice, "break_glass", message=REASON)
    assert refused.value.code == "not-blocked"


def test_a_person_the_rule_does_not_name_cannot(world: World, blocked: ApprovalRequest) -> None:
    vote(world, blocked, world.dave, "break_glass", message=REASON)
    with pytest.raises(NotAllowed) as refused:
        vote(world, blocked, world.erin, "break_glass", message=REASON)
    assert refused.value.code in ("no-tier", "self-approval")


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_batch_never_approves_it(world: World, blocked: ApprovalRequest, verdict: Any) -> None:
    batch = start_batch(
        person=world.alice,
        team=world.team,
        verdict=verdict,
        items=[BatchLine(str(blocked.pk), blocked.digest)],
        message="",
        via="web",
        idempotency_key=uuid4().hex,
    )
    assert batch.items.get().outcome == ("blocked" if verdict == "approve" else "rejected")
    blocked.refresh_from_db()
    assert blocked.outcome == (None if verdict == "approve" else "rejected")


def test_the_api_takes_the_separate_type_for_all_actions_or_none(
    client: Client, world: World, blocked: ApprovalRequest
) -> None:
    _, token = issue(person=world.alice, name="test", lifetime=timedelta(days=1))
    url = f"/api/v1/requests/{blocked.pk}/decide"

    def send(kind: str, note: str) -> Any:
        return client.post(
            url,
            {
                "digest": blocked.digest,
                "decisions": [{"key": "call_1", "type": kind}],
                "note": note,
                "idempotency_key": uuid4().hex,
            },
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    assert (send("approve", "").status_code, send("approve", "").json()["code"]) == (403, "blocked")
    short = send("break_glass", "no")
    assert (short.status_code, short.json()["code"]) == (422, "reason-too-short")
    assert send("break_glass", REASON).status_code == 200


def test_the_page_shows_it_red_and_breaks_it_without_scripts(
    client: Client, world: World, blocked: ApprovalRequest
) -> None:
    client.force_login(world.alice)
    page = reverse("request", args=[world.team.slug, blocked.pk])
    text = client.get(page).content.decode()
    assert "Break the glass…" in text
    assert 'value="approve"' not in text
    assert "Blocked by rule" in text
    form = client.get(page, {"step": "break_glass"}).content.decode()
    assert 'minlength="20"' in form
    decide = reverse("decide", args=[world.team.slug, blocked.pk])
    sent = {
        "digest": blocked.digest,
        "idempotency_key": uuid4().hex,
        "verdict": "break_glass",
        "confirmed": "1",
    }
    refused = client.post(decide, {**sent, "message": "short"})
    assert refused.status_code == 422
    assert "at least 20 characters" in refused.content.decode()
    assert client.post(decide, {**sent, "verdict": "approve"}).status_code == 403
    assert client.post(decide, {**sent, "message": REASON}).status_code == 302
    client.force_login(world.bob)
    assert client.post(decide, {**sent, "message": REASON, "idempotency_key": uuid4().hex}).status_code == 302
    closed = client.get(page).content.decode()
    assert "Glass broken by" in closed
    assert "Broke the glass" in closed
