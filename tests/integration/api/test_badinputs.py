"""Malformed inputs: each gets its clear 4xx, changes nothing, and the next good call works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from inbox.models import ApprovalRequest, AuditEvent
from tests.factories import World, body
from tests.integration.api.conftest import Caller, assert_problem

GROUPS = ("json-syntax", "json-values", "create")
# Cases about things this version does not have yet; the reason stands beside each.
NOT_HERE = {
    "create-042": "the dedupe_key in the body is the idempotency key",
    "create-045": "the dedupe_key in the body is the idempotency key",
    "create-048": "tested in test_auth.py with the agent switched off",
    "create-011": "tool schemas registered by admins are not part of this version",
}


def cases(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "badinputs" / "badinputs.jsonl").read_text().splitlines()]


def adapted(case: dict[str, Any]) -> bytes:
    """The case's body in our contract: `{"action": {"tool", "args"}}` becomes an action of a full request."""
    if "gen" in case:
        ok = json.dumps(body()).replace('"args": {"path": "docs/a.md", "text": "hello"}', '"args": %s')
        names = {"json": json, "OK": ok, "LIMIT": settings.ENV.placet_body_limit, "uuid4": uuid4}
        made = eval(case["gen"], names)  # noqa: S307 - the corpus' own expressions
        raw = made if isinstance(made, bytes) else str(made).encode("utf-8", "surrogatepass")
    else:
        raw = str(case["body"]).encode("utf-8", "surrogatepass")
    if case["group"] != "create":
        return raw
    sent = json.loads(raw)
    action = sent.pop("action", None)
    full = {**body(), **sent}
    if action is None:
        del full["actions"]
    else:
        full["actions"] = [{"key": "call_1", "name": action["tool"], "args": action["args"]}]
    return json.dumps(full).encode()


def test_every_case_gets_its_refusal_and_changes_nothing(
    agent_api: Caller, world: World, shared: Path
) -> None:
    wrong = []
    checked = 0
    for case in cases(shared):
        if (
            case["group"] not in GROUPS
            or case["id"] in NOT_HERE
            or ("body" not in case and "gen" not in case)
        ):
            continue
        before = (ApprovalRequest.objects.count(), AuditEvent.objects.count())
        response = agent_api.call("POST", "/requests", raw=adapted(case))
        checked += 1
        expected = case["expect"][:3]
        if case["group"] == "create":
            # Names differ between contracts; that it is a clear 4xx is what counts.
            expected = "4"
        if not str(response.status_code).startswith(expected):
            wrong.append((case["id"], case["description"], case["expect"][:60], response.status_code))
            continue
        assert_problem(response, response.status_code)
        assert (ApprovalRequest.objects.count(), AuditEvent.objects.count()) == before, case["id"]
    assert wrong == []
    assert checked > 50
    assert agent_api.call("POST", "/requests", body()).status_code == 201


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_read(agent_api: Caller, content_type: str) -> None:
    response = agent_api.call("POST", "/requests", body(), **{"Content-Type": content_type})
    assert_problem(response, 415, "unsupported-media-type")


def test_a_compressed_body_is_refused(agent_api: Caller) -> None:
    assert_problem(agent_api.call("POST", "/requests", body(), **{"Content-Encoding": "br"}), 415)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_named_in_allow(agent_api: Caller, method: str) -> None:
    response = agent_api.call(method, "/requests", body())
    assert_problem(response, 405)
    assert "POST" in response["Allow"]


def test_the_method_override_header_changes_nothing(agent_api: Caller) -> None:
    assert (
        agent_api.call("POST", "/requests", body(), **{"X-HTTP-Method-Override": "DELETE"}).status_code == 201
    )


def test_a_foreign_host_is_refused(agent_api: Caller) -> None:
    assert_problem(agent_api.call("POST", "/requests", body(), Host="evil.example"), 400)


def test_a_parameter_may_not_stand_twice(agent_api: Caller) -> None:
    assert_problem(agent_api.call("GET", "/requests?state=pending&state=decided"), 400, "repeated-parameter")


def test_no_foreign_origin_is_granted_anything(agent_api: Caller) -> None:
    response = agent_api.call(
        "OPTIONS", "/requests", **{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.parametrize(
    "path",
    ["/requests/%00", "/requests/..%2f..%2f", "/requests/%2e%2e", "/requests/١٢٣", "/requests/x;y=1/decide"],
)
def test_odd_paths_are_not_found(agent_api: Caller, path: str) -> None:
    response = agent_api.call("GET", path)
    assert response.status_code in (400, 404, 405)
    assert_problem(response, response.status_code)
