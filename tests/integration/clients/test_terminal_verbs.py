"""Every verb of the command on real requests: what it shows, what the server then holds."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pgtrigger

from agents.contract import Submission
from inbox.clock import database_now
from inbox.models import ApprovalRequest, Hold, Snooze
from inbox.selectors import answers
from inbox.services.holds import release_due
from inbox.services.submit import submit
from tests.factories import World, ask, body, vote
from tests.integration.clients.conftest import Seat, Sit
from tests.policies import enforce

MAIL = {"to": ["a@b.example", "c@d.example"], "subject": "Hello"}


def asked(world: World, *actions: dict[str, Any]) -> ApprovalRequest:
    submission = Submission.model_validate({**body(), "actions": list(actions)})
    return submit(agent=world.agent, submission=submission).request


def tail(request: ApprovalRequest) -> str:
    return request.pk.hex[-8:]


def told(request: ApprovalRequest) -> list[dict[str, Any]]:
    """What the agent gets of each action."""
    found = answers.decision_of(ApprovalRequest.objects.get(pk=request.pk))
    assert found is not None
    return list(json.loads(bytes(found.answer))["actions"])


def agree(seat: Seat, *arguments: str, shows: str, **variables: str) -> str:
    """Decide at a terminal: it shows this before it asks. What it said at the end."""
    terminal = seat.terminal(*arguments, NO_COLOR="1", **variables)
    terminal.expect(shows)
    terminal.expect("[y/N]")
    terminal.type("y")
    assert terminal.end() == 0, terminal.shown
    return terminal.shown


def test_people_decide_in_all_the_ways_a_request_offers(world: World, sit: Sit, tmp_path: Path) -> None:
    alice = sit(world.alice)
    file = tmp_path / "given.json"

    text = ask(world)
    file.write_text('{"path": "docs/a.md", "text": "one"}')
    scripted = alice.run(
        "edit", tail(text), "--args-file", str(file), "--digest", text.digest, "--yes", "--json"
    )
    assert scripted.code == 0, scripted.err
    assert scripted.json["results"][0]["outcome"] == "edited"
    assert told(text)[0]["args"] == {"path": "docs/a.md", "text": "one"}
    by_hand = ask(world)
    assert alice.run("edit", tail(by_hand), "--digest", by_hand.digest, "--yes").code == 2
    shown = agree(alice, "edit", tail(by_hand), EDITOR="sed -i s/hello/bye/", shows='+  "text": "bye"')
    assert '-  "text": "hello"' in shown
    assert told(by_hand)[0]["args"]["text"] == "bye"

    question = asked(
        world, {"key": "q", "kind": "question", "name": "write_file", "description": "Which list?"}
    )
    agree(alice, "answer", tail(question), "The short one", shows="The short one")
    assert (told(question)[0]["type"], told(question)[0]["value"]) == ("respond", "The short one")

    options = [{"value": {"price": 190}, "label": "Cheap"}, {"value": {"price": 310}, "label": "Direct"}]
    choice = asked(world, {"key": "c", "kind": "choice", "name": "write_file", "options": options})
    assert [row[1] for row in alice.run("choose", tail(choice)).rows] == [
        '{"price": 190} “Cheap”',
        '{"price": 310} “Direct”',
    ]
    assert alice.run("choose", tail(choice), "3", "--digest", choice.digest, "--yes").code == 2
    agree(alice, "choose", tail(choice), "2", shows="“Direct”")
    assert told(choice)[0]["value"] == [{"price": 310}]

    pay = asked(
        world,
        {"key": "p", "name": "write_file", "args": {"rows": [{"id": n} for n in "abc"]}, "lines": "/rows"},
    )
    agree(alice, "lines", tail(pay), "--defer", "2", "--reject", "3", "--reason", "Later", shows="defer {")
    (paid,) = told(pay)
    assert paid["args"] == {"rows": [{"id": "a"}]}
    assert [(line["index"], line["type"], line["message"]) for line in paid["lines"]] == [
        (1, "defer", "Later"),
        (2, "reject", "Later"),
    ]

    steps = asked(
        world,
        *(
            {"key": f"s{n}", "name": "write_file", "args": {"path": f"docs/{n}", "text": "x"}}
            for n in range(3)
        ),
    )
    agree(alice, "plan", tail(steps), "--upto", "s1", shows="ask again write_file")
    assert [action["type"] for action in told(steps)] == ["approve", "approve", "defer"]


def test_people_talk_take_back_put_aside_and_pass_on(world: World, sit: Sit) -> None:
    enforce(world, release_at_once=None)
    alice, erin = sit(world.alice), sit(world.erin)

    def done(*arguments: str, seat: Seat = alice, code: int = 0) -> str:
        ran = seat.run(*arguments)
        assert ran.code == code, ran.err
        return ran.out + ran.err

    mail, other = ask(world, "send_email", MAIL), ask(world)
    approved = alice.terminal("approve", tail(mail), NO_COLOR="1")
    approved.expect("How many entries has to?")
    approved.type("2")
    approved.expect("held until")
    approved.expect(f"undo with: placet undo {tail(mail)}")
    assert approved.end() == 0
    shown = done("show", tail(mail))
    assert f"placet undo {tail(mail)}" in shown
    assert tail(mail) in done("list", "--view", "done")
    done("undo", tail(mail), "--reason", "Wrong list")
    mail.refresh_from_db()
    assert mail.state == "pending"
    done("undo", tail(mail), code=5)
    done("recall", tail(mail), "--reason", "No", code=5)

    assert "agent's turn" in done("ask", tail(mail), "Which order?")
    assert "Which order?" in done("show", tail(mail))
    done("guide", tail(mail), "Use the sandbox.")
    done("regenerate", tail(mail), "Shorter.", "--digest", "sha256:" + "0" * 64, code=5)
    done("regenerate", tail(mail), "Shorter.", "--digest", mail.digest)
    assert [
        message["kind"]
        for message in alice.run("show", tail(mail), "--json").json["conversation"]["messages"]
    ] == [
        "question",
        "guidance",
        "regenerate",
    ]

    done("defer", tail(mail), "--reply")
    done("defer", tail(mail), "--for", "90m")
    assert tail(mail) in done("list", "--view", "snoozed")
    done("defer", tail(mail), "--decided", tail(other))
    done("defer", tail(mail), "--for", "soon", code=2)
    done("undefer", tail(mail))
    done("undefer", tail(mail), code=5)
    done("defer", tail(other), "--alike", "2")
    put = Snooze.objects.get(request=other, member__user=world.alice, ended_at=None)
    assert (put.until, put.count) == ("alike", 2)

    done("claim", tail(mail))
    bob = sit(world.bob)
    done("claim", tail(mail), seat=bob, code=5)
    assert f"{world.alice.username} works on it" in done("show", tail(mail), seat=bob)
    done("reject", tail(mail), "--reason", "No", seat=bob, code=4)
    done("claim", tail(mail), "--take-over", seat=bob)
    done("release", tail(mail), code=4)
    done("release", tail(mail), seat=bob)

    done("delegate", tail(mail), "--to", world.bob.username, "--reason", "Knows them")
    assert "Knows them" in done("notifications", "--read", seat=bob)
    assert bob.run("notifications", "--json").json["unread"] == 0
    assert "senior" in done("escalate", tail(other), "--reason", "Unsure")

    assert "placet resume" in done("pause", "--agent", "crm-writer", "--reason", "Drill", seat=erin)
    done("pause", "--tool", "write_file", "--reason", "Drill", code=4)
    (row,) = alice.run("pauses").rows
    assert row[1:3] == ["agent crm-writer", "Drill"]
    done("resume", row[0], seat=erin)
    assert alice.run("pauses").rows == []
    done("feedback", tail(other), "bad", "--reason", "Hm", code=5)
    done("break-glass", tail(other), "--reason", "It must go out today, all of it", code=4)


def test_watch_tells_what_is_held_and_when_it_left(world: World, sit: Sit) -> None:
    enforce(world, release_at_once=None)
    request = ask(world)
    terminal = sit(world.alice).terminal("watch", "--interval", "1", NO_COLOR="1")
    terminal.expect("Ctrl-C ends it")
    vote(world, request, world.dave)
    terminal.expect("held")
    terminal.expect(tail(request))
    with pgtrigger.ignore("inbox.Hold:hold_ends_once"):
        Hold.objects.filter(request=request).update(release_at=database_now() - timedelta(seconds=1))
    # Others' holds may be due as well: what is committed here stays.
    assert release_due() >= 1
    terminal.expect("released")
    assert terminal.interrupt() == 0
