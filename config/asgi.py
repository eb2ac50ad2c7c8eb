"""The one front of the embedded default: sockets and long polls as async code, everything else through WSGI threads.

Django's own ASGI handler costs 3 to 13 times its WSGI one (ADR 2), so nothing enters it. Bodies are gathered
and capped here, before a thread sees them. In compose a proxy sends LIVE_PATHS to this application and the rest to config.wsgi.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as wsgi

from a2wsgi import WSGIMiddleware  # isort: skip
from channels.auth import AuthMiddlewareStack  # isort: skip
from channels.routing import URLRouter  # isort: skip
from django.conf import settings  # isort: skip
from django.urls import re_path  # isort: skip

from config.front import BodyCap, Front, Poll, no_socket_here  # isort: skip
from config.live import WaitRoom  # isort: skip
from config.streams import Bounds, EventStreams, wants_stream  # isort: skip
from inbox.consumers import socket_urls  # isort: skip

LIVE_PATHS = {"sockets": "/ws/*", "long_polls": "/api/v1/requests*?wait=", "events": "/api/v1/events"}
"""What a proxy must send here rather than to config.wsgi; docker-compose's proxy rule is tested against it."""

_ASKING = "/api/v1/requests"
_REQUEST = re.compile(r"/api/v1/requests/([0-9a-f-]{36})")
MAX_WAIT = 60.0
MAX_WAIT_ASKING = 25.0
THREADS = 8
BULK_FACTOR = 16
BODY_SECONDS = 15.0

bridge = WSGIMiddleware(wsgi, workers=THREADS)
room = WaitRoom()


def waits_for(scope: dict[str, Any]) -> Poll | None:
    """What a call would wait for and for how long, when it waits; None otherwise.

    It names no request where the call itself is what asks for one.
    """
    asking = scope["method"] == "POST" and scope["path"] == _ASKING
    match = _REQUEST.fullmatch(scope["path"]) if scope["method"] == "GET" else None
    if match is None and not asking:
        return None
    try:
        query = parse_qs(scope["query_string"].decode("ascii"))
        seconds, after = float(query["wait"][0]), query.get("after", [""])[0]
        known = UUID(after) if after not in ("", "none") else None
        poll = Poll(UUID(match[1]) if match is not None else None, seconds, known, given=bool(after))
    except (KeyError, ValueError):
        return None
    return poll if 0 < seconds <= (MAX_WAIT_ASKING if asking else MAX_WAIT) else None


def pending(poll: Poll, status: int, body: bytes) -> Poll | None:
    """What to wait for after a first answer; None when that is the answer.

    A caller who names no message knows those of the first answer: who does not care for them is not woken by them
    again and again.
    """
    if status not in (200, 201):
        return None
    answer = json.loads(body)
    if answer.get("state") not in ("pending", "held"):
        return None
    poll = replace(poll, request_id=UUID(answer["id"]))
    if poll.given:
        return poll
    said = answer["messages"]
    return replace(poll, after=UUID(said[-1]["id"]) if said else None)


def reading(scope: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """The same caller's reading of that request."""
    path = f"{_ASKING}/{request_id}"
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-length", b"content-type")]
    return {
        **scope,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }


application = BodyCap(
    Front(
        http=bridge,
        websocket=AuthMiddlewareStack(URLRouter([*socket_urls, re_path("", no_socket_here)])),  # type: ignore[arg-type]
        room=room,
        waits_for=waits_for,
        worth_waiting=pending,
        reading=reading,
        streams=wants_stream,
        stream=EventStreams(
            bridge,
            room,
            Bounds(
                most=settings.ENV.placet_event_streams,
                heartbeat=settings.ENV.placet_event_heartbeat,
                life=settings.ENV.placet_event_seconds,
            ),
        ),
    ),
    limit=settings.ENV.placet_body_limit,
    bulk_limit=settings.ENV.placet_body_limit * BULK_FACTOR,
    deadline=BODY_SECONDS,
)
