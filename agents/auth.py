"""From an Authorization header to the agent behind it. Identity comes from the token alone, never from a body."""

from __future__ import annotations

from dataclasses import dataclass

from agents import bearer
from agents.bearer import Unauthenticated
from agents.models import Agent, AgentToken
from agents.services import TOKEN_MARK

WHOSE = "an agent's"


@dataclass(frozen=True, slots=True)
class Principal:
    """An agent and the token it came with."""

    agent: Agent
    token: AgentToken


def authenticate(header: str | None) -> Principal:
    """The agent of a bearer token.

    Raises bearer.Unauthenticated with code unauthenticated, invalid-token, token-expired, token-revoked or
    agent-disabled.
    """
    sent = bearer.read(header, whose=WHOSE)
    if sent.mark != TOKEN_MARK:
        raise Unauthenticated("invalid-token", f"This is not {WHOSE} token.")
    row = AgentToken.objects.select_related("agent").filter(prefix=sent.prefix).first()
    token = bearer.check(sent, row, whose=WHOSE)
    if not token.agent.enabled:
        raise Unauthenticated("agent-disabled", "This agent is switched off.", 403)
    return Principal(token.agent, token)
