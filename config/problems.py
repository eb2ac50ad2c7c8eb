"""Every error of the API in one shape: application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from inbox.errors import FieldError, Refused


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: str,
    *,
    title: str = "",
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """An error answer. It carries pointers and codes, never the values that were sent."""
    body = {
        **(extra or {}),
        "type": f"urn:placet:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors],
        "request_id": request.META.get("placet.request_id", ""),
    }
    response = HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response["Retry-After"] = "2"
    return response


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A service's refusal as a problem."""
    return problem(
        request,
        refused.status,
        refused.code,
        refused.detail,
        title=refused.title,
        errors=refused.errors,
        extra=refused.extra,
    )
