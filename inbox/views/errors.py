"""Pages for what went wrong: what did not happen, and what to do next."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox.errors import NotFound, Refused


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A service's refusal as a page with its status."""
    return render(
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
    """500. Renders without a context processor: those may be what failed."""
    return render(
        None,
        "errors/server_error.html",
        {"request_id": request.META.get("placet.request_id", "")},
        status=500,
    )


def _plain(request: HttpRequest, status: HTTPStatus, title: str, detail: str) -> HttpResponse:
    return render(
        request,
        "errors/refused.html",
        {"title": title, "detail": detail, "status": int(status)},
        status=status,
    )
