"""The conversation over HTTP, from both ends: who may speak, what is refused, and that a repeat is answered alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from agents import services as gateway
from inbox.models import ApprovalRequest, AuditEvent, Message
from inbox.services.personal_tokens import issue
from tests.factories import World, ask, body, vote
from tests.integration.api.conftest import Caller, assert_problem

REFUND = {"amount": 20, "customer": "cus_1"}


@pytest.fixture
def person(caller: Callable[[str], Caller]) -> Callable[[User], Caller]:
    """Makes callers with a person's own token."""
    return lambda user: caller(issue(person=user, name="t", lifetime=timedelta(days=1))[1])


@pytest.fixture
def request_(world: World) -> ApprovalRequest:
    return ask(world, "issue_refund", REFUND)


def say(text: str = "Which order?", **more: Any) -> dict[str, Any]:
    return {"text": text, "idempotency_key": uuid4().hex, **more}


def sent_draft(digest: str, amount: int = 10, **more: Any) -> dict[str, Any]:
    action = {"key": "call_1", "name": "issue_refund", "args": {**REFUND, "amount": amount}}
    return {"key": uuid4().hex, "digest": digest, "actions": [action], **more}


def test_a_question_an_answer_and_another_draft(
    world: World, agent_api: Caller, person: Callable[[User], Caller], request_: ApprovalRequest
) -> None:
    carol, path = person(world.carol), f"/requests/{request_.pk}"
    asked = say(digest=request_.digest)
    first, again = (carol.call("POST", f"{path}/ask", asked).json() for _ in range(2))
    assert (first["turn"], first["repeated"], again["repeated"]) == ("agent", False, True)
    assert first["message"] == again["message"]
    assert first["message"]["by"] == world.carol.username
    seen = agent_api.call("GET", path).json()
    assert (seen["turn"], seen["messages"]) == ("agent", [first["message"]])
    told = {"key": "a1", "text": "Order 7."}
    for _ in range(2):
        answer = agent_api.call("POST", f"{path}/messages", told)
        assert answer.status_code == 200, answer.content
        assert (answer.json()["turn"], [m["kind"] for m in answer.json()["messages"]]) == (
            "people",
            ["question", "answer"],
        )
    assert carol.call("POST", f"{path}/regenerate", say("Less.")).json()["turn"] == "agent"
    assert carol.call("POST", f"{path}/guide", say("To the card.")).json()["turn"] == "agent"
    sent = sent_draft(request_.digest, note="Half of it.")
    drafted, repeated = (agent_api.call("POST", f"{path}/revisions", sent).json() for _ in range(2))
    assert (drafted["revision"], drafted["turn"], drafted["digest"]) == (2, "people", repeated["digest"])
    read = carol.call("GET", f"{path}/conversation").json()
    assert [m["text"] for m in read["messages"]] == [
        "Which order?",
        "Order 7.",
        "Less.",
        "To the card.",
        "Half of it.",
    ]
    assert (read["turn"], read["since"], [d["number"] for d in read["revisions"]]) == ("people", 1, [1, 2])
    assert read["changes"] == [
        {
            "key": "call_1",
            "what": "changed",
            "changes": [{"pointer": "/args/amount", "kind": "changed", "before": 20, "after": 10}],
        }
    ]
    (row,) = [
        row
        for lane in carol.call("GET", "/inbox").json()["lanes"]
        for row in lane["items"]
        if row["id"] == str(request_.pk)
    ]
    assert (row["back"], row["waits_for_agent"]) == ("revised", None)
    request_.refresh_from_db()
    vote(world, request_, world.carol)
    assert agent_api.call("GET", path).json()["decision"]["guidance"] == ["To the card."]


def test_strangers_and_agents_say_nothing_and_read_nothing(
    world: World, agent_api: Caller, person: Callable[[User], Caller], request_: ApprovalRequest
) -> None:
    path = f"/requests/{request_.pk}"
    charlie, dave = person(world.charlie), person(world.dave)
    for verb in ("ask", "regenerate", "guide"):
        assert_problem(charlie.call("POST", f"{path}/{verb}", say()), 404, "not-found")
        assert_problem(agent_api.call("POST", f"{path}/{verb}", say()), 403, "agents-cannot-decide")
        assert_problem(dave.call("POST", f"{path}/{verb}", say()), 403, "insufficient-tier")
    assert_problem(charlie.call("GET", f"{path}/conversation"), 404, "not-found")
    assert_problem(agent_api.call("GET", f"{path}/conversation"), 403, "agents-cannot-decide")
    assert dave.call("GET", f"{path}/conversation").json()["messages"] == []
    other = gateway.register_agent(team_id=world.team.pk, handle="other", owner=None)
    _, token = gateway.issue_token(agent=other, name="t", created_by=None, lifetime=timedelta(days=1))
    foreign = Caller(token, agent_api.client)
    assert_problem(foreign.call("POST", f"{path}/messages", {"key": "k", "text": "Hi"}), 404, "not-found")
    assert_problem(foreign.call("POST", f"{path}/revisions", sent_draft(request_.digest)), 404, "not-found")
    foreign_body = {**body(), "supersedes": request_.dedupe_key}
    assert_problem(foreign.call("POST", "/requests", foreign_body), 422, "unknown-request")
    assert not Message.objects.exists()


def test_what_is_malformed_is_refused_and_changes_nothing(
    world: World, agent_api: Caller, person: Callable[[User], Caller], request_: ApprovalRequest
) -> None:
    carol, path = person(world.carol), f"/requests/{request_.pk}"
    carol.call("POST", f"{path}/ask", say())
    before = AuditEvent.objects.count()
    for sent, status, code in (
        (say(""), 422, "message-missing"),
        (say("x" * 2_001), 422, "string-too-long"),
        (say("a\x1bb"), 422, "control-characters"),
        (say("a\x00b"), 400, "invalid-unicode"),
        (say(7), 422, "string-type"),  # type: ignore[arg-type]
        (say(idempotency_key="a b"), 422, "string-pattern-mismatch"),
        (say(digest="sha256:0"), 422, "string-pattern-mismatch"),
        (say(digest="sha256:" + "0" * 64), 409, "digest-mismatch"),
        (say(kind="answer"), 422, "unknown-field"),
        ({"text": "Hm?"}, 422, "missing"),
    ):
        for verb in ("ask", "regenerate", "guide"):
            assert_problem(carol.call("POST", f"{path}/{verb}", sent), status, code)
    for sent, status, code in (
        ({"key": "k", "text": ""}, 422, "string-too-short"),
        ({"key": "k", "text": " \n"}, 422, "message-missing"),
        ({"key": "k", "text": "x" * 20_001}, 422, "string-too-long"),
        ({"key": "k", "text": "a\x07b"}, 422, "control-characters"),
        ({"key": "k k", "text": "Hi"}, 422, "string-pattern-mismatch"),
        ({"text": "Hi"}, 422, "missing"),
    ):
        assert_problem(agent_api.call("POST", f"{path}/messages", sent), status, code)
    good = sent_draft(request_.digest)
    for change, status, code in (
        ({"digest": "sha256:" + "0" * 64}, 409, "digest-mismatch"),
        ({"actions": []}, 422, "too-short"),
        ({"actions": good["actions"] * 2}, 422, "value-error"),
        ({"note": "a\x1bb"}, 422, "control-characters"),
        ({"state": "decided"}, 422, "unknown-field"),
    ):
        assert_problem(agent_api.call("POST", f"{path}/revisions", {**good, **change}), status, code)
    for after, code in (("x", None), (str(uuid4()), "unknown-message"), ("", None)):
        assert_problem(agent_api.call("GET", f"{path}?wait=1&after={after}"), 422, code)
    request_.refresh_from_db()
    assert (request_.revision_number, Message.objects.count()) == (1, 1)
    assert AuditEvent.objects.count() == before


def test_lists_carry_the_latest_fifty_messages_in_a_fixed_number_of_queries(
    world: World, agent_api: Caller, request_: ApprovalRequest, django_assert_num_queries: Any
) -> None:
    def talk(request: ApprovalRequest, count: int) -> None:
        Message.objects.bulk_create(
            Message(
                request=request,
                revision_number=1,
                kind="guidance",
                person=world.carol,
                text=str(number),
                key=str(number),
                created_at=request.created_at + timedelta(milliseconds=number),
            )
            for number in range(count)
        )

    talk(request_, 1)
    agent_api.call("GET", "/requests")
    with django_assert_num_queries(4) as few:
        assert len(agent_api.call("GET", "/requests").json()["items"]) == 1
    other = ask(world, "issue_refund", REFUND)
    talk(other, 60)
    with django_assert_num_queries(len(few.captured_queries)):
        first, second = agent_api.call("GET", "/requests").json()["items"]
    assert [m["text"] for m in first["messages"]] == ["0"]
    assert [m["text"] for m in second["messages"]] == [str(number) for number in range(10, 60)]


def test_a_superseded_request_and_a_thread_that_ended(world: World, agent_api: Caller) -> None:
    first = agent_api.call("POST", "/requests", body()).json()
    sent = {**body(), "supersedes": first["dedupe_key"]}
    made = [agent_api.call("POST", "/requests", sent) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 200]
    assert agent_api.call("GET", f"/requests/{first['id']}").json()["state"] == "superseded"
    second = ApprovalRequest.objects.get(pk=made[0].json()["id"])
    vote(world, second, world.dave)
    problem = assert_problem(
        agent_api.call("POST", "/requests", {**body(), "supersedes": sent["dedupe_key"]}),
        409,
        "already-decided",
    )
    assert (problem["request"], problem["outcome"]) == (str(second.pk), "approved")
    third = agent_api.call("POST", "/requests", body()).json()
    assert agent_api.call("PUT", "/threads/run-1", {"status": "done"}).status_code == 200
    assert agent_api.call("GET", f"/requests/{third['id']}").json()["state"] == "withdrawn"
