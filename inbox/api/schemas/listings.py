"""Shapes of what people read over the API: the lists of the inbox. One request is in review_schemas."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel

from inbox.api.schemas.requests import AsOf
from inbox.models import ApprovalRequest, RequestGroup
from inbox.selectors.endings import Closing
from inbox.selectors.groups import Sheet, SheetRow
from inbox.selectors.queue import Block, GroupRow, Listing, Row

RiskWord = Literal["low", "medium", "high", "critical", "unverifiable"]
Silence = Literal["reject", "escalate", "wait", "halt"]


class ClosingOut(BaseModel):
    """How a request ended: a sentence, when, and what was told with it. `tone` is ok, bad or empty."""

    text: str
    at: str
    tone: str
    message: str

    @classmethod
    def of(cls, closing: Closing) -> Self:
        """As the page words it."""
        return cls(text=closing.text, at=closing.at.isoformat(), tone=closing.tone, message=closing.message)


class RowOut(BaseModel):
    """One request as the inbox lists it. `sentence` and `needs` are the server's words; `your_turn` is about the caller.

    `direct`: low risk, and the sentence shows every argument, so pages approve it from the list. `waits_for_agent`:
    since when people wait for the agent's answer. `back`: what the agent did since it was asked. `aside` says until when
    the caller put it aside, `aside_ended` why it came back; empty otherwise. `claimed_by` works on it now.
    """

    id: str
    state: Literal["pending", "held", "decided", "expired", "withdrawn", "superseded"]
    risk: RiskWord
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
    back: Literal["", "answered", "revised"]
    assignee: str | None
    claimed_by: str | None
    created_at: str
    expires_at: str
    on_timeout: Silence
    closing: ClosingOut | None
    aside: str
    aside_ended: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """A row of a listing; closed ones need nobody any more."""
        request, standing, claim = row.request, row.standing, row.claim
        return cls.model_validate(
            {
                "id": str(request.pk),
                "state": request.state,
                "risk": request.risk,
                "sentence": request.sentence,
                "tool": request.tool,
                "agent": request.agent.handle,
                "environment": request.environment,
                "digest": request.digest,
                "revision": request.revision_number,
                "needs": standing.needs if standing else "",
                "your_turn": standing.turn if standing else False,
                "voted": standing.voted if standing else False,
                "direct": row.direct,
                "waits_for_agent": row.waits_for_agent.isoformat() if row.waits_for_agent else None,
                "back": row.back,
                "assignee": request.assignee.user.get_username() if request.assignee else None,
                "claimed_by": claim.who if claim else None,
                "created_at": request.created_at.isoformat(),
                "expires_at": request.expires_at.isoformat(),
                "on_timeout": request.on_timeout,
                "closing": ClosingOut.of(row.closing) if row.closing else None,
                "aside": row.aside.until,
                "aside_ended": row.aside.back,
            }
        )


class OnlyOut(BaseModel):
    """The one request of a group in which no other waits."""

    id: str
    digest: str
    sentence: str
    expires_at: str
    on_timeout: Silence

    @classmethod
    def of(cls, request: ApprovalRequest) -> Self:
        """The request itself, ready to be decided."""
        return cls.model_validate(
            {
                "id": str(request.pk),
                "digest": request.digest,
                "sentence": request.sentence,
                "expires_at": request.expires_at.isoformat(),
                "on_timeout": request.on_timeout,
            }
        )


class GroupOut(BaseModel):
    """Requests alike that may be decided as one. `only` is the request when just one waits."""

    id: str
    tool: str
    agent: str
    risk: RiskWord
    pending: int
    latest: str
    only: OnlyOut | None = None

    @classmethod
    def of(cls, group: RequestGroup, only: ApprovalRequest | None = None) -> Self:
        """A group with its agent loaded."""
        return cls.model_validate(
            {
                "id": str(group.pk),
                "tool": group.tool,
                "agent": group.agent.handle,
                "risk": group.risk,
                "pending": group.pending,
                "latest": group.latest_sentence,
                "only": OnlyOut.of(only) if only else None,
            }
        )

    @classmethod
    def of_row(cls, row: GroupRow) -> Self:
        """A group as the Batches lane lists it."""
        return cls.of(row.group, row.only)


class LaneOut(BaseModel):
    """One lane, or one flat list. `count` is 10,001 for more, null where it is not counted; `next` goes on from here."""

    name: str
    title: str
    count: int | None
    items: list[RowOut]
    groups: list[GroupOut]
    next: str | None

    @classmethod
    def of(cls, block: Block) -> Self:
        """A block of a listing."""
        return cls(
            name=block.name,
            title=block.title,
            count=block.count,
            items=[RowOut.of(row) for row in block.rows],
            groups=[GroupOut.of_row(row) for row in block.groups],
            next=block.after or None,
        )


class InboxOut(BaseModel):
    """A page of the inbox, as of `as_of`."""

    view: Literal["turn", "waiting", "snoozed", "done", "all"]
    q: str
    lanes: list[LaneOut]
    as_of: AsOf

    @classmethod
    def of(cls, listing: Listing) -> Self:
        """A listing in its order."""
        return cls.model_validate(
            {
                "view": listing.view.value,
                "q": listing.filter.text,
                "lanes": [LaneOut.of(block) for block in listing.blocks],
                "as_of": {"seq": listing.seq},
            }
        )


class GroupLineOut(BaseModel):
    """One request of a group. `why_odd` says what sets it apart; `may_not` why the caller cannot decide it, or is empty."""

    id: str
    digest: str
    sentence: str
    why_odd: list[str]
    may_not: str

    @classmethod
    def of(cls, row: SheetRow) -> Self:
        """A row of the batch sheet."""
        return cls(
            id=str(row.line.id),
            digest=row.line.digest,
            sentence=row.sentence,
            why_odd=list(row.why_odd),
            may_not=row.bar,
        )


class GroupSheetOut(BaseModel):
    """The next fifty requests of a group, those that stand out first; `next` is the cursor of the following ones."""

    group: GroupOut
    items: list[GroupLineOut]
    next: str | None

    @classmethod
    def of(cls, sheet: Sheet) -> Self:
        """A batch sheet in the order of its page."""
        return cls(
            group=GroupOut.of(sheet.group),
            items=[GroupLineOut.of(row) for row in sheet.rows],
            next=str(sheet.next_after) if sheet.next_after else None,
        )
