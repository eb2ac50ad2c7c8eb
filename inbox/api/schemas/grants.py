"""Shapes of grants in the API: what is wished, what one would match, what one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from agents.contract import Wire
from inbox.api.schemas.requests import Digest
from inbox.policy.grants import MOST_ARGUMENTS, Op
from inbox.selectors.grants import GrantRow, Matches

# Beyond what the service allows, and no more than its columns hold: what is out of range it says itself.
_COUNT = Annotated[int, Field(ge=0, le=1_000_000_000)]


class ArgumentTestIn(Wire):
    """What one argument must be. `equal` without a `value` is the value it has; `any` takes none."""

    argument: Annotated[str, StringConstraints(max_length=2_000)]
    op: Op
    value: Any = None


class GrantIn(Wire):
    """Let calls like the action `key` of this request pass. Arguments that `pattern` leaves out stay exactly as they are."""

    request: Annotated[UUID, Field(strict=False)]
    digest: Digest
    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    pattern: list[ArgumentTestIn] = Field(default=[], max_length=MOST_ARGUMENTS)
    lifetime: _COUNT = Field(default=3_600, description="Seconds, from one minute to 30 days.")
    this_run: bool = Field(default=True, description="Only in the thread of this request.")
    max_uses: _COUNT | None = Field(default=None, description="Empty: as often as it is asked.")


class MatchOut(BaseModel):
    """A waiting or past request that the grant matches."""

    id: str
    sentence: str
    outcome: str
    at: str


class MatchesOut(BaseModel):
    """What a grant would match: pending now, and among the last 500 past calls. `rejected`: people rejected them."""

    pending: int
    past: int
    rejected: int
    looked_at: int
    too_large: int
    listed: list[MatchOut]

    @classmethod
    def of(cls, found: Matches) -> Self:
        """What a preview found."""
        return cls(
            pending=found.pending,
            past=found.past,
            rejected=found.rejected,
            looked_at=found.looked_at,
            too_large=found.too_large,
            listed=[
                MatchOut(id=str(one.id), sentence=one.sentence, outcome=one.outcome, at=one.at.isoformat())
                for one in found.listed
            ],
        )


class ArgumentTestOut(BaseModel):
    """What one argument must be."""

    argument: str
    op: Op
    value: Any


class GrantOut(BaseModel):
    """A grant. `thread` is the one run it is for, null for every run of the agent."""

    id: str
    state: Literal["in-force", "revoked", "expired", "used-up"]
    agent: str
    tool: str
    pattern: list[ArgumentTestOut]
    words: list[str]
    thread: str | None
    request: str
    granted_by: str
    max_uses: int | None
    uses: int
    created_at: str
    expires_at: str
    ended_at: str | None
    ended_by: str | None

    @classmethod
    def of(cls, row: GrantRow, *, at: datetime) -> Self:
        """A grant as it is at this moment: one whose time is over lets nothing pass, written down or not."""
        grant = row.grant
        over = "in-force" if grant.expires_at > at else "expired"
        return cls.model_validate(
            {
                "id": str(grant.pk),
                "state": grant.ended_because or over,
                "agent": grant.agent.handle,
                "tool": grant.tool,
                "pattern": grant.pattern,
                "words": list(row.tests),
                "thread": grant.thread or None,
                "request": str(grant.request_id),
                "granted_by": grant.granted_by.get_username(),
                "max_uses": grant.max_uses,
                "uses": grant.uses,
                "created_at": grant.created_at.isoformat(),
                "expires_at": grant.expires_at.isoformat(),
                "ended_at": grant.ended_at.isoformat() if grant.ended_at else None,
                "ended_by": grant.ended_by.get_username() if grant.ended_by else None,
            }
        )


class GrantPage(BaseModel):
    """Fifty grants, the newest first. `next` is the cursor of the following page."""

    items: list[GrantOut]
    next: str | None
