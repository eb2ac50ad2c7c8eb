"""Pages for what went wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from inbox.errors import Overloaded
from inbox.views.errors import bad_request, forbidden, server_error
from tests.factories import World
from tests.integration.pages.cast import inbox_of, signed_in


def test_a_failure_of_ours_is_a_page_with_a_reference(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("inbox.views.queue.queue.front", fail)
    client = signed_in(world.alice)
    client.raise_request_exception = False
    answer = client.get(inbox_of(world))
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "it says whether your decision was recorded" in page
    assert answer["X-Request-Id"] in page
    assert "out of order" not in page


def test_a_failure_page_needs_neither_session_nor_database() -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "/static/app.css" in answer.content.decode()


def test_a_database_briefly_out_of_reach_says_that_nothing_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise Overloaded()

    monkeypatch.setattr("inbox.views.queue.queue.front", refuse)
    answer = signed_in(world.alice).get(inbox_of(world))
    assert answer.status_code == 503
    assert "Nothing was done. Try again in a few seconds." in answer.content.decode()


@pytest.mark.parametrize(("view", "status"), [(bad_request, 400), (forbidden, 403)])
def test_what_django_refuses_has_a_page_too(world: World, view: Any, status: int) -> None:
    request = RequestFactory().get("/")
    request.user = world.alice
    answer = view(request, Exception("detail for logs only"))
    assert answer.status_code == status
    assert "Nothing was done." in answer.content.decode()
    assert "detail for logs only" not in answer.content.decode()


def test_a_host_this_server_does_not_answer_to_is_refused(db: None) -> None:
    assert Client(SERVER_NAME="evil.example").get("/sign-in").status_code == 400
