"""One API for agents and people: both floors' routes, one parser, one error shape."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from agents.bearer import Unauthenticated
from config.problems import problem, refusal
from inbox import canonical
from inbox.api.aftermath import aftermath
from inbox.api.agents import router
from inbox.api.conversation import agents_side, people_side
from inbox.api.decisions import people
from inbox.api.grants import grants
from inbox.api.review import reviews
from inbox.api.waiting import waiting
from inbox.errors import FieldError, Invalid, NotFound, Refused

BULK_FACTOR = 16
# Pydantic's words for a wrong field that our contract says in its own.
_CODES = {"missing": "missing", "extra_forbidden": "unknown-field"}


class StrictParser(Parser):
    """Reads bodies with inbox.canonical: what cannot be held exactly is refused before anything looks at it."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Refused415("unsupported-media-type", "Send Content-Type: application/json.")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused415("unsupported-encoding", "Send the body as it is, without Content-Encoding.")
        factor = BULK_FACTOR if request.path.endswith(("/bulk", "/batches")) else 1
        return canonical.loads(
            request.body,
            max_bytes=settings.ENV.placet_body_limit * factor,
            max_keys=2_000 * (100 if factor > 1 else 1),
            max_elements=20_000 * (10 if factor > 1 else 1),
        )


class Refused415(Refused):
    """A body in a form this API does not read."""

    status = 415
    title = "Unsupported media type"


api = NinjaAPI(
    title="Placet",
    version="1",
    description="Agents ask, people decide. Errors are application/problem+json.",
    parser=StrictParser(),
    docs_url=None,
    urls_namespace="api",
)
api.add_router("", router)
api.add_router("", people)
api.add_router("", reviews)
api.add_router("", grants)
api.add_router("", agents_side)
api.add_router("", people_side)
api.add_router("", aftermath)
api.add_router("", waiting)


@api.exception_handler(canonical.JsonRefused)
def _json_refused(request: HttpRequest, error: canonical.JsonRefused) -> HttpResponse:
    return problem(
        request, error.status, error.code, error.detail, errors=[FieldError(error.pointer, error.code)]
    )


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return refusal(request, error)


@api.exception_handler(Unauthenticated)
def _unauthenticated(request: HttpRequest, error: Unauthenticated) -> HttpResponse:
    return problem(request, error.status, error.code, error.detail)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = {entry["loc"][0] for entry in error.errors if entry["loc"]}
    if places == {"path"}:
        # An id that is no id names nothing: the same answer as for a foreign one.
        return refusal(request, NotFound())
    errors = [_field_error(entry) for entry in error.errors[:50]]
    first = errors[0]
    return refusal(
        request, Invalid(first.code, f"{first.pointer or 'The body'}: {first.detail}", errors=errors)
    )


def _field_error(entry: dict[str, Any]) -> FieldError:
    # loc is ("body", parameter name, …) for bodies and ("query", name) for parameters.
    loc = entry["loc"][2:] if entry["loc"][:1] == ("body",) else entry["loc"]
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)
    code = _CODES.get(entry["type"], str(entry["type"]).replace("_", "-"))
    return FieldError(pointer, code, str(entry["msg"]).removeprefix("Value error, "))


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # ninja wraps whatever the parser raises into its own 400.
    if isinstance(error.__cause__, canonical.JsonRefused):
        return _json_refused(request, error.__cause__)
    if isinstance(error.__cause__, Refused):
        return refusal(request, error.__cause__)
    return problem(request, error.status_code, "bad-request", str(error))


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    # The front caps bytes before this; a server without it is still not talked into reading on.
    return problem(request, 413, "body-too-large", "The body is larger than any call may send.")


@api.exception_handler(OperationalError)
def _overloaded(request: HttpRequest, error: OperationalError) -> HttpResponse:
    # Restarting, out of connections, or gone: the caller's key tells it later what became of this call.
    return problem(
        request, 503, "overloaded", "The database is briefly out of reach. Try again with the same key."
    )
