"""Taking decisions back and pausing over the reviewers' API: each route does what its service does, for the right people."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse

from inbox.services.personal_tokens import issue
from tests.factories import World, ask, vote
from tests.integration.api.conftest import Caller, assert_problem
from tests.policies import enforce

Make = Callable[[str], Caller]


def as_person(caller: Make, person: User) -> Caller:
    _, text = issue(person=person, name="test", lifetime=timedelta(days=1))
    return caller(text)


def told(response: HttpResponse) -> Any:
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_undo_recall_and_feedback_by_whoever_voted(world: World, caller: Make) -> None:
    dave, carol = as_person(caller, world.dave), as_person(caller, world.carol)
    enforce(world, release_at_once=None)
    request = ask(world)
    path = f"/requests/{request.pk}"
    vote(world, request, world.dave)
    assert told(dave.call("GET", f"{path}/aftermath"))["safest"]["rung"] == "undo"
    assert_problem(carol.call("POST", f"{path}/undo", {}), 403, "not-yours")
    assert told(dave.call("POST", f"{path}/undo", {"reason": "Wrong one."}))["state"] == "pending"
    assert_problem(dave.call("POST", f"{path}/undo", {}), 409, "not-held")
    enforce(world, release_at_once=["*"])
    vote(world, request, world.dave)
    assert told(dave.call("GET", f"{path}/aftermath"))["safest"]["rung"] == "recall"
    assert_problem(dave.call("POST", f"{path}/recall", {}), 422, "reason-missing")
    after = told(dave.call("POST", f"{path}/recall", {"reason": "Wrong file."}))
    assert (after["state"], after["outcome"], after["recalled"]["reason"]) == (
        "decided",
        "approved",
        "Wrong file.",
    )
    said = told(carol.call("POST", f"{path}/feedback", {"kind": "bad", "reason": "Too quick."}))["feedback"]
    assert [(one["by"], one["kind"]) for one in said] == [(world.carol.username, "bad")]
    assert_problem(carol.call("POST", f"{path}/compensate", {"reason": "x"}), 409, "recalled")
    stranger = as_person(caller, world.charlie)
    for verb in ("undo", "recall", "compensate"):
        assert_problem(stranger.call("POST", f"{path}/{verb}", {"reason": "x"}), 404)
        assert_problem(caller(world.token).call("POST", f"{path}/{verb}", {"reason": "x"}), 403)


def test_pausing_and_going_on(world: World, caller: Make) -> None:
    erin, agent = as_person(caller, world.erin), caller(world.token)
    request = ask(world)
    vote(world, request, world.dave)
    assert_problem(as_person(caller, world.dave).call("POST", "/pauses", {"reason": "x"}), 403, "admins-only")
    assert_problem(erin.call("POST", "/pauses", {"agent": "nobody", "reason": "x"}), 422, "unknown-agent")
    assert_problem(erin.call("POST", "/pauses", {"everything": True, "reason": "x"}), 404)
    made = told(erin.call("POST", "/pauses", {"agent": "crm-writer", "reason": "Twice."}))
    assert (made["scope"], made["agent"], made["ended_at"]) == ("agent", "crm-writer", None)
    assert told(erin.call("GET", "/pauses"))["items"] == [made]
    held = told(agent.call("GET", f"/requests/{request.pk}"))
    assert (held["state"], held["outcome"], held["decision"]) == ("held", None, None)
    (listed,) = told(agent.call("GET", "/requests"))["items"]
    assert listed["state"] == "held"
    assert told(erin.call("POST", f"/pauses/{made['id']}/resume", {}))["ended_by"] == world.erin.username
    assert told(agent.call("GET", f"/requests/{request.pk}"))["outcome"] == "approved"
