"""Who calls, for every route: an agent by its token, or a person by theirs."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.security import HttpBearer

from agents import services as gateway
from agents.auth import Principal, authenticate
from agents.models import Agent
from inbox.api.schemas.requests import Problem
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import Team
from inbox.permissions import teams_of
from inbox.services import personal_tokens


class AgentBearer(HttpBearer):
    """`Authorization: Bearer plc_…`: the agent behind the call, and nothing a body could say about it."""

    def __call__(self, request: HttpRequest) -> Principal:
        principal = authenticate(request.headers.get("Authorization"))
        gateway.seen(principal.agent)
        return principal

    def authenticate(self, request: HttpRequest, token: str) -> Principal:
        return self(request)


class PersonBearer(HttpBearer):
    """`Authorization: Bearer plp_…`: a person's token. An agent's token is refused with 403, whatever it asks."""

    def __call__(self, request: HttpRequest) -> User:
        return personal_tokens.authenticate(request.headers.get("Authorization"))

    def authenticate(self, request: HttpRequest, token: str) -> User:
        return self(request)


PROBLEMS = {frozenset({400, 401, 403, 404, 409, 410, 413, 415, 422, 428, 503}): Problem}


def agent_of(request: HttpRequest) -> Agent:
    """The agent whose token it is."""
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal.agent


def person_of(request: HttpRequest) -> User:
    """The person whose token it is."""
    person: User = request.auth  # type: ignore[attr-defined]
    return person


def team_named(person: User, slug: str | None) -> Team:
    """That team of the person's, or their only one. Raises NotFound, and Invalid (team-required) without a name for several."""
    teams = list(teams_of(person).filter(slug=slug) if slug else teams_of(person)[:2])
    if not teams:
        raise NotFound()
    if len(teams) > 1:
        raise Invalid(
            "team-required", "You are in several teams: name one.", errors=[FieldError("/team", "missing")]
        )
    return teams[0]
