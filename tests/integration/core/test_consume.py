"""When an agent has a decision: at its first reading, or with a permit at the one consuming."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse

from agents.contract import ConsumeBody
from inbox.errors import Conflict, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Pickup
from inbox.services.pickups import consume
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.integration.api.conftest import Caller

PERMIT: dict[str, Any] = {"reply": {"channel": "poll", "permit": True}}


def take(world: World, request: ApprovalRequest, holder: str = "worker-1") -> ApprovalRequest:
    return consume(
        agent=world.agent,
        request_id=request.pk,
        body=ConsumeBody(digest=request.digest, holder=holder),
    )


def refused(world: World, request: ApprovalRequest, holder: str = "worker-1") -> str:
    with pytest.raises(Conflict) as raised:
        take(world, request, holder)
    return raised.value.code


def how(request: ApprovalRequest) -> list[str]:
    return list(Pickup.objects.filter(decision__request=request).values_list("how", flat=True))


def read(response: HttpResponse) -> Any:
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_the_first_reading_is_having_and_is_noted_once(
    world: World, client: Any, django_assert_max_num_queries: Any
) -> None:
    api = Caller(world.token, client)
    first, second, waits = ask(world), ask(world, args={"path": "b", "text": "b"}), ask(world)
    for one in (first, second):
        vote(world, one, world.dave)
    assert how(first) == []
    assert read(api.call("GET", f"/requests/{first.pk}"))["decision"]["recalled"] is False
    listed = read(api.call("GET", "/requests"))["items"]
    assert [item["state"] for item in listed] == ["decided", "decided", "pending"]
    assert how(first) == how(second) == ["read"]
    assert how(waits) == []
    at = Pickup.objects.get(decision__request=first).at
    with django_assert_max_num_queries(4):
        # The token, its agent's last sight, the request with everything of it, the stream: nothing for the pickup.
        api.call("GET", f"/requests/{first.pk}")
    assert Pickup.objects.get(decision__request=first).at == at
    check_team(world.team)


def test_what_policy_passes_at_once_is_had_with_the_answer(world: World) -> None:
    assert how(ask(world, "lookup_order", {"order": "#1"})) == ["read"]
    assert how(ask(world, "lookup_order", {"order": "#2"}, **PERMIT)) == []


def test_with_a_permit_one_holder_gets_it(world: World, client: Any) -> None:
    request = ask(world, **PERMIT)
    assert refused(world, request) == "not-decided"
    vote(world, request, world.dave)
    api = Caller(world.token, client)
    assert read(api.call("GET", f"/requests/{request.pk}"))["outcome"] == "approved"
    assert how(request) == []
    stale = {"digest": "sha256:" + "0" * 64, "holder": "worker-1"}
    answer = api.call("POST", f"/requests/{request.pk}/consume", stale)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (409, "digest-mismatch")
    for _ in range(2):
        body = {"digest": request.digest, "holder": "worker-1"}
        granted = read(api.call("POST", f"/requests/{request.pk}/consume", body))
        assert granted["decision"]["actions"][0]["args"] == {"path": "docs/a.md", "text": "hello"}
    assert refused(world, request, "worker-2") == "consumed"
    assert how(request) == ["consumed"]
    assert AuditEvent.objects.filter(request=request, verb="consumed").count() == 1


def test_there_is_no_permit_for_a_no_or_for_what_was_not_asked_so(world: World) -> None:
    no, plain = ask(world, **PERMIT), ask(world)
    vote(world, no, world.dave, "reject")
    assert refused(world, no) == "not-approved"
    vote(world, plain, world.dave)
    assert refused(world, plain) == "no-permit"
    with pytest.raises(NotFound):
        consume(agent=world.agent, request_id=world.team.pk, body=ConsumeBody(digest=no.digest, holder="x"))


def test_two_holders_at_the_same_instant_get_one_permit(real_world: World) -> None:
    request = ask(real_world, **PERMIT)
    vote(real_world, request, real_world.dave)
    results = race(*[lambda n=n: take(real_world, request, f"worker-{n}") for n in range(4)])
    assert sorted(getattr(one, "code", "granted") for one in results) == ["consumed"] * 3 + ["granted"]
