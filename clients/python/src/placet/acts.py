"""The answers to what people do besides deciding, by the names of the API's OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from placet.shapes import AsOf

MessageKind = Literal["question", "regenerate", "guidance", "answer"]
Opinion = Literal["good", "bad", "incident"]
Until = Literal["time", "reply", "decided", "alike"]


class LineVerdict(TypedDict):
    index: int
    type: Literal["approve", "reject", "defer"]
    message: NotRequired[str]


class ActionVerdict(TypedDict):
    key: str
    type: Literal["approve", "edit", "reject", "respond", "choose", "defer", "break_glass"]
    args: NotRequired[dict[str, Any]]
    value: NotRequired[Any]
    lines: NotRequired[list[LineVerdict]]
    message: NotRequired[str]


class MessageOut(TypedDict):
    id: str
    kind: MessageKind
    text: str
    at: str
    revision: int
    by: str | None


class SaidOut(TypedDict):
    message: MessageOut
    turn: Literal["people", "agent"]
    repeated: bool


class ChangeOut(TypedDict):
    pointer: str
    kind: Literal["added", "removed", "changed", "retyped"]
    before: Any
    after: Any


class ActionChangeOut(TypedDict):
    key: str
    what: Literal["new", "taken out", "changed"]
    changes: list[ChangeOut]


class DraftOut(TypedDict):
    number: int
    digest: str
    by: str | None
    at: str


class ConversationOut(TypedDict):
    turn: Literal["people", "agent"]
    asked_at: str | None
    messages: list[MessageOut]
    revisions: list[DraftOut]
    since: int | None
    changes: list[ActionChangeOut]
    as_of: AsOf


class StepOut(TypedDict):
    rung: Literal["undo", "recall", "compensate", "report"]
    may: bool
    code: str
    sentence: str


class PickupOut(TypedDict):
    how: str
    at: str


class RecallOut(TypedDict):
    by: str
    reason: str
    at: str


class ReportedOut(TypedDict):
    status: str
    detail: str
    at: str


class FeedbackOut(TypedDict):
    by: str
    kind: str
    reason: str
    at: str


class AftermathOut(TypedDict):
    state: str
    outcome: str | None
    safest: StepOut | None
    ladder: list[StepOut]
    picked_up: PickupOut | None
    recalled: RecallOut | None
    reported: ReportedOut | None
    feedback: list[FeedbackOut]
    compensated_by: str | None


class SnoozeOut(TypedDict):
    until: str
    at: str | None
    words: str
    warning: str


class NeedOut(TypedDict):
    tier: str | None
    group: str | None
    count: int


class EscalateOut(TypedDict):
    needs: list[NeedOut]
    assignee: str | None


class DelegateOut(TypedDict):
    assignee: str
    assigned_because: str


class ClaimOut(TypedDict):
    until: str
    renewed: bool
    taken_from: str | None


class PauseOut(TypedDict):
    id: str
    scope: Literal["agent", "tool", "team", "everything"]
    agent: str | None
    tool: str | None
    reason: str
    begun_by: str
    begun_at: str
    ended_by: str | None
    ended_at: str | None


class PausesOut(TypedDict):
    items: list[PauseOut]


class NotificationOut(TypedDict):
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


class NotificationsOut(TypedDict):
    items: list[NotificationOut]
    unread: int


class ReadOut(TypedDict):
    marked: int
    unread: int
