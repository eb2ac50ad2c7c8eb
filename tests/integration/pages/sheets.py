"""Ways the page tests use batch sheets: open one, send its form, read what became of it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import reverse

from inbox.models import ApprovalRequest, Batch, RequestGroup
from tests.factories import World, ask


def files(world: World, count: int, **more: Any) -> list[ApprovalRequest]:
    """Requests alike: small writes under docs/."""
    return [
        ask(world, "write_file", {"path": f"docs/page-{n:03}.md", "text": "hello there"} | more)
        for n in range(count)
    ]


def begun(world: World, total: int = 0, verdict: str = "approve") -> Batch:
    """A batch of dave's on record, of which nothing is decided yet."""
    return Batch.objects.create(
        team=world.team,
        person=world.dave,
        verdict=verdict,
        via="web",
        idempotency_key="k",
        fingerprint="f",
        total=total,
    )


def group_of(request: ApprovalRequest) -> RequestGroup:
    assert request.group is not None
    return request.group


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def form_of(page: Any) -> dict[str, Any]:
    """The fields the sheet's form would send as it was opened, without its button."""
    text = page.content.decode()
    fields: dict[str, Any] = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', text)
        for name in ("item", "include", "idempotency_key", "last")
    }
    ticked = re.findall(r'name="include" value="([^"]*)"[^>]* checked', text)
    return {
        "item": fields["item"],
        "include": ticked,
        "idempotency_key": fields["idempotency_key"][0],
        "last": fields["last"][0],
    }


def opened(client: Client, world: World, request: ApprovalRequest) -> tuple[Any, dict[str, Any]]:
    """The sheet of a request's group, and the form it carries."""
    page = client.get(url(world, "batch_sheet", group_of(request).pk))
    assert page.status_code == 200
    return page, form_of(page)


def send(
    client: Client,
    world: World,
    request: ApprovalRequest,
    form: dict[str, Any],
    verdict: str = "approve",
    **more: Any,
) -> Any:
    return client.post(url(world, "batch_decide", group_of(request).pk), {**form, "verdict": verdict, **more})


def outcomes(world: World) -> dict[str, str]:
    batch = Batch.objects.get(team=world.team)
    return dict(batch.items.values_list("reference", "outcome"))


def states(requests: list[ApprovalRequest]) -> list[str]:
    found = dict(ApprovalRequest.objects.filter(pk__in=[r.pk for r in requests]).values_list("pk", "state"))
    return [found[request.pk] for request in requests]


def sections(page: Any) -> dict[str, list[UUID]]:
    return {title: [row.line.id for row, *_ in rows] for title, rows in page.context["sections"]}
