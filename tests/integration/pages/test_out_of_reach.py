"""Pages while Postgres is out of reach, and what they say about what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection, connections
from django.test import AsyncClient, Client

from inbox.models import Vote
from tests.factories import World, ask
from tests.integration.pages.cast import BACKEND, decision, inbox_of, page_of, signed_in

NOTHING = "Nothing was recorded; try again in a moment."


@contextmanager
def unreachable(table: str = "") -> Iterator[None]:
    """Every statement that names the table fails as when the server goes away."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if table in sql:
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


def patient(client: Client) -> Client:
    """The client, answering errors as a server would."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
@pytest.mark.parametrize("table", ["", "inbox_member", "inbox_approvalrequest"])
def test_a_page_that_cannot_be_read_says_so_and_when_to_come_back(
    world: World, table: str, headers: dict[str, str]
) -> None:
    client = patient(signed_in(world.alice))
    with unreachable(table):
        answer = client.get(inbox_of(world), headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert NOTHING in answer.content.decode()
    assert "connection is lost" not in answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/sign-in"])
def test_the_pages_before_the_team_do_too(world: World, address: str) -> None:
    client = patient(signed_in(world.alice))
    with unreachable():
        answer = client.get(address)
    assert answer.status_code == 503
    assert NOTHING in answer.content.decode()


def test_a_decision_that_never_began_was_not_recorded_and_the_page_says_so(world: World) -> None:
    request = ask(world)
    client = patient(signed_in(world.dave))
    with unreachable("inbox_member"):
        answer = client.post(page_of(world, request, "/decide"), decision(request, "approve"))
    assert answer.status_code == 503
    assert NOTHING in answer.content.decode()
    assert not Vote.objects.filter(request=request).exists()


def test_after_a_decision_was_recorded_the_page_does_not_claim_the_contrary(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*arguments: Any, **named: Any) -> None:
        raise OperationalError("the connection is lost")

    request = ask(world)
    client = patient(signed_in(world.dave))
    monkeypatch.setattr("inbox.views.request.render_page", lose)
    fields = decision(request, "approve")
    answer = client.post(page_of(world, request, "/decide"), fields, headers={"HX-Request": "true"})
    assert Vote.objects.filter(request=request).count() == 1
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "Nothing was recorded" not in answer.content.decode()
    assert "it says whether your decision was recorded" in answer.content.decode()


async def test_the_server_that_people_reach_answers_so_too(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*arguments: Any, **named: Any) -> None:
        raise OperationalError("the connection is lost")

    client = AsyncClient(raise_request_exception=False)
    await sync_to_async(client.force_login)(real_world.alice, backend=BACKEND)
    monkeypatch.setattr("inbox.views.queue.queue.front", lose)
    answer = await client.get(inbox_of(real_world))
    # The client's thread keeps its connection, and tables are not emptied under an open one.
    await sync_to_async(connections.close_all)()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert NOTHING in answer.content.decode()


@pytest.mark.parametrize("team", ["\0", "a\0b", "", "x" * 51])
def test_a_team_no_team_can_have_is_refused_with_a_sentence(world: World, team: str) -> None:
    answer = signed_in(world.alice).post("/switch-team", {"team": team})
    assert answer.status_code == 422
    assert "Nothing was done. " in answer.content.decode()
