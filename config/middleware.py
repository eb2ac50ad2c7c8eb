"""What every answer carries, and what no API call may do."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from config.problems import problem

GetResponse = Callable[[HttpRequest], HttpResponse]
_CODES = {
    400: "bad-request",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    500: "internal-error",
}


class RequestIdMiddleware:
    """Gives each request an id of our own making; ids sent by clients are not trusted into the logs."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid4().hex
        request.META["placet.request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class ApiErrorsMiddleware:
    """Under /api/ no error leaves in another shape than problem+json, and no query parameter may stand twice."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        if any(len(values) > 1 for _, values in request.GET.lists()):
            return problem(request, 400, "repeated-parameter", "A query parameter stands twice.")
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "")
        if response.status_code < 400 or kind.startswith("application/problem+json"):
            return response
        status = response.status_code
        answer = problem(
            request, status, _CODES.get(status, "refused"), "This address does not take that call."
        )
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer
