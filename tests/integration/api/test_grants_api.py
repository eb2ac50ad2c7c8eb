"""Grants over the API: the page's own services and rights, for people with a token of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.models import ApprovalRequest, Grant
from inbox.selectors import grants as selected
from inbox.services import personal_tokens
from tests.factories import World, ask, vote
from tests.integration.api.conftest import Caller, assert_problem

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "text": {"type": "string"}}}
WIDE = [{"argument": "path", "op": "under", "value": "docs"}, {"argument": "text", "op": "any"}]


@pytest.fixture
def people(client: Client) -> Any:
    """Makes callers by person."""

    def of(person: User) -> Caller:
        _, text = personal_tokens.issue(person=person, name="t", lifetime=timedelta(days=1))
        return Caller(text, client)

    return of


def call(world: World, path: str = "docs/a.md", text: str = "hello", **fields: Any) -> ApprovalRequest:
    action = {"key": "call_1", "name": "write_file", "args": {"path": path, "text": text}}
    return ask(world, **{"actions": [{**action, "args_schema": SCHEMA}], **fields})


def wish(request: ApprovalRequest, /, **change: Any) -> dict[str, Any]:
    return {"request": str(request.pk), "digest": request.digest, "key": "call_1", **change}


def test_a_grant_is_previewed_made_used_listed_and_ended(world: World, people: Any) -> None:
    dave = people(world.dave)
    vote(world, call(world, "docs/old.md"), world.dave, "reject")
    first, elsewhere = call(world), call(world, "src/b.md")
    asked = wish(first, pattern=WIDE, lifetime=600, max_uses=2)
    shown = dave.call("POST", "/grants/preview", asked).json()
    assert (shown["pending"], shown["past"], shown["rejected"]) == (1, 1, 1)
    assert not Grant.objects.exists(), "a preview makes nothing"

    made = dave.call("POST", "/grants", asked)
    assert made.status_code == 201
    grant = made.json()
    assert (grant["state"], grant["agent"], grant["thread"]) == ("in-force", "crm-writer", first.thread)
    assert (grant["granted_by"], grant["max_uses"], grant["uses"]) == (world.dave.username, 2, 0)
    assert grant["pattern"][0] == WIDE[0]
    assert grant["words"] == ['path is under "docs"', "text is anything"]
    row = Grant.objects.get(pk=grant["id"])
    assert row.expires_at - row.created_at == timedelta(seconds=600)
    for one, state in ((first, "pending"), (elsewhere, "pending")):
        one.refresh_from_db()
        assert one.state == state
    assert call(world, "docs/new.md", "x").state == "decided"
    assert call(world, "docs/new.md", "x", thread="run-2").state == "pending", "only in this run"

    (listed,) = dave.call("GET", "/grants?live=true").json()["items"]
    assert (listed["id"], listed["uses"]) == (grant["id"], 1)
    ended = dave.call("POST", f"/grants/{grant['id']}/revoke").json()
    assert (ended["state"], ended["ended_by"]) == ("revoked", world.dave.username)
    assert dave.call("POST", f"/grants/{grant['id']}/revoke").json() == ended
    assert call(world, "docs/newer.md", "x").state == "pending"
    assert dave.call("GET", "/grants?live=true").json() == {"items": [], "next": None}
    assert [one["state"] for one in dave.call("GET", "/grants").json()["items"]] == ["revoked"]


def test_what_the_pattern_leaves_out_stays_exactly_as_it_is(world: World, people: Any) -> None:
    first = call(world)
    made = people(world.dave).call(
        "POST", "/grants", wish(first, pattern=[{"argument": "path", "op": "equal"}], this_run=False)
    )
    assert made.json()["pattern"] == [
        {"argument": "path", "op": "equal", "value": "docs/a.md"},
        {"argument": "text", "op": "equal", "value": "hello"},
    ]
    assert call(world, thread="run-2").state == "decided"
    assert call(world, text="hello!").state == "pending"


def test_strangers_agents_and_who_may_not_get_nothing(world: World, people: Any, agent_api: Caller) -> None:
    first = call(world)
    stranger = people(world.charlie)
    for path in ("/grants", "/grants/preview"):
        assert_problem(stranger.call("POST", path, wish(first)), 404, "not-found")
        assert_problem(agent_api.call("POST", path, wish(first)), 403, "agents-cannot-decide")
        assert_problem(people(world.dave).call("POST", path, wish(first, key="call_2")), 404, "not-found")
    assert_problem(people(world.erin).call("POST", "/grants", wish(first)), 403, "self-approval")
    assert not Grant.objects.exists()
    made = people(world.dave).call("POST", "/grants", wish(first)).json()
    assert_problem(stranger.call("POST", f"/grants/{made['id']}/revoke"), 404, "not-found")
    assert_problem(stranger.call("POST", f"/grants/{uuid4()}/revoke"), 404, "not-found")
    assert_problem(people(world.carol).call("POST", f"/grants/{made['id']}/revoke"), 403, "not-yours")
    assert_problem(agent_api.call("GET", "/grants"), 403, "agents-cannot-decide")
    assert stranger.call("GET", "/grants").json()["items"] == []
    assert_problem(stranger.call("GET", f"/grants?team={world.team.slug}"), 404, "not-found")
    assert Grant.objects.get().ended_at is None
    assert people(world.erin).call("POST", f"/grants/{made['id']}/revoke").json()["state"] == "revoked"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"pattern": [WIDE[1], {"argument": "path", "op": "under", "value": "~"}]}, "/pattern/1"),
        ({"pattern": [{"argument": "text", "op": "equal", "value": "other"}]}, "/pattern/0"),
        ({"pattern": [{"argument": "mode", "op": "any"}]}, "/pattern"),
        ({"pattern": [WIDE[0], WIDE[0]]}, "/pattern"),
        ({"pattern": [{"argument": "path", "op": "any"}, WIDE[1]]}, "/pattern"),
        ({"lifetime": 59}, "/lifetime"),
        ({"lifetime": 30 * 86_400 + 1}, "/lifetime"),
        ({"lifetime": "600"}, "/lifetime"),
        ({"max_uses": 0}, "/max_uses"),
        ({"max_uses": 10**12}, "/max_uses"),
        ({"request": "nobody"}, "/request"),
        ({"pattern": [{"argument": "path", "op": "regex", "value": ".*"}]}, "/pattern/0/op"),
        ({"agent": "other"}, "/agent"),
    ],
)
def test_a_wrong_wish_is_refused_at_its_place_and_makes_nothing(
    world: World, people: Any, change: dict[str, Any], pointer: str
) -> None:
    dave, first = people(world.dave), call(world)
    for path in ("/grants", "/grants/preview"):
        problem = assert_problem(dave.call("POST", path, wish(first, **change)), 422)
        assert [error["pointer"] for error in problem["errors"]] == [pointer], problem
    assert not Grant.objects.exists()


def test_what_changed_ended_or_is_above_the_ceiling_is_refused(world: World, people: Any) -> None:
    dave, first = people(world.dave), call(world)
    other = wish(first, digest="sha256:" + "0" * 64)
    unsaid = ask(world)
    vote(world, call(world, "docs/done.md"), world.dave)
    done = ApprovalRequest.objects.get(state="decided")
    for path in ("/grants", "/grants/preview"):
        problem = assert_problem(dave.call("POST", path, other), 409, "digest-mismatch")
        assert problem["digest"] == first.digest
        assert_problem(dave.call("POST", path, wish(done)), 409, "already-decided")
        assert_problem(dave.call("POST", path, wish(unsaid)), 403, "above-ceiling")
    assert not Grant.objects.exists()


def test_the_list_comes_in_pages(world: World, people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selected, "SHOWN", 2)
    dave, first = people(world.dave), call(world)
    made = [dave.call("POST", "/grants", wish(first)).json()["id"] for _ in range(3)]
    page = dave.call("GET", "/grants").json()
    rest = dave.call("GET", f"/grants?cursor={page['next']}").json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None
