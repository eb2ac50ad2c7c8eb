"""Ways the page tests look at pages: signed-in clients, and a queue as long as wanted."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pgtrigger
from django.contrib.auth.models import User
from django.test import Client

from agents.ids import uuid7
from inbox.clock import database_now
from inbox.models import ApprovalRequest
from inbox.policy.words import Risk
from inbox.selectors.payload import asked_of
from tests.factories import World, ask

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def inbox_of(world: World, tail: str = "") -> str:
    """The address of the world's inbox."""
    return f"/t/{world.team.slug}/{tail}"


def page_of(world: World, request: ApprovalRequest, tail: str = "") -> str:
    """The address of a request's page."""
    return inbox_of(world, f"r/{request.pk}{tail}")


def decision(request: ApprovalRequest, verdict: str, **more: Any) -> dict[str, Any]:
    """The fields the page's form would send."""
    return {"verdict": verdict, "digest": request.digest, "idempotency_key": uuid4().hex, **more}


def confirmed(request: ApprovalRequest, **more: Any) -> dict[str, Any]:
    """The fields of the second step: the consequence was shown, and the value asked for was read."""
    revision = request.revisions.get(number=request.revision_number)
    asked = asked_of(bytes(revision.payload), risk=Risk(request.risk), digest=request.digest)
    return decision(request, "approve", confirmed="1", read_back=asked.answer if asked else "", **more)


def crowd(request: ApprovalRequest, size: int) -> list[ApprovalRequest]:
    """`size` more pending requests like this one, as rows only: for counting queries, not for deciding."""
    copies = []
    for _ in range(size):
        one = copy(request)
        one.pk, one.dedupe_key = uuid7(), uuid4().hex
        copies.append(one)
    return ApprovalRequest.objects.bulk_create(copies)


def ask_soon(world: World, *, seconds_left: float = 280, **fields: Any) -> ApprovalRequest:
    """A low-risk request asked two hours ago that stands in Now: its time is nearly over."""
    rows = ApprovalRequest.objects.filter(pk=ask(world, **fields).pk)
    now = database_now()
    # When it was asked is bound to a request, and nobody waits two hours for a test.
    with pgtrigger.ignore("inbox.ApprovalRequest:request_is_bound"):
        rows.update(created_at=now - timedelta(hours=2), expires_at=now + timedelta(seconds=seconds_left))
    return rows.select_related("agent", "team").get()


def ask_for_a_look(world: World, **fields: Any) -> ApprovalRequest:
    """A request that is decided by itself."""
    return ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"}, **fields)
