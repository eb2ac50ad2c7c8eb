"""Shapes of the HTTP API's answers and of the reviewers' bodies. The agents' bodies are agents/contract.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from agents.contract import Wire, Words

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Short = Annotated[str, StringConstraints(max_length=2_000)]
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]


class Need(BaseModel):
    """Whose approval is needed: `count` distinct people of `tier` or above, of `group`, or of both."""

    tier: str | None
    group: str | None
    count: int


class DecidedLineOut(BaseModel):
    """What was said of one line that is not among the approved arguments. `request_id`: where a deferred one waits now."""

    index: int
    type: Literal["reject", "defer"]
    message: str | None
    request_id: str | None


class DecidedActionOut(BaseModel):
    """What the agent may do with one action; `args` are exactly the approved arguments.

    `edit`: people changed them. `value` is the result itself for `respond`, the chosen values for `choose`. `defer`:
    not now; ask again. `lines` were taken out of `args`.
    """

    key: str
    type: Literal["approve", "edit", "reject", "respond", "choose", "defer"]
    args: dict[str, Any] | None
    args_digest: str | None
    value: Any = None
    message: str | None
    lines: list[DecidedLineOut] = []


class By(BaseModel):
    """Who decided: a person, a policy version, or the deadline."""

    kind: Literal["person", "policy", "timeout"]
    name: str


class ReceiptOut(BaseModel):
    """Where the decision stands in the team's audit chain; keep it to prove the log later."""

    seq: int
    hash: str


class DecisionOut(BaseModel):
    """The one decision of a request. `halt`: nobody decided in time, and the run must stop.

    `guidance` are the notes people left while it waited.
    `recalled`: people took it back before the agent had it, and its actions all say no.
    """

    id: str
    actions: list[DecidedActionOut]
    by: By
    policy: str
    rule: str | None
    digest: str
    decided_at: str
    halt: bool
    guidance: list[str] = []
    recalled: bool = False
    receipt: ReceiptOut


class AsOf(BaseModel):
    """How far the team's stream had come when this was read."""

    seq: int


class MessageOut(BaseModel):
    """One thing said about a request. `by` is the person's username, null for the agent's own answers."""

    id: str
    kind: Literal["question", "regenerate", "guidance", "answer"]
    text: str
    at: str
    revision: int
    by: str | None


class RequestOut(BaseModel):
    """A request as its agent sees it.

    `turn: "agent"`: people asked something and wait for its answer or its next draft. `messages` are the latest
    fifty, oldest first. `compensates`: it puts back what that request of the same agent did.
    """

    id: str
    dedupe_key: str
    thread: str
    state: Literal["pending", "held", "decided", "expired", "withdrawn", "superseded"]
    outcome: Literal["approved", "edited", "rejected", "answered", "mixed"] | None
    risk: Literal["low", "medium", "high", "critical", "unverifiable"]
    reasons: list[str]
    needs: list[Need]
    revision: int
    digest: str
    url: str
    created_at: str
    expires_at: str
    on_timeout: Literal["reject", "escalate", "wait", "halt"]
    as_of: AsOf
    turn: Literal["people", "agent"]
    messages: list[MessageOut]
    compensates: str | None
    decision: DecisionOut | None


class RequestPage(BaseModel):
    """Fifty requests, oldest first. `next` is the cursor of the following page."""

    items: list[RequestOut]
    next: str | None


class EventOut(BaseModel):
    """Something happened to a request of the agent's: read it. Without `id` a pause ended: read what read as held."""

    id: str | None
    state: str | None
    seq: int


class EventsOut(BaseModel):
    """What happened after a number, oldest first. `next` is where to go on; `stream` is whose numbers these are."""

    stream: str
    items: list[EventOut]
    next: int


class FieldErrorOut(BaseModel):
    """One wrong field of a body."""

    pointer: str
    code: str
    detail: str = ""


class Problem(BaseModel):
    """application/problem+json (RFC 9457): every answer of 400 and above."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldErrorOut]
    request_id: str


class BulkIn(Wire):
    """Up to 500 submissions; each is judged and answered by itself."""

    items: list[dict[str, Any]] = Field(min_length=1, max_length=500)


class BulkItem(BaseModel):
    """What became of one submission: a request, or the problem with it."""

    status: int
    request: RequestOut | None = None
    problem: dict[str, Any] | None = None


class BulkOut(BaseModel):
    """One result a submission, in their order."""

    items: list[BulkItem]


class WithdrawIn(Wire):
    """Why the agent no longer asks."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class OutcomeOut(BaseModel):
    """The outcome on record."""

    status: str
    detail: str
    reported_at: str


class ThreadOut(BaseModel):
    """A thread as last reported."""

    thread: str
    status: str
    goal: str
    step: str
    progress: float | None
    updated_at: str


class LineVerdict(Wire):
    """A person's word on one line of an itemised payload; lines nobody names are approved."""

    index: int = Field(ge=0)
    type: Literal["approve", "reject", "defer"]
    message: Short = ""


class ActionVerdict(Wire):
    """A person's verdict on one action.

    `args` are the whole new arguments of an edit; `lines` instead decide an itemised payload line by line. `value` is
    the answer of `respond`, the list of chosen values of `choose`. `message` goes to the agent with this action.
    """

    key: str
    type: Literal["approve", "edit", "reject", "respond", "choose", "defer", "break_glass"]
    args: dict[str, Any] | None = None
    value: Any = None
    lines: list[LineVerdict] = Field([], max_length=1_000)
    message: Short = ""


class ReadBackIn(Wire):
    """The value of the payload that `review` asked the person for; 2,451 and 2451 are the same."""

    answer: Annotated[str, StringConstraints(max_length=100)]


class DecideIn(Wire):
    """A person's decision on a request, bound to the digest they were shown (428 without one).

    `via: "cli"` says that a person decides at a terminal: from high risk on they must read back what a page would ask.
    """

    digest: Digest | None = None
    revision: int | None = None
    decisions: list[ActionVerdict] = Field(min_length=1, max_length=50)
    note: Words = ""
    over_claim: bool = False
    idempotency_key: Key
    via: Literal["api", "cli"] = "api"
    read_back: ReadBackIn | None = None


class DecideOut(BaseModel):
    """What the vote did; `slots_open` names the votes still needed when nothing is decided yet.

    `release_at`: held until then, and until then it can be undone. `proposed`: an edit was stored for others to decide.
    """

    state: str
    outcome: str | None
    decision: str | None
    slots_open: list[str]
    release_at: str | None
    proposed: bool
    repeated: bool
    receipt: AsOf


class BatchItemIn(BaseModel, extra="forbid"):
    """One line of a batch. Wrong ids and missing digests are reported for the line, not for the batch."""

    id: str
    digest: str = ""


class BatchIn(Wire):
    """An explicit list to decide alike; there is no way to say "all"."""

    items: list[BatchItemIn] = Field(max_length=100_000)
    decision: Literal["approve", "reject"]
    note: Words = ""
    idempotency_key: Key
    team: str | None = None


class BatchItemOut(BaseModel):
    """What became of one line."""

    id: str
    outcome: str
    detail: str


class BatchOut(BaseModel):
    """A batch's report: every line with exactly one outcome once `finished_at` is set."""

    id: str
    total: int
    finished_at: str | None
    items: list[BatchItemOut]
