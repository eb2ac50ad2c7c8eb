"""A client that speaks raw bytes, as agents do, against the real URL configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.factories import World


@dataclass
class Caller:
    """Calls the API with one token."""

    token: str
    client: Client

    def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> HttpResponse:
        """One call; `body` is sent as JSON, `raw` as it is."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **headers}
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        content_type = given.pop("Content-Type")
        return self.client.generic(
            method,
            f"/api/v1{path}",
            sent,
            content_type=content_type,
            headers=given,  # type: ignore[arg-type]
        )


@pytest.fixture
def caller(client: Client) -> Callable[[str], Caller]:
    """Makes callers by token."""
    return lambda token: Caller(token, client)


@pytest.fixture
def agent_api(world: World, client: Client) -> Caller:
    """The world's agent calling."""
    return Caller(world.token, client)


def assert_problem(response: HttpResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The answer is this problem, in the one shape all problems have."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.content)
    assert {"type", "title", "status", "code", "detail", "errors", "request_id"} <= set(problem)
    assert problem["status"] == status
    assert problem["detail"]
    for error in problem["errors"]:
        assert set(error) == {"pointer", "code", "detail"}
    if code is not None:
        assert problem["code"] == code, problem
    return problem
