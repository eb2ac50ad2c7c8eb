"""Shapes of what people do with a waiting request short of deciding it, and of their notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from inbox.models import Notification
from inbox.services.claims import Claimed
from inbox.services.escalate_by_hand import Escalated
from inbox.services.snooze import PutAside

Reason = Annotated[str, Field(max_length=2_000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SnoozeIn(_In):
    """Until when or what. With `time` either `at`, or `in`: 15 minutes, an hour, tomorrow at 09:00 of the server."""

    until: Literal["time", "reply", "decided", "alike"]
    at: AwareDatetime | None = None
    preset: Annotated[Literal["15m", "1h", "tomorrow"] | None, Field(alias="in")] = None
    other: UUID | None = None
    count: int | None = None


class SnoozeOut(BaseModel):
    """`words` say until what; `warning` what silence does before, "" for nothing."""

    until: str
    at: str | None
    words: str
    warning: str

    @classmethod
    def of(cls, put: PutAside) -> Self:
        """What was put aside."""
        row = put.snooze
        at = row.at.isoformat() if row.at else None
        return cls(until=row.until, at=at, words=put.words, warning=put.warning)


class EscalateIn(_In):
    """Why somebody else should decide it."""

    reason: Reason


class NeedOut(BaseModel):
    """So many people of a tier, a group, or both."""

    tier: str | None
    group: str | None
    count: int


class EscalateOut(BaseModel):
    """Whom it needs now, and whose it is first."""

    needs: list[NeedOut]
    assignee: str | None

    @classmethod
    def of(cls, done: Escalated) -> Self:
        """What was escalated."""
        needs = [NeedOut(tier=need.tier, group=need.group, count=need.count) for need in done.needs]
        return cls(needs=needs, assignee=done.assignee or None)


class DelegateIn(_In):
    """`to` is the username of a member who may decide it now."""

    to: Annotated[str, Field(max_length=150)]
    reason: Reason


class DelegateOut(BaseModel):
    """Whose it is first now, and why."""

    assignee: str
    assigned_because: str


class ClaimIn(_In):
    """`take_over` ends somebody's live claim and tells them."""

    take_over: bool = False


class ClaimOut(BaseModel):
    """Until when the claim holds; `renewed` when it was the caller's before."""

    until: str
    renewed: bool
    taken_from: str | None

    @classmethod
    def of(cls, claimed: Claimed) -> Self:
        """A claim just made or renewed."""
        return cls(
            until=claimed.until.isoformat(), renewed=claimed.renewed, taken_from=claimed.taken_from or None
        )


class LookOut(BaseModel):
    """Who else looks at the request now, and who works on it."""

    looking: list[str]
    claimed_by: str | None
    claimed_until: str | None


class NotificationOut(BaseModel):
    """One line; `count` says how often the same happened while it was unread. `request` is the latest it is about.

    What waits for the caller as for others has one line: while it is unread, its `count` is how many wait now.
    """

    id: str
    kind: Literal["your_turn", "escalated", "delegated", "claim_ending", "claim_taken", "not_landed"]
    text: str
    detail: str
    count: int
    request: str | None
    sentence: str
    agent: str | None
    group: str | None
    read: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: Notification) -> Self:
        """A line with its request and agent loaded."""
        request = row.request
        return cls.model_validate(
            {
                "id": str(row.pk),
                "kind": row.kind,
                "text": Notification.Kind(row.kind).label,
                "detail": row.detail,
                "count": row.count,
                "request": str(request.pk) if request else None,
                "sentence": request.sentence if request else "",
                "agent": request.agent.handle if request else None,
                "group": row.key if request and row.key == str(request.group_id) else None,
                "read": row.read_at is not None,
                "created_at": _text(row.created_at),
                "updated_at": _text(row.updated_at),
            }
        )


class NotificationsOut(BaseModel):
    """The latest 50. `unread` is 100 for more than 99."""

    items: list[NotificationOut]
    unread: int


class ReadIn(_In):
    """Some of one's own by id, or `all` of them."""

    ids: Annotated[list[UUID], Field(max_length=500)] = []
    all: bool = False
    team: str | None = None


class ReadOut(BaseModel):
    """How many were marked, and how many are unread still."""

    marked: int
    unread: int


def _text(moment: datetime) -> str:
    return moment.isoformat()
