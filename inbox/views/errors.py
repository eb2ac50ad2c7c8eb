"""Pages for what went wrong: what did not happen, and what to do next."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Final

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox.errors import NotFound, Refused

RETRY_SECONDS: Final = "2"


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A service's refusal as a page with its status."""
    response = render(
        request,
        "errors/refused.html",
        {
            "title": refused.title,
            "detail": refused.detail,
            "errors": refused.errors,
            "status": refused.status,
        },
        status=refused.status,
    )
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_SECONDS
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 for unknown addresses: the same words as for things of other teams."""
    return refusal(request, NotFound())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for requests Django could not read."""
    return _plain(
        request, HTTPStatus.BAD_REQUEST, "Not understood", "Nothing was done. The request could not be read."
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 raised outside our services."""
    return _plain(request, HTTPStatus.FORBIDDEN, "Not allowed", "Nothing was done. You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing, old, or from another site."""
    return _plain(
        request,
        HTTPStatus.FORBIDDEN,
        "Form out of date",
        "Nothing was recorded. This form was opened in another session or cookies are blocked: "
        "go back, reload the page and send it again.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database was out of reach. Without a context processor: those may be what failed.

    Django calls this while it handles the error, wherever it rose: session, view, template or middleware.
    """
    if isinstance(sys.exception(), OperationalError):
        response = render(
            None,
            "errors/out_of_reach.html",
            # Once a view has begun to write, a commit may have gone through before the connection broke.
            {"begun": request.method not in ("GET", "HEAD") and hasattr(request, "member")},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
        response["Retry-After"] = RETRY_SECONDS
        return response
    return render(
        None,
        "errors/server_error.html",
        {"request_id": request.META.get("placet.request_id", "")},
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _plain(request: HttpRequest, status: HTTPStatus, title: str, detail: str) -> HttpResponse:
    return render(
        request,
        "errors/refused.html",
        {"title": title, "detail": detail, "status": int(status)},
        status=status,
    )
