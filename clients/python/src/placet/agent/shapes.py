"""What agents send and read, by the names of the API's OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from placet.acts import MessageOut as MessageOut
from placet.shapes import AsOf, Risk, Silence, State

Outcome = Literal["approved", "edited", "rejected", "answered", "mixed"]
Happened = Literal["succeeded", "failed", "unknown"]


class Option(TypedDict):
    value: Any
    label: NotRequired[str]
    description: NotRequired[str]


class ProposedAction(TypedDict):
    """One thing the agent wants to do or to know. `key` is the framework's own id for it."""

    key: str
    name: str
    kind: NotRequired[Literal["tool_call", "question", "choice", "review"]]
    args: NotRequired[dict[str, Any]]
    allow: NotRequired[list[Literal["approve", "edit", "reject", "respond", "choose"]]]
    args_schema: NotRequired[dict[str, Any] | None]
    answer_schema: NotRequired[dict[str, Any] | None]
    options: NotRequired[list[Option]]
    multiple: NotRequired[bool]
    depends_on: NotRequired[list[str]]
    lines: NotRequired[str | None]
    description: NotRequired[str]


class Need(TypedDict):
    tier: str | None
    group: str | None
    count: int


class DecidedLineOut(TypedDict):
    index: int
    type: Literal["reject", "defer"]
    message: str | None
    request_id: str | None


class DecidedActionOut(TypedDict):
    key: str
    type: Literal["approve", "edit", "reject", "respond", "choose", "defer"]
    args: dict[str, Any] | None
    args_digest: str | None
    value: Any
    message: str | None
    lines: list[DecidedLineOut]


class By(TypedDict):
    kind: Literal["person", "policy", "timeout"]
    name: str


class ReceiptOut(TypedDict):
    seq: int
    hash: str


class DecisionOut(TypedDict):
    id: str
    actions: list[DecidedActionOut]
    by: By
    policy: str
    rule: str | None
    digest: str
    decided_at: str
    halt: bool
    guidance: list[str]
    recalled: bool
    receipt: ReceiptOut


class RequestOut(TypedDict):
    id: str
    dedupe_key: str
    thread: str
    state: State
    outcome: Outcome | None
    risk: Risk
    reasons: list[str]
    needs: list[Need]
    revision: int
    digest: str
    url: str
    created_at: str
    expires_at: str
    on_timeout: Silence
    as_of: AsOf
    turn: Literal["people", "agent"]
    messages: list[MessageOut]
    compensates: str | None
    decision: DecisionOut | None


class OutcomeOut(TypedDict):
    status: str
    detail: str
    reported_at: str
