"""Version 1 of the wire types an agent and this server exchange. No Django; frozen; unknown fields refused.

The names are those of docs/reference/api.md. What the server owns (state, risk, digest, policy, team) has
no field an agent could send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

VERSION = 1
MAX_ACTIONS = 50
MAX_OPTIONS = 100
MAX_BULK = 500
MAX_EXPIRY_SECONDS = 30 * 24 * 3600

# Identifiers are ASCII so that two of them can never only look alike.
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$")]
Words = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$")
]
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@.+_-]{1,150}$")]
Verb = Literal["approve", "edit", "reject", "respond", "choose"]
Kind = Literal["tool_call", "question", "choice", "review"]
TimeoutAction = Literal["reject", "escalate", "wait", "halt"]
Checkpoint = Literal["pre_execution", "post_planning", "mid_execution", "pre_commit", "post_execution"]


class Wire(BaseModel):
    """Strict and frozen: `"5"` is not 5, and a field nobody knows is an error.

    Tuples alone are read leniently (`strict=False` on the field), because JSON has only lists.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


OFFERED: Final[dict[str, tuple[Verb, ...]]] = {
    "tool_call": ("approve", "edit", "reject"),
    "question": ("respond", "reject"),
    "choice": ("choose", "reject"),
    "review": ("approve", "edit", "reject"),
}
"""What people are offered for each kind of action when the agent does not say."""

_FITTING: Final[dict[str, frozenset[str]]] = {
    "tool_call": frozenset({"approve", "edit", "reject", "respond"}),
    "question": frozenset({"respond", "reject"}),
    "choice": frozenset({"choose", "reject"}),
    "review": frozenset({"approve", "edit", "reject", "respond"}),
}


def at_pointer(value: Any, pointer: str) -> Any:
    """What an RFC 6901 pointer leads to in a JSON value; None when it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


class Option(Wire):
    """One of the values a person may choose from. `label` and `description` are the agent's words."""

    value: Any
    label: Line = ""
    description: Words = ""


class ProposedAction(Wire):
    """One thing the agent wants to do, or to know, keyed by the framework's own id for it.

    `allow` limits what people are offered; without it the kind says (`OFFERED`). Saying no is always offered.
    `args_schema` describes `args`, `answer_schema` a typed answer to a question; `options` are a choice's.
    `depends_on` names actions of the same request that must run before this one. `lines` is an RFC 6901 pointer to
    a list in `args` whose lines may be decided one by one.
    """

    key: Identifier
    kind: Kind = "tool_call"
    name: Identifier
    args: dict[str, Any] = Field(default_factory=dict)
    allow: tuple[Verb, ...] = Field((), max_length=5, strict=False)
    args_schema: dict[str, Any] | None = None
    answer_schema: dict[str, Any] | None = None
    options: tuple[Option, ...] = Field((), max_length=MAX_OPTIONS, strict=False)
    multiple: bool = False
    depends_on: tuple[Identifier, ...] = Field((), max_length=MAX_ACTIONS, strict=False)
    lines: Annotated[str, StringConstraints(pattern=r"^(/[^/\x00-\x1f]{1,200}){1,8}$")] | None = None
    description: Words = ""

    @model_validator(mode="before")
    @classmethod
    def _offered(cls, data: Any) -> Any:
        # What is stored and hashed says in full what people are offered.
        if isinstance(data, dict) and not data.get("allow") and data.get("kind", "tool_call") in OFFERED:
            return {**data, "allow": list(OFFERED[data.get("kind", "tool_call")])}
        return data

    @model_validator(mode="after")
    def _makes_sense(self) -> ProposedAction:
        if len(set(self.allow)) != len(self.allow):
            raise ValueError("allow names a verb twice")
        unfit = sorted(set(self.allow) - _FITTING[self.kind])
        if unfit:
            raise ValueError(f"a {self.kind} cannot be answered with {', '.join(unfit)}")
        if "reject" not in self.allow:
            raise ValueError("people may always say no: allow must name reject")
        if self.allow == ("reject",):
            raise ValueError("allow must offer more than saying no")
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("a choice offers options, and nothing else does")
        if self.multiple and self.kind != "choice":
            raise ValueError("multiple belongs to a choice")
        if self.lines is not None and not isinstance(at_pointer(self.args, self.lines), list):
            raise ValueError("lines does not point at a list in args")
        if self.lines is not None and "edit" not in self.allow:
            raise ValueError("to take lines out is to edit: allow must name edit where there are lines")
        if self.answer_schema is not None and "respond" not in self.allow:
            raise ValueError("answer_schema belongs to what may be answered with respond")
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
    """How the agent learns the decision. `hosted` belongs to graphs this server runs itself.

    With `permit` reading the decision is not having it: it can be recalled until the agent consumes it.
    """

    channel: Literal["poll"] = "poll"
    permit: bool = False


class Submission(Wire):
    """The body of `POST /requests`: one pause, with everything that must be decided before it resumes.

    `on_timeout` may only be stricter than what policy does on silence, which applies without it. `on_behalf_of` is
    the username of the person it acts for: it bars them from deciding and gives nobody anything. `supersedes` is the
    `dedupe_key` of an earlier request of the same agent that this one takes the place of.
    """

    dedupe_key: Key
    thread: Identifier
    checkpoint: Checkpoint = "pre_execution"
    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MAX_ACTIONS, strict=False)
    context: Context = Context()
    claims: Claims = Claims()
    expires_in: int | None = Field(None, ge=1, le=MAX_EXPIRY_SECONDS)
    on_timeout: TimeoutAction | None = None
    on_behalf_of: Username | None = None
    supersedes: Key | None = None
    reply: Reply = Reply()
    dialect: Literal["generic"] = "generic"

    @model_validator(mode="after")
    def _keys_once(self) -> Submission:
        check_keys(self.actions)
        return self


def check_keys(actions: Sequence[ProposedAction]) -> None:
    """Raises ValueError when two actions share a key, or one depends on what is not there or on itself."""
    keys = [action.key for action in actions]
    if len(set(keys)) != len(keys):
        raise ValueError("two actions share a key")
    after = {action.key: set(action.depends_on) for action in actions}
    for action in actions:
        unknown = sorted(set(action.depends_on) - set(keys))
        if unknown:
            raise ValueError(f"{action.key} depends on {unknown[0]}, which is no action of this request")
    while after:
        free = [key for key, needs in after.items() if not needs & after.keys()]
        if not free:
            raise ValueError("actions depend on each other in a circle")
        for key in free:
            del after[key]


class DecidedLine(Wire):
    """What was said of one line of an itemised payload that is not among the approved `args`."""

    index: int
    type: Literal["reject", "defer"]
    message: str | None = None
    request_id: str | None = None


class DecidedAction(Wire):
    """What the agent may now do with one action.

    `args` are exactly the approved arguments, for `approve` and `edit`; `value` is the result itself for `respond`
    and the chosen values for `choose`; `defer` says: not now, ask again. `lines` are those taken out of `args`.
    """

    key: str
    type: Literal["approve", "edit", "reject", "respond", "choose", "defer"]
    args: dict[str, Any] | None = None
    args_digest: str | None = None
    value: Any = None
    message: str | None = None
    lines: tuple[DecidedLine, ...] = Field((), strict=False)


class RevisionBody(Wire):
    """The body of `POST /requests/{id}/revisions`: another draft in place of the one people look at.

    `digest` is that of the revision it replaces. What `context` and `claims` leave out stays as it was.
    """

    key: Key
    digest: str
    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MAX_ACTIONS, strict=False)
    context: Context | None = None
    claims: Claims | None = None
    note: Words = ""

    @model_validator(mode="after")
    def _keys_once(self) -> RevisionBody:
        check_keys(self.actions)
        return self


class MessageBody(Wire):
    """The body of `POST /requests/{id}/messages`: the agent's answer to what people asked."""

    key: Key
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class ConsumeBody(Wire):
    """The body of `POST /requests/{id}/consume`: the one permit to act on a decision, for the one `holder`."""

    digest: str
    holder: Key


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
