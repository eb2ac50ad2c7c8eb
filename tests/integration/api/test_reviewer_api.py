"""What people read over the API, and the read-back that a terminal owes like a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import ApprovalRequest, IdempotencyKey, Vote
from inbox.services import personal_tokens
from tests.factories import World, ask, in_force, vote
from tests.integration.api.conftest import Caller, assert_problem
from tests.integration.core.test_verbs import asked
from tests.integration.pages.cast import crowd

BLOCK = {
    "id": "hold",
    "tool": "write_file",
    "then": "break_glass",
    "needs": [{"tier": "lead", "count": 1}],
}
MAIL = {"to": [f"person-{n}@example.com" for n in range(900)], "subject": "Hello"}


@pytest.fixture
def person(client: Client) -> Callable[[User], Caller]:
    """Makes callers with a personal token."""

    def make(user: User) -> Caller:
        _, text = personal_tokens.issue(person=user, name="t", lifetime=timedelta(days=1))
        return Caller(text, client)

    return make


def read(caller: Caller, path: str) -> Any:
    response = caller.call("GET", path)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def deciding(request: ApprovalRequest, **more: Any) -> dict[str, Any]:
    return {
        "digest": request.digest,
        "decisions": [{"key": "call_1", "type": "approve"}],
        "idempotency_key": uuid4().hex,
        **more,
    }


def listed(answer: Any) -> list[str]:
    return [row["id"] for lane in answer["lanes"] for row in lane["items"]]


def test_the_inbox_has_the_pages_lanes_and_tabs(world: World, person: Callable[[User], Caller]) -> None:
    mail = ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    files = [ask(world) for _ in range(2)]
    done = vote(world, ask(world), world.dave, "reject", message="No").request
    alice = person(world.alice)

    turn = read(alice, "/inbox")
    assert [lane["name"] for lane in turn["lanes"]] == ["now", "look", "batch"]
    assert listed(turn) == [str(mail.pk)]
    row = turn["lanes"][1]["items"][0]
    assert (row["risk"], row["your_turn"], row["needs"]) == ("high", True, "lead")
    group = turn["lanes"][2]["groups"][0]
    assert (group["pending"], group["tool"], group["only"]) == (2, "write_file", None)
    assert read(alice, "/inbox/groups")["lanes"][0]["groups"] == [group]
    sheet = read(alice, f"/inbox/groups/{group['id']}")
    assert {line["id"]: line["digest"] for line in sheet["items"]} == {str(f.pk): f.digest for f in files}

    assert listed(read(person(world.dave), "/inbox?view=waiting")) == [str(mail.pk)]
    closed = read(alice, "/inbox?view=done")["lanes"][0]["items"][0]
    assert (closed["id"], closed["closing"]["message"]) == (str(done.pk), "No")
    assert set(listed(read(alice, "/inbox?view=all"))) == {str(r.pk) for r in (mail, done, *files)}
    assert listed(read(alice, "/inbox?view=all&q=risk:high")) == [str(mail.pk)]


def test_a_cursor_goes_on_without_loss_or_repeat(world: World, person: Callable[[User], Caller]) -> None:
    mail = ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    every = {str(mail.pk), *(str(one.pk) for one in crowd(mail, 60))}
    alice = person(world.alice)
    for start in ("/inbox?view=turn&lane=look", "/inbox?view=turn"):
        lane = read(alice, start)["lanes"][0 if "lane" in start else 1]
        seen = [row["id"] for row in lane["items"]]
        while lane["next"]:
            tail = lane["next"].replace("+", "%2B")
            lane = read(alice, f"/inbox?view=turn&lane=look&cursor={tail}")["lanes"][0]
            seen += [row["id"] for row in lane["items"]]
        assert len(seen) == len(set(seen))
        assert set(seen) == every


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?q=colour:red", "invalid-filter"),
        ("?q=risk:huge", "invalid-filter"),
        ("?view=theirs", "enum"),
        ("?lane=mine", "enum"),
        ("?lane=look&cursor=x", "invalid-cursor"),
        ("?view=done&cursor=x", "invalid-cursor"),
        ("?cursor=x", "lane-required"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    world: World, person: Callable[[User], Caller], query: str, code: str
) -> None:
    assert_problem(person(world.alice).call("GET", f"/inbox{query}"), 422, code)


def test_a_review_is_what_the_page_shows(world: World, person: Callable[[User], Caller]) -> None:
    vote(world, ask(world, "send_email", {"to": "x@y.example", "subject": "One"}), world.alice, "reject")
    request = ask(
        world,
        "send_email",
        {**MAIL, "subject": "A \u202e b"},
        context={"goal": "Hel\x1b[2Jlo"},
        claims={"risk": "low"},
    )
    shown = read(person(world.alice), f"/requests/{request.pk}/review")
    assert hashlib.sha256(shown["raw"].encode()).hexdigest() == shown["digest"].removeprefix("sha256:")
    assert json.loads(shown["raw"])["actions"][0]["args"] == {**MAIL, "subject": "A \u202e b"}
    fields = {field["pointer"]: field for field in shown["actions"][0]["fields"]}
    assert {fields[f"/to/{n}"]["value"] for n in range(900)} == set(MAIL["to"])
    assert fields["/subject"]["value"] == "A ‹U+202E RLO› b"
    assert "block" in {finding["severity"] for finding in shown["findings"]}
    assert shown["case"]["words"] == [{"label": "Goal", "text": "Hel‹U+001B ESC›[2Jlo", "more": 0}]
    assert shown["case"]["claims"] == ["risk low"]
    assert shown["past"]["counts"] == {"rejected": 1}
    assert shown["silence"]["does"] == request.on_timeout
    assert world.alice.username in {one["name"] for one in shown["who"]["may"]}
    assert shown["standing"]["open"] == ["lead or above"] * 2
    assert {verb["name"] for verb in shown["verbs"] if verb["may"]} == {"approve", "edit", "reject"}
    assert shown["read_back"]["question"]
    assert "answer" not in shown["read_back"]


def test_verbs_say_why_not(world: World, person: Callable[[User], Caller]) -> None:
    def verbs(request: ApprovalRequest, user: User) -> dict[str, str]:
        shown = read(person(user), f"/requests/{request.pk}/review")
        return {verb["name"]: verb["code"] for verb in shown["verbs"] if verb["name"] != "undo"}

    def open_to(request: ApprovalRequest, user: User) -> set[str]:
        return {name for name, code in verbs(request, user).items() if not code}

    mail = ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    assert open_to(mail, world.alice) == {"approve", "edit", "reject"}
    assert verbs(mail, world.alice)["break_glass"] == "not-blocked"
    assert verbs(mail, world.alice)["respond"] == "not-offered"
    low = read(person(world.dave), f"/requests/{mail.pk}/review")["verbs"]
    assert [verb["name"] for verb in low if verb["may"] or verb["proposes"]] == ["edit"]
    assert {verb["code"] for verb in low} == {"", "insufficient-tier", "not-held"}
    vote(world, mail, world.alice, "reject")
    assert set(verbs(mail, world.alice).values()) == {"already-decided"}
    question = asked(world, {"key": "q", "kind": "question", "name": "ask"})
    assert open_to(question, world.alice) == {"respond", "reject"}
    choice = {"key": "c", "kind": "choice", "name": "pick", "options": [{"value": 1}, {"value": 2}]}
    assert open_to(asked(world, choice), world.alice) == {"choose", "reject"}
    both = asked(world, choice, {"key": "w", "name": "write_file", "args": {"path": "a"}})
    assert verbs(both, world.alice)["approve"] == verbs(both, world.alice)["choose"] == "in-parts"
    in_force(world, BLOCK)
    blocked = ask(world)
    assert open_to(blocked, world.alice) == {"reject", "break_glass"}
    assert verbs(blocked, world.alice)["edit"] == "blocked"


@pytest.mark.parametrize("path", ["/inbox", "/inbox/groups", "/requests/{}/review"])
def test_agents_and_strangers_read_nothing(
    world: World, agent_api: Caller, person: Callable[[User], Caller], path: str
) -> None:
    request = ask(world)
    where = path.format(request.pk)
    assert_problem(agent_api.call("GET", where), 403, "agents-cannot-decide")
    charlie = person(world.charlie)
    if "{}" in path:
        assert_problem(charlie.call("GET", where), 404, "not-found")
    else:
        assert_problem(charlie.call("GET", f"{where}?team={world.team.slug}"), 404, "not-found")
    group = person(world.alice).call("GET", f"/inbox/groups/{request.group_id}")
    assert group.status_code == 200
    assert_problem(charlie.call("GET", f"/inbox/groups/{request.group_id}"), 404, "not-found")


def test_the_number_of_queries_does_not_grow(world: World, person: Callable[[User], Caller]) -> None:
    alice = person(world.alice)
    mail = ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    file = ask(world)
    paths = [f"/inbox{tail}" for tail in ("", "?view=waiting", "?view=done", "?view=all", "/groups")]
    paths += [f"/requests/{mail.pk}/review", f"/inbox/groups/{file.group_id}"]

    def counts() -> list[int]:
        found = []
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                read(alice, path)
            found.append(len(captured))
        return found

    before = counts()
    crowd(mail, 30)
    crowd(file, 30)
    assert counts() == before
    assert max(before) <= 40


def test_a_terminal_owes_the_read_back_and_the_server_checks_it(
    world: World, person: Callable[[User], Caller]
) -> None:
    request = ask(world, "send_email", {"to": ["a@b.example", "c@d.example"], "subject": "Hi"})
    alice, path = person(world.alice), f"/requests/{request.pk}/decide"
    assert (
        read(alice, f"/requests/{request.pk}/review")["read_back"]["question"] == "How many entries has to?"
    )
    for more, code in (
        ({"via": "cli"}, "read-back-required"),
        ({"via": "cli", "read_back": {"answer": "3"}}, "read-back"),
        ({"read_back": {"answer": "3"}}, "read-back"),
        ({"via": "web"}, "literal-error"),
    ):
        assert_problem(alice.call("POST", path, deciding(request, **more)), 422, code)
    assert not Vote.objects.filter(request=request).exists()
    assert not IdempotencyKey.objects.filter(person=world.alice).exists()

    said = deciding(request, via="cli", read_back={"answer": "2"})
    assert alice.call("POST", path, said).status_code == 200
    assert Vote.objects.get(request=request).via == "cli"
    # The answer may be lost on its way; what is over asks nobody again.
    assert read_json(alice.call("POST", path, said))["repeated"] is True


def test_no_read_back_is_owed_for_rejecting_for_low_risk_or_by_a_script(
    world: World, person: Callable[[User], Caller]
) -> None:
    alice = person(world.alice)
    low, grave, scripted = ask(world), ask_grave(world), ask_grave(world)
    unasked = deciding(low, via="cli", read_back={"answer": "2"})
    assert_problem(alice.call("POST", f"/requests/{low.pk}/decide", unasked), 422, "read-back-not-asked")
    rejecting = deciding(grave, via="cli", decisions=[{"key": "call_1", "type": "reject"}])
    for request, body in (
        (low, deciding(low, via="cli")),
        (grave, rejecting),
        (scripted, deciding(scripted)),
    ):
        assert alice.call("POST", f"/requests/{request.pk}/decide", body).status_code == 200


def ask_grave(world: World) -> ApprovalRequest:
    return ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})


def read_json(response: Any) -> Any:
    assert response.status_code == 200, response.content
    return json.loads(response.content)
