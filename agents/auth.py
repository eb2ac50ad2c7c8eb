"""From an Authorization header to the agent behind it. Identity comes from the token alone, never from a body."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from django.utils import timezone

from agents.models import Agent, AgentToken
from agents.services import TOKEN_MARK, token_digest

_BEARER = re.compile(r"Bearer ([A-Za-z0-9]+)_([0-9a-f]{12})_([A-Za-z0-9_-]{20,100})")
_NOBODY = bytes(32)


@dataclass(slots=True)
class Unauthenticated(Exception):
    """The call has no agent behind it. `status` is 401, or 403 for a known agent that is switched off."""

    code: str
    detail: str
    status: int = 401


@dataclass(frozen=True, slots=True)
class Principal:
    """An agent and the token it came with."""

    agent: Agent
    token: AgentToken


def authenticate(header: str | None) -> Principal:
    """The agent of a bearer token.

    Raises Unauthenticated with code unauthenticated, invalid-token (the same for unknown and wrong),
    token-expired, token-revoked or agent-disabled.
    """
    if not header:
        raise Unauthenticated("unauthenticated", "Send your agent's token: Authorization: Bearer plc_…")
    match = _BEARER.fullmatch(header)
    if match is None or match[1] != TOKEN_MARK:
        raise Unauthenticated("invalid-token", "This is not an agent's token.")
    token = AgentToken.objects.select_related("agent").filter(prefix=match[2]).first()
    # Unknown prefixes are compared too, so that a guess costs the same as a near miss.
    if (
        not hmac.compare_digest(token_digest(match[3]), bytes(token.digest) if token else _NOBODY)
        or token is None
    ):
        raise Unauthenticated("invalid-token", "This is not an agent's token.")
    if token.revoked_at is not None:
        raise Unauthenticated("token-revoked", "This token was revoked.")
    if token.expires_at <= timezone.now():
        raise Unauthenticated("token-expired", "This token has expired.")
    if not token.agent.enabled:
        raise Unauthenticated("agent-disabled", "This agent is switched off.", 403)
    return Principal(token.agent, token)
