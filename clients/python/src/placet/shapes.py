"""The answers of the API, by the names of its OpenAPI document (docs/reference/openapi.json)."""

from __future__ import annotations

from typing import Literal, TypedDict

View = Literal["turn", "waiting", "snoozed", "done", "all"]
LaneName = Literal["now", "look", "batch"]
Risk = Literal["low", "medium", "high", "critical", "unverifiable"]
Silence = Literal["reject", "escalate", "wait", "halt"]
State = Literal["pending", "held", "decided", "expired", "withdrawn", "superseded"]
Back = Literal["", "answered", "revised"]
Verdict = Literal["approve", "reject", "break_glass"]


class AsOf(TypedDict):
    seq: int


class ClosingOut(TypedDict):
    text: str
    at: str
    tone: str
    message: str


class RowOut(TypedDict):
    id: str
    state: State
    risk: Risk
    sentence: str
    tool: str
    agent: str
    environment: str
    digest: str
    revision: int
    needs: str
    your_turn: bool
    voted: bool
    direct: bool
    waits_for_agent: str | None
    back: Back
    assignee: str | None
    claimed_by: str | None
    created_at: str
    expires_at: str
    on_timeout: Silence
    closing: ClosingOut | None
    aside: str
    aside_ended: str


class OnlyOut(TypedDict):
    id: str
    digest: str
    sentence: str
    expires_at: str
    on_timeout: Silence


class GroupOut(TypedDict):
    id: str
    tool: str
    agent: str
    risk: Risk
    pending: int
    latest: str
    only: OnlyOut | None


class LaneOut(TypedDict):
    name: str
    title: str
    count: int | None
    items: list[RowOut]
    groups: list[GroupOut]
    next: str | None


class InboxOut(TypedDict):
    view: View
    q: str
    lanes: list[LaneOut]
    as_of: AsOf


class GroupLineOut(TypedDict):
    id: str
    digest: str
    sentence: str
    why_odd: list[str]
    may_not: str


class GroupSheetOut(TypedDict):
    group: GroupOut
    items: list[GroupLineOut]
    next: str | None


class FindingOut(TypedDict):
    code: str
    severity: Literal["block", "warn", "info"]
    message: str
    where: str


class FieldOut(TypedDict):
    pointer: str
    depth: int
    key: str
    type: str
    value: str | None
    unknown: bool
    findings: list[FindingOut]


class ActionOut(TypedDict):
    key: str
    name: str
    approvable: bool
    fields: list[FieldOut]


class ToolOut(TypedDict):
    name: str
    effect: str | None
    harmless: bool
    inverse_tool: str
    window_seconds: int | None


class VoteOut(TypedDict):
    person: str
    tier: str
    approves: bool
    message: str
    at: str


class StandingOut(TypedDict):
    needs: str
    slots: list[str]
    open: list[str]
    votes: list[VoteOut]


class CandidateOut(TypedDict):
    name: str
    tier: str
    could: list[str]
    why_not: str


class WhoOut(TypedDict):
    may: list[CandidateOut]
    may_not: list[CandidateOut]
    unfillable: list[str]


class SilenceOut(TypedDict):
    does: Silence
    at: str
    escalates_at: str | None
    escalates_to: str


class WordsOut(TypedDict):
    label: str
    text: str
    more: int


class CaseOut(TypedDict):
    words: list[WordsOut]
    claims: list[str]
    impact: str | None
    findings: list[FindingOut]


class EarlierOut(TypedDict):
    id: str
    sentence: str
    closing: ClosingOut


class PastOut(TypedDict):
    total: int
    counts: dict[str, int]
    listed: list[EarlierOut]


class VerbOut(TypedDict):
    name: str
    may: bool
    code: str
    reason: str
    proposes: bool


class QuestionOut(TypedDict):
    question: str
    of_digest: bool


class MomentOut(TypedDict):
    at: str
    actor: str
    word: str
    detail: str


class ReviewOut(TypedDict):
    id: str
    team: str
    url: str
    state: State
    outcome: str | None
    risk: Risk
    reasons: list[str]
    sentence: str
    agent: str
    owner: str | None
    thread: str
    environment: str
    checkpoint: str
    policy: str
    rule: str
    notes: list[str]
    flags: list[str]
    blocked: bool
    reversible: bool
    digest: str
    revision: int
    raw: str
    actions: list[ActionOut]
    findings: list[FindingOut]
    tools: list[ToolOut]
    standing: StandingOut | None
    who: WhoOut | None
    assignee: str | None
    assigned_because: str
    claimed_by: str | None
    claimed_until: str | None
    aside: str
    back: str
    why: list[str]
    silence: SilenceOut
    case: CaseOut
    past: PastOut
    verbs: list[VerbOut]
    read_back: QuestionOut | None
    presets: list[str]
    closing: ClosingOut | None
    release: str | None
    timeline: list[MomentOut]
    created_at: str
    as_of: AsOf


class DecideOut(TypedDict):
    state: State
    outcome: str | None
    decision: str | None
    slots_open: list[str]
    release_at: str | None
    proposed: bool
    repeated: bool
    receipt: AsOf


class BatchItemIn(TypedDict):
    id: str
    digest: str


class BatchItemOut(TypedDict):
    id: str
    outcome: str
    detail: str


class BatchOut(TypedDict):
    id: str
    total: int
    finished_at: str | None
    items: list[BatchItemOut]
