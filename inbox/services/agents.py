"""Agents and their tokens, managed by admins and audited."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from agents import services as gateway
from agents.models import BUILT_IN, Agent, AgentToken
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import Member
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
LONGEST = timedelta(days=366)


def register_agent(*, admin: Member, handle: str) -> Agent:
    """A new agent owned by this admin. Raises Invalid for a handle that is taken or no identifier."""
    require_admin_of(admin)
    if not _HANDLE.fullmatch(handle):
        raise Invalid(
            "invalid-handle",
            "Use letters, digits, dots, dashes, at most 80.",
            errors=[FieldError("/handle", "invalid-handle")],
        )
    if handle.casefold() == BUILT_IN:
        raise Invalid(
            "handle-reserved",
            f"{BUILT_IN} is this server's own name.",
            errors=[FieldError("/handle", "handle-reserved", f"{BUILT_IN} is this server's own name.")],
        )
    with transaction.atomic():
        try:
            with transaction.atomic():
                agent = gateway.register_agent(team_id=admin.team_id, handle=handle, owner=admin.user)
        except IntegrityError:
            raise Invalid(
                "handle-taken",
                f"There is an agent {handle} already.",
                errors=[FieldError("/handle", "handle-taken")],
            ) from None
        record(admin.team, "agent_changed", actor_of(admin.user), {"agent": handle, "registered": True})
    return agent


def issue_token(*, admin: Member, agent_id: UUID, name: str, lifetime: timedelta) -> tuple[AgentToken, str]:
    """A token and its text, shown once. Raises NotFound for another team's agent, Invalid for a wrong lifetime."""
    require_admin_of(admin)
    if not timedelta(0) < lifetime <= LONGEST:
        raise Invalid(
            "invalid-expiry",
            "A token lives between a moment and a year.",
            errors=[FieldError("/lifetime", "invalid-expiry")],
        )
    if not name.strip() or not name.isprintable() or len(name) > 80:
        raise Invalid(
            "invalid-name",
            "Name the token in at most 80 plain characters.",
            errors=[FieldError("/name", "invalid-name")],
        )
    with transaction.atomic():
        agent = _agent(admin, agent_id)
        token, secret = gateway.issue_token(agent=agent, name=name, created_by=admin.user, lifetime=lifetime)
        record(
            admin.team,
            "token_changed",
            actor_of(admin.user),
            {"agent": agent.handle, "token": token.prefix, "issued": True},
        )
    return token, secret


def revoke_token(*, admin: Member, agent_id: UUID, token_id: UUID) -> None:
    """Revoke a token of one of this team's agents. Raises NotFound for another team's or another agent's."""
    require_admin_of(admin)
    with transaction.atomic():
        token = (
            AgentToken.objects.select_related("agent")
            .filter(pk=token_id, agent_id=agent_id, agent__team_id=admin.team_id)
            .first()
        )
        if token is None:
            raise NotFound()
        gateway.revoke_token(token)
        record(
            admin.team,
            "token_changed",
            actor_of(admin.user),
            {"agent": token.agent.handle, "token": token.prefix, "revoked": True},
        )


def set_enabled(*, admin: Member, agent_id: UUID, enabled: bool) -> None:
    """Switch an agent on or off. Raises NotFound for another team's."""
    require_admin_of(admin)
    with transaction.atomic():
        agent = _agent(admin, agent_id)
        gateway.set_enabled(agent, enabled=enabled)
        record(admin.team, "agent_changed", actor_of(admin.user), {"agent": agent.handle, "enabled": enabled})


def set_environment(*, admin: Member, agent_id: UUID, environment: str) -> None:
    """Say where an agent acts; "" for nowhere in particular. What it asked before keeps what held then.

    Raises NotFound for another team's, Invalid for a name that is none.
    """
    require_admin_of(admin)
    if environment and not _ENVIRONMENT.fullmatch(environment):
        raise Invalid(
            "invalid-environment",
            "Not changed: use letters, digits, dots, dashes and underscores, at most 40.",
            errors=[FieldError("/environment", "invalid-environment")],
        )
    with transaction.atomic():
        agent = _agent(admin, agent_id)
        if agent.environment != environment:
            gateway.set_environment(agent, environment)
            record(
                admin.team,
                "agent_changed",
                actor_of(admin.user),
                {
                    "agent": agent.handle,
                    "before": {"environment": agent.environment},
                    "after": {"environment": environment},
                },
            )


def _agent(admin: Member, agent_id: UUID) -> Agent:
    agent = (
        Agent.objects.select_for_update(no_key=True)
        .filter(pk=agent_id, team_id=admin.team_id, built_in=False)
        .first()
    )
    if agent is None:
        raise NotFound()
    return agent
