"""Who is calling: agents by their tokens, people by theirs, and never one for the other."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from agents import services as gateway
from agents.models import Agent, AgentToken
from inbox import canonical
from inbox.models import ApprovalRequest, AuditEvent
from inbox.services import personal_tokens
from tests.factories import World, ask, body
from tests.integration.api.conftest import Caller, assert_problem


def test_no_token_is_401_and_says_how(world: World, client: Client) -> None:
    response = Caller("", client).call("POST", "/requests", body())
    assert_problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"] == "Bearer"


def test_wrong_and_unknown_tokens_get_the_same_answer(world: World, client: Client) -> None:
    mark, prefix, _ = world.token.split("_", 2)
    wrong = assert_problem(Caller(f"{mark}_{prefix}_{'x' * 43}", client).call("GET", "/requests"), 401)
    unknown = assert_problem(Caller(f"{mark}_{'0' * 12}_{'x' * 43}", client).call("GET", "/requests"), 401)
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}


@pytest.mark.parametrize(
    "spoil", [lambda t: t + "\n", lambda t: t[:9] + " " + t[9:], lambda t: "Bearer " + t]
)
def test_a_spoilt_token_is_401(world: World, client: Client, spoil) -> None:  # type: ignore[no-untyped-def]
    response = client.get("/api/v1/requests", headers={"Authorization": f"Bearer {spoil(world.token)}"})
    assert_problem(response, 401)  # type: ignore[arg-type]


def test_an_expired_token_is_401(world: World, agent_api: Caller) -> None:
    AgentToken.objects.filter(agent=world.agent).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_problem(agent_api.call("GET", "/requests"), 401, "token-expired")


def test_a_revoked_token_is_401(world: World, agent_api: Caller) -> None:
    gateway.revoke_token(AgentToken.objects.get(agent=world.agent))
    assert_problem(agent_api.call("GET", "/requests"), 401, "token-revoked")


def test_a_disabled_agent_may_ask_nothing(world: World, agent_api: Caller) -> None:
    Agent.objects.filter(pk=world.agent.pk).update(enabled=False)
    assert_problem(agent_api.call("POST", "/requests", body()), 403, "agent-disabled")


def test_a_browser_session_is_no_agent(world: World, client: Client) -> None:
    client.force_login(world.alice)
    assert_problem(Caller("", client).call("POST", "/requests", body()), 401)


def test_an_agents_token_can_never_decide(world: World, agent_api: Caller) -> None:
    request = ask(world)
    response = agent_api.call("POST", f"/requests/{request.pk}/decide", _decision(request))
    assert_problem(response, 403, "agents-cannot-decide")


def test_a_person_decides_with_a_personal_token(world: World, client: Client) -> None:
    request = ask(world)
    person = _person(world, world.dave, client)
    response = person.call("POST", f"/requests/{request.pk}/decide", _decision(request))
    assert response.status_code == 200, response.content
    assert response.json()["outcome"] == "approved"


def test_strangers_get_404(world: World, client: Client) -> None:
    request = ask(world)
    response = _person(world, world.charlie, client).call(
        "POST", f"/requests/{request.pk}/decide", _decision(request)
    )
    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize(("who", "code"), [("dave", "insufficient-tier"), ("erin", "no-tier")])
def test_those_who_may_not_are_told_why(world: World, client: Client, who: str, code: str) -> None:
    request = ask(world, "send_email", {"to": "a@example.com", "subject": "Hi"})
    response = _person(world, getattr(world, who), client).call(
        "POST", f"/requests/{request.pk}/decide", _decision(request)
    )
    assert_problem(response, 403, code)
    request.refresh_from_db()
    assert request.state == "pending"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"digest": None}, 428),
        ({"digest": "md5:0"}, 422),
        ({"digest": 5}, 422),
        ({"digest": "sha256:" + "0" * 64}, 409),
        ({"decisions": [{"key": "call_1", "type": True}]}, 422),
        ({"decisions": [{"key": "other", "type": "approve"}]}, 422),
        ({"decisions": []}, 422),
        ({"verdict": "approve"}, 422),
        ({"note": "x" * 30_000}, 422),
        ({"note": "x" * 3_000}, 422),
        ({"idempotency_key": ""}, 422),
    ],
)
def test_wrong_decisions_are_refused_and_change_nothing(
    world: World, client: Client, change: dict[str, object], status: int
) -> None:
    request = ask(world)
    person = _person(world, world.dave, client)
    assert_problem(
        person.call("POST", f"/requests/{request.pk}/decide", {**_decision(request), **change}), status
    )
    request.refresh_from_db()
    assert request.state == "pending"
    assert request.votes_cast == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_deciding_is_never_a_get(world: World, client: Client, method: str) -> None:
    request = ask(world)
    response = _person(world, world.dave, client).call(method, f"/requests/{request.pk}/decide")
    assert response.status_code == 405
    assert ApprovalRequest.objects.get(pk=request.pk).state == "pending"


def test_a_second_verdict_is_told_who_was_first(world: World, client: Client) -> None:
    request = ask(world)
    _person(world, world.dave, client).call("POST", f"/requests/{request.pk}/decide", _decision(request))
    response = _person(world, world.alice, client).call(
        "POST", f"/requests/{request.pk}/decide", _decision(request)
    )
    problem = assert_problem(response, 409, "already-decided")
    assert problem["who"] == world.dave.username
    assert problem["when"]


def test_the_owner_and_the_tokens_maker_may_not_approve(world: World, client: Client) -> None:
    Agent.objects.filter(pk=world.agent.pk).update(owner=world.alice)
    gateway.issue_token(agent=world.agent, name="t2", created_by=world.bob, lifetime=timedelta(days=1))
    request = ask(world)
    for who in (world.alice, world.bob):
        response = _person(world, who, client).call(
            "POST", f"/requests/{request.pk}/decide", _decision(request)
        )
        assert_problem(response, 403, "self-approval")


def _person(world: World, user: object, client: Client) -> Caller:
    _, text = personal_tokens.issue(person=user, name="t", lifetime=timedelta(days=1))  # type: ignore[arg-type]
    return Caller(text, client)


def _decision(request: ApprovalRequest) -> dict[str, object]:
    return {
        "digest": request.digest,
        "revision": 1,
        "decisions": [{"key": "call_1", "type": "approve"}],
        "idempotency_key": uuid4().hex,
    }


def test_a_persons_token_is_audited_in_each_of_their_teams(world: World) -> None:
    token, text = personal_tokens.issue(person=world.bob, name="laptop", lifetime=timedelta(days=1))
    assert personal_tokens.revoke(person=world.bob, prefix=token.prefix)
    assert not personal_tokens.revoke(person=world.bob, prefix=token.prefix)
    told = [
        canonical.read(bytes(row.entry))["facts"]
        for row in AuditEvent.objects.filter(team=world.team, verb="token_changed").order_by("seq")
    ]
    assert [facts["token"] for facts in told] == [token.prefix, token.prefix]
    assert [facts.get("revoked", False) for facts in told] == [False, True]
    assert text not in str(told)
