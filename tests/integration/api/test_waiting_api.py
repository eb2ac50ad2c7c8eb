"""What people do with a waiting request over the API: each route as its service, and strangers and agents at none."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.clock import database_now
from inbox.models import Snooze
from inbox.services import personal_tokens
from inbox.services.notify import assigned, notify
from tests.factories import World, ask
from tests.integration.api.conftest import Caller, assert_problem

ROUTES = [
    ("POST", "snooze", {"until": "time", "in": "15m"}),
    ("DELETE", "snooze", None),
    ("POST", "escalate", {"reason": "Unsure."}),
    ("POST", "delegate", {"to": "x", "reason": "Yours."}),
    ("POST", "claim", {}),
    ("POST", "release", None),
    ("POST", "look", None),
]


def caller(client: Client, user: User) -> Caller:
    _, text = personal_tokens.issue(person=user, name="t", lifetime=timedelta(days=1))
    return Caller(text, client)


def said(one: Caller, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = one.call(method, path, body)
    assert response.status_code == status, response.content
    return json.loads(response.content) if response.content else None


def test_put_aside_and_back(world: World, client: Client) -> None:
    request, dave = ask(world, expires_in=1800), caller(client, world.dave)
    path = f"/requests/{request.pk}/snooze"
    put = said(dave, "POST", path, {"until": "time", "in": "tomorrow"})
    assert put["warning"].startswith("It will be rejected at ")
    assert put["words"].startswith("until ")
    [row] = said(dave, "GET", "/inbox?view=snoozed")["lanes"][0]["items"]
    assert (row["id"], row["aside"], row["back"]) == (str(request.pk), put["words"], "")
    assert said(dave, "GET", f"/requests/{request.pk}/review")["aside"] == put["words"]
    said(dave, "DELETE", path, status=204)
    assert said(dave, "GET", "/inbox?view=snoozed")["lanes"][0]["items"] == []
    assert_problem(dave.call("DELETE", path), 409, "not-aside")
    at = (database_now() + timedelta(hours=1)).isoformat()
    assert_problem(dave.call("POST", path, {"until": "time", "in": "1h", "at": at}), 422, "at-twice")
    assert_problem(dave.call("POST", path, {"until": "time", "at": "2031-01-01T00:00:00"}), 422)
    assert_problem(dave.call("POST", path, {"until": "time", "at": at, "who": "carol"}), 422, "unknown-field")
    assert not Snooze.objects.filter(ended_at=None).exists()


def test_claim_look_pass_on_and_escalate(world: World, client: Client) -> None:
    request, dave, carol = ask(world), caller(client, world.dave), caller(client, world.carol)
    path = f"/requests/{request.pk}"
    assert said(dave, "POST", f"{path}/claim", {})["renewed"] is False
    taken = assert_problem(carol.call("POST", f"{path}/claim", {}), 409, "claimed")
    assert taken["who"] == world.dave.get_username()
    said(dave, "POST", f"{path}/look")
    seen = said(carol, "POST", f"{path}/look")
    assert (seen["looking"], seen["claimed_by"]) == ([world.dave.get_username()], world.dave.get_username())
    assert said(carol, "POST", f"{path}/claim", {"take_over": True})["taken_from"] == taken["who"]
    # The other line tells everybody who may decide that something waits.
    line, _ = said(dave, "GET", "/notifications")["items"]
    assert (line["kind"], line["request"], line["read"]) == ("claim_taken", str(request.pk), False)
    passed = said(carol, "POST", f"{path}/delegate", {"to": world.dave.get_username(), "reason": "Yours."})
    assert passed["assigned_because"] == f"passed on by {world.carol.get_username()}: Yours."
    assert said(dave, "POST", f"{path}/escalate", {"reason": "Unsure."})["needs"] == [
        {"tier": "senior", "group": None, "count": 1}
    ]
    said(carol, "POST", f"{path}/release", status=204)


def test_notifications_are_read_by_their_member_alone(world: World, client: Client) -> None:
    request, dave, carol = ask(world), caller(client, world.dave), caller(client, world.carol)
    request.assignee = world.member(world.dave)
    notify(assigned([request]), database_now())
    listed = said(dave, "GET", "/notifications")
    line, for_all = listed["items"]
    assert (listed["unread"], line["count"], line["group"]) == (2, 1, str(request.group_id))
    assert (for_all["count"], for_all["group"]) == (1, None)
    assert said(carol, "POST", "/notifications/read", {"ids": [line["id"]]})["marked"] == 0
    assert_problem(dave.call("POST", "/notifications/read", {}), 422, "missing")
    assert said(dave, "POST", "/notifications/read", {"all": True}) == {"marked": 2, "unread": 0}


@pytest.mark.parametrize(("method", "verb", "sent"), ROUTES)
def test_strangers_and_agents_get_nothing(
    world: World, client: Client, method: str, verb: str, sent: Any
) -> None:
    path = f"/requests/{ask(world).pk}/{verb}"
    assert_problem(caller(client, world.charlie).call(method, path, sent), 404, "not-found")
    assert_problem(Caller(world.token, client).call(method, path, sent), 403, "agents-cannot-decide")
