"""The agents board and one agent's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents import bearer
from agents import services as gateway
from agents.contract import ThreadStatus
from agents.demos.models import LedgerEntry
from agents.models import Agent, AgentToken, Delivery, HostedRun
from inbox.models import ApprovalRequest
from inbox.selectors.agents_board import board
from tests.factories import World, ask, vote


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def row(world: World) -> Any:
    (found,) = board(world.team.pk)
    return found


def run(world: World, state: str, thread: str = "") -> HostedRun:
    return HostedRun.objects.create(
        team_id=world.team.pk,
        agent=world.agent,
        graph="invoices",
        code_version="x",
        thread=thread or f"run-{uuid4().hex}",
        input={},
        state=state,
        error="Traceback <b>" if state == "failed" else "",
    )


def delivery(world: World, state: str, decision_id: Any = None, **more: Any) -> Delivery:
    return Delivery.objects.create(
        team_id=world.team.pk,
        agent=world.agent,
        channel="hosted",
        correlation_id=decision_id or uuid4(),
        thread="run-1",
        address="i1",
        payload=b"{}",
        state=state,
        **more,
    )


def test_an_idle_agent_is_quiet(world: World) -> None:
    assert row(world).state == "quiet"
    assert row(world).outcomes.total == 0


def test_a_waiting_agent_says_on_how_many_and_since_when(client: Client, world: World) -> None:
    first = ask(world)
    ask(world)
    found = row(world)
    assert (found.state, found.pending) == ("waiting", 2)
    assert found.waiting_since == first.created_at
    client.force_login(world.carol)
    assert "2 requests" in client.get(url(world, "agents")).content.decode()


def test_a_running_agent_is_known_by_its_run_or_by_what_it_says(world: World) -> None:
    run(world, "running")
    assert (row(world).state, row(world).active_runs) == ("running", 1)
    HostedRun.objects.filter(agent=world.agent).update(state="done")
    assert row(world).state == "quiet"
    gateway.report_thread(
        agent=world.agent, thread="t", status=ThreadStatus(status="running", step="reading mail")
    )
    assert row(world).state == "running"


def test_a_switched_off_agent_is_disabled_whatever_else(world: World) -> None:
    ask(world)
    gateway.set_enabled(world.agent, enabled=False)
    assert row(world).state == "disabled"


def test_the_current_step_is_shown_as_a_claim_and_made_harmless(client: Client, world: World) -> None:
    said = ThreadStatus(
        status="running", goal="<b>all</b>", step="<script>x</script>\u200b mailing", progress=0.5
    )
    gateway.report_thread(agent=world.agent, thread="t-1", status=said)
    client.force_login(world.carol)
    for address in (url(world, "agents"), url(world, "agent", world.agent.pk)):
        text = client.get(address).content.decode()
        assert "<script>x" not in text
        assert "\u200b" not in text
        assert "U+200B" in text
        assert 'data-prov="agent"' in text


def test_outcomes_of_the_last_30_days_are_counted_by_kind(world: World) -> None:
    vote(world, ask(world), world.dave)
    vote(world, ask(world), world.dave)
    vote(world, ask(world), world.dave, "reject", message="No.")
    ask(world, "lookup_order", {"order": 1})
    old = ask(world)
    ApprovalRequest.objects.filter(pk=old.pk).update(
        state="withdrawn", closed_at=timezone.now() - timedelta(days=31)
    )
    found = row(world).outcomes
    assert (found.approved, found.rejected, found.withdrawn, found.partial) == (3, 1, 0, False)
    assert found.parts == (("approved", 3), ("rejected", 1))


def test_long_histories_are_counted_as_far_as_the_cap_and_say_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.selectors.agents_board.HISTORY_CAP", 2)
    for _ in range(4):
        ask(world, "lookup_order", {"order": 1})
    assert row(world).outcomes.partial


def test_unknown_outcomes_are_called_out_on_board_and_page(client: Client, world: World) -> None:
    request = ask(world)
    decided = vote(world, request, world.dave)
    assert decided.decision is not None
    run(world, "outcome_unknown", "lost-thread")
    delivery(world, "outcome_unknown", decided.decision.pk, last_error="worker died", attempts=3)
    delivery(world, "dead", last_error="410 Gone")
    assert row(world).to_look_at == 3
    client.force_login(world.carol)
    assert "3 to look at" in client.get(url(world, "agents")).content.decode()
    text = client.get(url(world, "agent", world.agent.pk)).content.decode()
    assert "Outcome unknown: a person must look" in text
    for part in ("lost-thread", "worker died", "410 Gone", request.sentence):
        assert part in text


def test_the_page_shows_runs_deliveries_pending_requests_and_ledger_rows(
    client: Client, world: World
) -> None:
    waiting = ask(world, "issue_refund", {"amount": 640, "customer": "cus_81x"})
    run(world, "failed", "thread-a")
    delivery(world, "queued", attempts=2, last_error="timed out")
    LedgerEntry.objects.create(
        team_id=world.team.pk,
        thread="thread-a",
        tool="pay_invoice",
        args={"n": "\u202e1"},
        effect_key="d1:a1",
    )
    LedgerEntry.objects.create(
        team_id=world.team.pk, thread="elsewhere", tool="other_tool", args={}, effect_key="d2:a1"
    )
    client.force_login(world.carol)
    text = client.get(url(world, "agent", world.agent.pk)).content.decode()
    for part in ("thread-a", "Traceback &lt;b&gt;", "timed out", "pay_invoice", "d1:a1", waiting.sentence):
        assert part in text
    assert "other_tool" not in text
    assert "\u202e" not in text


def test_an_admin_registers_an_agent_and_makes_a_token_shown_once(client: Client, world: World) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "agents"), {"handle": "invoice-bot"})
    assert answer.status_code == 303
    agent = Agent.objects.get(team_id=world.team.pk, handle="invoice-bot")
    answer = client.post(url(world, "agent", agent.pk), {"name": "production", "days": "30"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    secret = re.search(r'id="token-text">(plc_[^<]+)<', answer.content.decode())
    assert secret is not None
    token = AgentToken.objects.get(agent=agent)
    assert bytes(token.digest) == bearer.digest_of(secret.group(1).split("_", 2)[2])
    assert secret.group(1) not in client.get(url(world, "agent", agent.pk)).content.decode()


@pytest.mark.parametrize(
    ("handle", "said"),
    [("crm-writer", "There is an agent crm-writer already."), ("bad name", "Use letters"), ("", "required")],
)
def test_a_wrong_handle_is_refused_at_its_field(client: Client, world: World, handle: str, said: str) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "agents"), {"handle": handle})
    assert answer.status_code == 422
    assert said in answer.content.decode()


@pytest.mark.parametrize("sent", [{"name": "", "days": "30"}, {"name": "x", "days": "9999"}])
def test_a_wrong_token_form_makes_no_token(client: Client, world: World, sent: dict[str, str]) -> None:
    before = AgentToken.objects.count()
    client.force_login(world.erin)
    assert client.post(url(world, "agent", world.agent.pk), sent).status_code == 422
    assert AgentToken.objects.count() == before


def test_an_admin_switches_an_agent_off_and_on_and_revokes_its_token(client: Client, world: World) -> None:
    client.force_login(world.erin)
    client.post(url(world, "agent_enabled", world.agent.pk), {"enabled": "0"})
    world.agent.refresh_from_db()
    assert not world.agent.enabled
    assert "switched off" in client.get(url(world, "agent", world.agent.pk)).content.decode()
    client.post(url(world, "agent_enabled", world.agent.pk), {"enabled": "1"})
    world.agent.refresh_from_db()
    assert world.agent.enabled
    token = AgentToken.objects.get(agent=world.agent)
    assert client.post(url(world, "token_revoke", world.agent.pk, token.pk)).status_code == 303
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_members_see_but_may_not_change(client: Client, world: World) -> None:
    token = AgentToken.objects.get(agent=world.agent)
    client.force_login(world.alice)
    assert client.get(url(world, "agents")).status_code == 200
    assert client.post(url(world, "agents"), {"handle": "mine"}).status_code == 403
    assert client.post(url(world, "agent", world.agent.pk), {"name": "x", "days": "1"}).status_code == 403
    assert client.post(url(world, "agent_enabled", world.agent.pk), {"enabled": "0"}).status_code == 403
    assert client.post(url(world, "token_revoke", world.agent.pk, token.pk)).status_code == 403
    world.agent.refresh_from_db()
    assert world.agent.enabled


def test_strangers_and_other_teams_agents_are_404(client: Client, world: World) -> None:
    client.force_login(world.charlie)
    assert client.get(url(world, "agents")).status_code == 404
    assert client.get(url(world, "agent", world.agent.pk)).status_code == 404
    mine = reverse("agent", args=[world.other.slug, world.agent.pk])
    assert client.get(mine).status_code == 404
    assert client.post(mine, {"name": "x", "days": "1"}).status_code == 404
    assert (
        client.post(
            reverse("agent_enabled", args=[world.other.slug, world.agent.pk]), {"enabled": "0"}
        ).status_code
        == 404
    )


def test_board_and_page_cost_the_same_however_much_there_is(
    client: Client, world: World, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(world.carol)
    addresses = ((url(world, "agents"), 12), (url(world, "agent", world.agent.pk), 22))
    run(world, "paused")
    delivery(world, "queued")
    for address, count in addresses:
        client.get(address)
        with django_assert_num_queries(count):
            client.get(address)
    for number in range(40):
        ask(world)
        run(world, "paused")
        delivery(world, "queued")
        gateway.report_thread(agent=world.agent, thread=f"t{number}", status=ThreadStatus(status="waiting"))
        gateway.register_agent(team_id=world.team.pk, handle=f"agent-{number}", owner=None)
    for address, count in addresses:
        with django_assert_num_queries(count):
            client.get(address)
