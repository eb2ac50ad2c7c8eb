"""What a review is made of: payload, standing, people, the agent's case, the past, verbs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel

from inbox.api.schemas.listings import ClosingOut, Silence
from inbox.rendering.fields import Row
from inbox.rendering.findings import Finding
from inbox.selectors.case import Case
from inbox.selectors.payload import Payload, ShownAction
from inbox.selectors.request_page import Precedents
from inbox.selectors.turn import Standing
from inbox.selectors.verbs import Verb
from inbox.selectors.who import WhoCould


class FindingOut(BaseModel):
    """One thing that could make a person see something other than what the tool receives."""

    code: str
    severity: Literal["block", "warn", "info"]
    message: str
    where: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """As the page words it."""
        return cls(code=finding.code, severity=finding.severity, message=finding.message, where=finding.where)


class FieldOut(BaseModel):
    """One value of the payload. `key` and `value` are revealed: what does not show itself stands in ‹ › by name.

    `pointer` is exact and may hold hidden characters: for programs, not for screens. `value` is null for a list or
    an object, whose content follows. `unknown`: not in the tool's schema.
    """

    pointer: str
    depth: int
    key: str
    type: str
    value: str | None
    unknown: bool
    findings: list[FindingOut]

    @classmethod
    def of(cls, row: Row) -> Self:
        """A row of the page's table."""
        return cls(
            pointer=row.pointer,
            depth=row.depth,
            key=row.key.plain,
            type=row.type,
            value=row.value.plain if row.value is not None else None,
            unknown=row.unknown,
            findings=[FindingOut.of(finding) for finding in row.findings],
        )


class ActionOut(BaseModel):
    """One action: what will run, field by field, nothing left out."""

    key: str
    name: str
    approvable: bool
    fields: list[FieldOut]

    @classmethod
    def of(cls, action: ShownAction) -> Self:
        """An action of a payload shown in one part."""
        return cls(
            key=action.key,
            name=action.name,
            approvable=action.approvable,
            fields=[FieldOut.of(row) for row in action.rows],
        )


class ToolOut(BaseModel):
    """What admins vouch for about a tool; `effect` is null for one that is not in the catalogue."""

    name: str
    effect: str | None
    harmless: bool
    inverse_tool: str
    window_seconds: int | None


class VoteOut(BaseModel):
    """A vote on the current revision."""

    person: str
    tier: str
    approves: bool
    message: str
    at: str


class StandingOut(BaseModel):
    """Who is needed, in words, the slots still open, and the votes so far."""

    needs: str
    slots: list[str]
    open: list[str]
    votes: list[VoteOut]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """As the page's side lists it."""
        return cls(
            needs=standing.needs,
            slots=[slot.words for slot in standing.slots],
            open=[slot.words for slot in standing.open],
            votes=[
                VoteOut(
                    person=vote.person.get_username(),
                    tier=vote.tier,
                    approves=vote.approves,
                    message=vote.message,
                    at=vote.created_at.isoformat(),
                )
                for vote in standing.votes
            ],
        )


class CandidateOut(BaseModel):
    """A member and this request: the slots they could fill, or why their vote would not count."""

    name: str
    tier: str
    could: list[str]
    why_not: str


class WhoOut(BaseModel):
    """Who could decide it, and the slots that too few people are left for."""

    may: list[CandidateOut]
    may_not: list[CandidateOut]
    unfillable: list[str]

    @classmethod
    def of(cls, who: WhoCould) -> Self:
        """Every active member, on one side or the other."""
        may, may_not = (
            [
                CandidateOut(
                    name=one.name,
                    tier=one.tier,
                    could=[slot.words for slot in one.could],
                    why_not=one.why_not,
                )
                for one in some
            ]
            for some in (who.may, who.may_not)
        )
        return cls(may=may, may_not=may_not, unfillable=[slot.words for slot in who.unfillable])


class SilenceOut(BaseModel):
    """What happens when nobody decides: `does` at `at`; before that, at `escalates_at`, further people are asked."""

    does: Silence
    at: str
    escalates_at: str | None
    escalates_to: str


class WordsOut(BaseModel):
    """One text of the agent's, revealed; `more` counts characters that were left out."""

    label: str
    text: str
    more: int


class CaseOut(BaseModel):
    """What the agent says. Claims, written by the agent and verified by nobody."""

    words: list[WordsOut]
    claims: list[str]
    impact: str | None
    findings: list[FindingOut]

    @classmethod
    def of(cls, case: Case) -> Self:
        """Revealed as on the page."""
        return cls(
            words=[
                WordsOut(label=words.label, text=words.text.shown.plain, more=words.text.more)
                for words in case.words
            ],
            claims=list(case.claims),
            impact=case.impact.plain if case.impact else None,
            findings=[FindingOut.of(finding) for finding in case.findings],
        )


class EarlierOut(BaseModel):
    """An earlier request of the same tool."""

    id: str
    sentence: str
    closing: ClosingOut


class PastOut(BaseModel):
    """Like this before: how the latest ended by word, and some of them, those not approved first."""

    total: int
    counts: dict[str, int]
    listed: list[EarlierOut]

    @classmethod
    def of(cls, past: Precedents) -> Self:
        """The latest fifty, counted; five of them listed."""
        listed = [
            EarlierOut(id=str(earlier.pk), sentence=earlier.sentence, closing=ClosingOut.of(closing))
            for earlier, closing in past.listed
        ]
        return cls(total=past.total, counts=dict(past.counts), listed=listed)


class VerbOut(BaseModel):
    """A verb and whether the caller may use it now; `code` and `reason` say why not. `proposes`: others decide what is sent."""

    name: str
    may: bool
    code: str
    reason: str
    proposes: bool

    @classmethod
    def of(cls, verb: Verb) -> Self:
        """A verb of the decision bar."""
        return cls(name=verb.name, may=verb.may, code=verb.code, reason=verb.reason, proposes=verb.proposes)


class QuestionOut(BaseModel):
    """What approving asks the person to read in the payload. The answer goes into `read_back` of `decide`."""

    question: str
    of_digest: bool

    @classmethod
    def of(cls, payload: Payload) -> Self | None:
        """The question, never the answer; None where nothing is asked."""
        asked = payload.asked
        return cls(question=asked.question, of_digest=asked.literal) if asked is not None else None


class MomentOut(BaseModel):
    """One line of the timeline."""

    at: str
    actor: str
    word: str
    detail: str
