"""Version 1 of the wire types an agent and this server exchange. No Django; frozen; unknown fields refused.

The names are those of docs/reference/api.md. What the server owns (state, risk, digest, policy, team) has
no field an agent could send.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

VERSION = 1
MAX_ACTIONS = 50
MAX_BULK = 500
MAX_EXPIRY_SECONDS = 30 * 24 * 3600

# Identifiers are ASCII so that two of them can never only look alike.
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$")]
Words = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$")
]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@.+_-]{1,150}$")]
Verb = Literal["approve", "reject"]
TimeoutAction = Literal["reject", "escalate", "wait", "halt"]
Checkpoint = Literal["pre_execution", "post_planning", "mid_execution", "pre_commit", "post_execution"]


class Wire(BaseModel):
    """Strict and frozen: `"5"` is not 5, and a field nobody knows is an error.

    Tuples alone are read leniently (`strict=False` on the field), because JSON has only lists.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProposedAction(Wire):
    """One thing the agent wants to do, keyed by the framework's own id for it."""

    key: Identifier
    kind: Literal["tool_call", "review"] = "tool_call"
    name: Identifier
    args: dict[str, Any]
    allow: tuple[Verb, ...] = Field(("approve", "reject"), min_length=1, max_length=2, strict=False)
    args_schema: dict[str, Any] | None = None
    description: Words = ""

    @model_validator(mode="after")
    def _verbs_once(self) -> ProposedAction:
        if sorted(self.allow) != ["approve", "reject"]:
            raise ValueError("this version offers approve and reject: allow must name both, once")
        return self


class Context(Wire):
    """The agent's own words about why; shown as claims, never as facts.

    `user_task` is what the user asked for, in the user's words; `prior_output` what the agent's last tool returned.
    Policy reads both, and only to raise: a value found in neither, or a call that neither explains, is looked at.
    """

    goal: Words = ""
    rationale: Words = ""
    impact: dict[str, Any] | None = None
    reversibility: Words = ""
    alternatives: tuple[Words, ...] = Field((), max_length=20, strict=False)
    plan: Words = ""
    progress: Words = ""
    results: Words = ""
    rollback_plan: Words = ""
    evidence: tuple[Words, ...] = Field((), max_length=20, strict=False)
    user_task: Words = ""
    prior_output: Words = ""


class Claims(Wire):
    """The agent's own estimate. It may raise what the server computes and never lowers it."""

    risk: Literal["low", "medium", "high", "critical"] | None = None
    urgency: Literal["low", "normal", "high", "urgent"] | None = None
    confidence: float | None = Field(None, ge=0, le=1)
    cost_usd: float | None = Field(None, ge=0)
    duration_s: float | None = Field(None, ge=0)


class Reply(Wire):
    """How the agent learns the decision. `hosted` belongs to graphs this server runs itself."""

    channel: Literal["poll"] = "poll"


class Submission(Wire):
    """The body of `POST /requests`: one pause, with everything that must be decided before it resumes.

    `on_timeout` may only be stricter than what policy does on silence, which applies without it. `on_behalf_of` is
    the username of the person it acts for: it bars them from deciding and gives nobody anything.
    """

    dedupe_key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]
    thread: Identifier
    checkpoint: Checkpoint = "pre_execution"
    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MAX_ACTIONS, strict=False)
    context: Context = Context()
    claims: Claims = Claims()
    expires_in: int | None = Field(None, ge=1, le=MAX_EXPIRY_SECONDS)
    on_timeout: TimeoutAction | None = None
    on_behalf_of: Username | None = None
    reply: Reply = Reply()
    dialect: Literal["generic"] = "generic"

    @model_validator(mode="after")
    def _keys_once(self) -> Submission:
        keys = [action.key for action in self.actions]
        if len(set(keys)) != len(keys):
            raise ValueError("two actions share a key")
        return self


class DecidedAction(Wire):
    """What the agent may now do with one action. `args` are exactly the approved arguments."""

    key: str
    type: Verb
    args: dict[str, Any] | None = None
    args_digest: str | None = None
    message: str | None = None


class OutcomeReport(Wire):
    """The body of `POST /requests/{id}/outcome`: what happened after the agent resumed."""

    status: Literal["succeeded", "failed", "unknown"]
    detail: Words = ""


class ThreadStatus(Wire):
    """The body of `PUT /threads/{thread}`: what the agent says it is doing, for the agents board."""

    status: Literal["running", "waiting", "done", "failed"]
    goal: Line = ""
    step: Line = ""
    progress: float | None = Field(None, ge=0, le=1)
