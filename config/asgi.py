"""The one front of the embedded default: sockets and long polls as async code, everything else through WSGI threads.

Django's own ASGI handler costs 3 to 13 times its WSGI one (ADR 2), so nothing enters it. Bodies are gathered
and capped here, before a thread sees them. In compose a proxy sends LIVE_PATHS to this application and the rest to config.wsgi.
"""

from __future__ import annotations

import json
import os
import re
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

from config.front import BodyCap, Front, no_socket_here  # isort: skip
from config.live import WaitRoom  # isort: skip
from inbox.consumers import socket_urls  # isort: skip

LIVE_PATHS = {"sockets": "/ws/*", "long_polls": "/api/v1/requests/*?wait="}
"""What a proxy must send here rather than to config.wsgi; docker-compose's proxy rule is tested against it."""

_REQUEST = re.compile(r"/api/v1/requests/([0-9a-f-]{36})")
MAX_WAIT = 60.0
THREADS = 8
BULK_FACTOR = 16
BODY_SECONDS = 15.0

bridge = WSGIMiddleware(wsgi, workers=THREADS)
room = WaitRoom()


def waits_for(scope: dict[str, Any]) -> tuple[UUID, float] | None:
    """The request a call would wait for and for how long, when it is a long poll; None otherwise."""
    if scope["method"] != "GET":
        return None
    match = _REQUEST.fullmatch(scope["path"])
    if match is None:
        return None
    try:
        seconds = float(parse_qs(scope["query_string"].decode("ascii"))["wait"][0])
        request_id = UUID(match[1])
    except (KeyError, ValueError):
        return None
    return (request_id, seconds) if 0 < seconds <= MAX_WAIT else None


def pending(status: int, body: bytes) -> bool:
    """Whether a first answer says that there is something to wait for."""
    return status == 200 and json.loads(body).get("state") in ("pending", "held")


application = BodyCap(
    Front(
        http=bridge,
        websocket=AuthMiddlewareStack(URLRouter([*socket_urls, re_path("", no_socket_here)])),  # type: ignore[arg-type]
        room=room,
        waits_for=waits_for,
        worth_waiting=pending,
    ),
    limit=settings.ENV.placet_body_limit,
    bulk_limit=settings.ENV.placet_body_limit * BULK_FACTOR,
    deadline=BODY_SECONDS,
)
