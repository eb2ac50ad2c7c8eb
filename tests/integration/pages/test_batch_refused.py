"""What a batch sheet refuses: lists it did not make, people who may not, values it was not to take."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from inbox.models import ApprovalRequest, Batch, TeamStream
from tests.factories import World, ask
from tests.integration.pages.cast import signed_in
from tests.integration.pages.sheets import begun, files, group_of, opened, outcomes, send, states, url


def test_another_digest_than_the_one_shown_is_refused_for_that_item_alone(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    form["item"] = [item.replace(requests[1].digest, "sha256:" + "0" * 64) for item in form["item"]]
    send(client, world, requests[0], form)
    assert outcomes(world)[str(requests[1].pk)] == "digest-mismatch"
    assert states(requests) == ["decided", "pending", "decided"]


def test_an_expired_request_is_refused_for_that_item_alone(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    ApprovalRequest.objects.filter(pk=requests[0].pk).update(expires_at=requests[0].created_at)
    send(client, world, requests[1], form)
    assert outcomes(world)[str(requests[0].pk)] == "expired"


@pytest.mark.parametrize(
    "change",
    [
        lambda form, other: {**form, "item": []},
        lambda form, other: {**form, "item": form["item"][:1] * 2},
        lambda form, other: {**form, "item": [f"{uuid4()} sha256:x" for _ in range(51)]},
        lambda form, other: {**form, "item": [*form["item"], f"{other.pk} {other.digest}"]},
        lambda form, other: {**form, "item": ["nonsense"]},
        lambda form, other: {**form, "item": [f"{uuid4()} "]},
        lambda form, other: {**form, "verdict": "maybe"},
        lambda form, other: {**form, "include": []},
    ],
    ids=[
        "empty",
        "twice",
        "too many",
        "another group's",
        "no id",
        "no digest",
        "no verdict",
        "nothing ticked",
    ],
)
def test_a_list_the_sheet_did_not_make_is_refused_and_nothing_is_recorded(world: World, change: Any) -> None:
    requests = files(world, 3)
    other = ask(world, "write_file", {"path": "docs/x.md", "text": "t", "force": True})
    assert other.group_id != requests[0].group_id
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    sent = change({**form, "verdict": "approve"}, other)
    answer = client.post(url(world, "batch_decide", group_of(requests[0]).pk), sent)
    assert answer.status_code == 422
    assert "Nothing was" in answer.content.decode()
    assert not Batch.objects.filter(team=world.team).exists()
    assert states([*requests, other]) == ["pending"] * 4


@pytest.mark.parametrize(
    "change",
    [
        lambda form: {**form, "item": [*form["item"][:-1], f"{form['item'][-1]}\0"]},
        lambda form: {**form, "item": [item.replace("sha256:", "sha256:\0") for item in form["item"]]},
        lambda form: {**form, "message": "Use\0wiki/."},
        lambda form: {**form, "preset": "\0"},
        lambda form: {**form, "idempotency_key": "key\0"},
        lambda form: {**form, "idempotency_key": "k" * 201},
        lambda form: {**form, "message": "x" * 2001},
    ],
    ids=[
        "NUL after a digest",
        "NUL in digests",
        "NUL in message",
        "preset",
        "NUL in key",
        "long key",
        "long",
    ],
)
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_text_that_cannot_be_stored_is_refused_with_a_sentence(
    world: World, change: Any, verdict: str
) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    answer = send(client, world, requests[0], change(form), verdict)
    assert answer.status_code == 422
    assert "Nothing was recorded. " in answer.content.decode()
    assert not Batch.objects.filter(team=world.team).exists()
    assert states(requests) == ["pending"] * 3


def test_who_may_not_decide_sees_the_sheet_with_the_reason_and_records_nothing(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.erin)
    page = client.get(url(world, "batch_sheet", group_of(requests[0]).pk))
    assert "You cannot decide these: You have no tier in this team" in page.content.decode()
    form = {
        "item": [f"{r.pk} {r.digest}" for r in requests],
        "include": [str(r.pk) for r in requests],
        "verdict": "approve",
    }
    assert client.post(url(world, "batch_decide", group_of(requests[0]).pk), form).status_code == 303
    assert set(outcomes(world).values()) == {"no-tier"}
    assert states(requests) == ["pending"] * 3


def test_strangers_and_other_teams_groups_are_404(world: World) -> None:
    request = files(world, 1)[0]
    batch = begun(world)
    client = signed_in(world.charlie)
    for slug in (world.team.slug, world.other.slug):
        group = group_of(request).pk
        assert client.get(reverse("batch_sheet", args=[slug, group])).status_code == 404
        assert (
            client.get(reverse("batch_arrivals", args=[slug, group]), {"since": str(request.pk)}).status_code
            == 404
        )
        assert client.post(reverse("batch_decide", args=[slug, group]), {}).status_code == 404
        assert client.get(reverse("batch_report", args=[slug, batch.pk])).status_code == 404


def test_opening_a_sheet_writes_nothing_and_deciding_is_no_get(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    before = TeamStream.objects.get(team=world.team).seq
    opened(client, world, requests[0])
    assert client.get(url(world, "batch_decide", group_of(requests[0]).pk)).status_code == 405
    assert TeamStream.objects.get(team=world.team).seq == before
    assert not Batch.objects.exists()


def test_hostile_values_are_shown_harmlessly(world: World) -> None:
    files(world, 3)
    bad = ask(world, "write_file", {"path": "docs/<img src=x onerror=alert(1)>.md", "text": "hello there"})
    page, _ = opened(signed_in(world.dave), world, bad)
    assert "<img" not in page.content.decode()
