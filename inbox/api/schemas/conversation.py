"""Shapes of the conversation about a request: what people send, and what they read back."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, StringConstraints

from agents.contract import Wire
from inbox.api.schemas.requests import AsOf, Digest, Key, MessageOut
from inbox.rendering.columns import ABSENT
from inbox.rendering.diff import Change
from inbox.selectors.answers import awaits_agent, spoken
from inbox.selectors.conversation import ActionChange, Conversation, Draft
from inbox.services.converse import Heard


class SayIn(Wire):
    """What a person says to the agent. With a `digest` it is refused when the request is no longer what was shown."""

    text: Annotated[str, StringConstraints(max_length=2_000)]
    digest: Digest | None = None
    idempotency_key: Key


class SaidOut(BaseModel):
    """The message on record, and whose turn it is now."""

    message: MessageOut
    turn: Literal["people", "agent"]
    repeated: bool

    @classmethod
    def of(cls, heard: Heard) -> Self:
        """What a service recorded."""
        return cls.model_validate(
            {
                "message": spoken(heard.message),
                "turn": "agent" if awaits_agent(heard.request) else "people",
                "repeated": heard.repeated,
            }
        )


class ChangeOut(BaseModel):
    """One change: `pointer` leads into the earlier draft's action; `before` and `after` are absent where there is none."""

    pointer: str
    kind: Literal["added", "removed", "changed", "retyped"]
    before: Any = None
    after: Any = None

    @classmethod
    def of(cls, change: Change) -> Self:
        """A change of a diff."""
        return cls(
            pointer=change.pointer,
            kind=change.kind.value,
            before=None if change.before is ABSENT else change.before,
            after=None if change.after is ABSENT else change.after,
        )


class ActionChangeOut(BaseModel):
    """What became of one action since the draft the reader knows."""

    key: str
    what: Literal["new", "taken out", "changed"]
    changes: list[ChangeOut]

    @classmethod
    def of(cls, action: ActionChange) -> Self:
        """One action's changes."""
        return cls(
            key=action.key, what=action.what, changes=[ChangeOut.of(change) for change in action.changes]
        )


class DraftOut(BaseModel):
    """One revision: `by` is who edited it, null for the agent's own."""

    number: int
    digest: str
    by: str | None
    at: str

    @classmethod
    def of(cls, draft: Draft) -> Self:
        """A revision of the request."""
        revision = draft.revision
        return cls(
            number=revision.number,
            digest=revision.digest,
            by=draft.by if revision.author_id is not None else None,
            at=revision.created_at.isoformat(),
        )


class ConversationOut(BaseModel):
    """All that was said about a request, its drafts, and what changed since the one the caller knows (`since`).

    That is the draft they last voted on or said something about, else the one before the current.
    """

    turn: Literal["people", "agent"]
    asked_at: str | None
    messages: list[MessageOut]
    revisions: list[DraftOut]
    since: int | None
    changes: list[ActionChangeOut]
    as_of: AsOf

    @classmethod
    def of(cls, found: Conversation, *, asked_at: str | None, seq: int) -> Self:
        """A conversation in its order; `asked_at` since when it is the agent's turn, None while it is people's."""
        return cls.model_validate(
            {
                "turn": "agent" if asked_at else "people",
                "asked_at": asked_at,
                "messages": [spoken(said.message) for said in found.said],
                "revisions": [DraftOut.of(draft) for draft in found.drafts],
                "since": found.since,
                "changes": [ActionChangeOut.of(action) for action in found.changes],
                "as_of": {"seq": seq},
            }
        )
