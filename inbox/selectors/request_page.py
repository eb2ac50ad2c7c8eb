"""Everything the request page shows, in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from inbox import canonical
from inbox.errors import NotFound
from inbox.lifecycle import OnTimeout, State
from inbox.models import (
    Action,
    ApprovalRequest,
    Grant,
    Message,
    RequestGroup,
    Revision,
    Tool,
    Vote,
)
from inbox.policy.lanes import why_here
from inbox.policy.need import Need
from inbox.policy.seating import Slot
from inbox.policy.words import Risk
from inbox.rendering.diff import Change
from inbox.selectors import order
from inbox.selectors.case import Case, case_of
from inbox.selectors.claims import Claim, claim_of_another
from inbox.selectors.conversation import Conversation
from inbox.selectors.conversation import read as conversation
from inbox.selectors.edited import both_of, edits_of, words_of
from inbox.selectors.endings import Closing, closing_of
from inbox.selectors.envelopes import Bytes
from inbox.selectors.grants import grants_that_passed, may_be_granted
from inbox.selectors.holds import Held, held_of
from inbox.selectors.order import Neighbour
from inbox.selectors.payload import PART_LINES, Payload, show
from inbox.selectors.policy import tools_named
from inbox.selectors.queue import head_seq, your_turn
from inbox.selectors.release import Release, release_of
from inbox.selectors.snoozes import NOWHERE, Aside, asides, before_then
from inbox.selectors.timeline import Moment, timeline
from inbox.selectors.turn import Standing, Turn, past_standing
from inbox.selectors.waiting import next_people
from inbox.selectors.who import WhoCould, who_could_decide

# How far back "like this before" looks, and how many it lists.
PRECEDENTS: Final = 50
LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Precedents:
    """Earlier requests of the same tool in this team: counts over the latest, and some to look at."""

    counts: tuple[tuple[str, int], ...]
    total: int
    listed: tuple[tuple[ApprovalRequest, Closing], ...]


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One request, ready to show. `envelope` is what its digest is of; `who` and `why` only while it waits, `closing` and `release` only after.

    `both` is what it asks beside what the agent proposed; `edits` what a person's edit made of it, by action.
    `held` while it can be undone, `claim` while somebody else works on it; `talk` once something was said or drafted
    anew.
    """

    request: ApprovalRequest
    envelope: bytes
    both: Bytes
    edits: tuple[tuple[str, tuple[Change, ...]], ...]
    editor: str
    held: Held | None
    sentences: Mapping[str, str]
    payload: Payload
    case: Case
    tools: tuple[tuple[str, Tool | None], ...]
    presets: tuple[str, ...]
    timeline: tuple[Moment, ...]
    precedents: Precedents
    standing: Standing | None
    who: WhoCould | None
    why: tuple[str, ...]
    next_people: str
    claim: Claim | None
    aside: Aside
    talk: Conversation | None
    closing: Closing | None
    release: Release | None
    before: UUID | None
    after: UUID | None
    grantable: bool
    grants: tuple[Grant, ...]
    seq: int
    now: datetime

    @property
    def agent(self) -> str:
        return self.request.agent.handle

    @property
    def silence(self) -> str:
        """What silence does before what is put aside comes back."""
        return before_then(self.request, self.aside.at) if self.aside.until else ""

    @property
    def escalated(self) -> Moment | None:
        """Who was unsure last, and why, of a request that waits."""
        unsure = (moment for moment in reversed(self.timeline) if moment.unsure)
        return next(unsure, None) if self.standing is not None and self.closing is None else None

    @property
    def drafted_anew(self) -> bool:
        """Whether to say what changed since the version its reader knows: `edits` says it where that is the agent's."""
        if self.talk is None or self.talk.since is None:
            return False
        sent = [draft.revision.number for draft in self.talk.drafts if draft.revision.author_id is None]
        return not (self.edits and self.talk.since == max(sent))

    @property
    def voted(self) -> tuple[tuple[Vote, tuple[str, ...]], ...]:
        """The votes, each with what it says of the actions where that is more than yes or no to all."""
        votes = self.standing.votes if self.standing else ()
        return tuple((vote, words_of(vote)) for vote in votes)

    @property
    def rule(self) -> str:
        return self.request.rule or "no rule: people decide"


def find(turn: Turn, request_id: UUID) -> ApprovalRequest:
    """A request of the member's team, with what its page needs. Raises NotFound for any other."""
    found = (
        ApprovalRequest.objects.select_related(
            "agent__owner",
            "assignee__user",
            "claimed_by__user",
            "policy_version__policy",
            "decision__person",
            "decision__policy_version__policy",
            "decision__pickup",
            "decision__recall__person",
            "group",
        )
        .annotate(talked=Exists(Message.objects.filter(request=OuterRef("pk"))))
        .filter(team_id=turn.member.team_id, pk=request_id)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def read(
    turn: Turn,
    request_id: UUID,
    *,
    part: int = 1,
    raw: bool = False,
    lines: int = PART_LINES,
    around: bool = True,
) -> RequestPage:
    """The page of a request. Raises NotFound for one that is not of the member's team.

    Without `around` its neighbours in the inbox are not looked for, but for the one that `why` names.
    """
    seq, now = head_seq(turn.member.team_id), timezone.now()
    request = find(turn, request_id)
    revision = request.revisions.select_related("author").get(number=request.revision_number)
    tools = tools_named(request.team_id, request.tools)
    pending = request.state == State.PENDING.value
    held = held_of(turn.member, [request]).get(request.pk)
    standing = turn.standings([request])[request.pk] if pending else _past(request)
    before, after = None, None
    if pending and around:
        before, after = order.neighbours(your_turn(turn), request, now)
    elif pending and standing.turn:
        after = next_of(turn, request, now)
    envelope = canonical.read(bytes(revision.payload))
    both = both_of(request, revision, envelope)
    return RequestPage(
        request=request,
        envelope=bytes(revision.payload),
        both=both,
        edits=tuple(edits_of(both)),
        editor=revision.author.get_username() if revision.author else "",
        held=held,
        sentences=_sentences(revision) if len(envelope["actions"]) > 1 else {},
        payload=show(
            bytes(revision.payload),
            risk=Risk(request.risk),
            digest=request.digest,
            part=part,
            raw=raw,
            lines=lines,
        ),
        case=case_of(request, envelope),
        tools=tuple((name, tools.get(name)) for name in request.tools),
        presets=_presets(tools.get(request.tool)),
        timeline=timeline(request),
        precedents=_precedents(request),
        standing=standing,
        who=who_could_decide(turn, request) if pending else None,
        why=why(request, standing, now, after) if pending else (),
        next_people=next_people(request) if pending else "",
        claim=claim_of_another(request, turn.member, now) if pending else None,
        aside=asides(turn.member.pk, [request]).get(request.pk, NOWHERE) if pending else NOWHERE,
        talk=_talk(turn, request),
        closing=closing_of(request),
        release=release_of(request),
        before=before.id if before is not None else None,
        after=after.id if after is not None else None,
        grantable=standing is not None and may_be_granted(request, envelope) and may_ask(turn, standing),
        grants=tuple(grants_that_passed(request)),
        seq=seq,
        now=now,
    )


def _talk(turn: Turn, request: ApprovalRequest) -> Conversation | None:
    if request.revision_number == 1 and not request.talked:  # type: ignore[attr-defined]
        return None
    return conversation(request, turn.member.user)


def _sentences(revision: Revision) -> dict[str, str]:
    return dict(Action.objects.filter(revision=revision).values_list("key", "sentence"))


def may_ask(turn: Turn, standing: Standing) -> bool:
    """Whether the way to a grant is shown: to who could decide it alone, and to admins. The service asks again."""
    return (standing.counts and len(standing.open) == 1) or turn.member.is_admin


def why(
    request: ApprovalRequest, standing: Standing, now: datetime, after: Neighbour | None
) -> tuple[str, ...]:
    """Why a pending request stands where it does, in sentences; `after` is the one that follows it."""
    group: RequestGroup | None = request.group
    return why_here(
        risk=Risk(request.risk),
        batchable=request.batchable,
        schedule=order.schedule_of(request),
        now=now.timestamp(),
        rule=request.rule or None,
        needs=_missing(standing.open),
        on_timeout=OnTimeout(request.on_timeout),
        alike=group.pending - 1 if group is not None else 0,
        following=after.following if after is not None and standing.turn else None,
    )


def next_of(turn: Turn, request: ApprovalRequest, now: datetime) -> Neighbour | None:
    """The request after this one in the inbox's order, among those that are this member's turn."""
    return order.following(your_turn(turn), request, now)


def _missing(open_now: Sequence[Slot]) -> tuple[Need, ...]:
    counts = Counter((slot.tier, slot.group) for slot in open_now)
    return tuple(
        Need.model_construct(tier=tier, group=group, count=count) for (tier, group), count in counts.items()
    )


def _past(request: ApprovalRequest) -> Standing:
    votes = tuple(
        request.votes.filter(retracted_at=None, revision_number=request.revision_number)
        .select_related("person")
        .order_by("created_at")
    )
    return past_standing(request, votes)


def _presets(tool: Tool | None) -> tuple[str, ...]:
    return tuple(str(preset) for preset in tool.rejection_presets[:9]) if tool is not None else ()


def _precedents(request: ApprovalRequest) -> Precedents:
    latest = list(
        ApprovalRequest.objects.select_related(
            "agent", "decision__person", "decision__policy_version__policy", "decision__recall__person"
        )
        .filter(team_id=request.team_id, tool=request.tool)
        .filter(closed_at__isnull=False)
        .exclude(pk=request.pk)
        .order_by("-closed_at")[:PRECEDENTS]
    )
    counts: dict[str, int] = {}
    for earlier in latest:
        word = earlier.outcome or earlier.state
        counts[word] = counts.get(word, 0) + 1
    # What went wrong before is worth more than what passed.
    latest.sort(key=lambda earlier: earlier.outcome == "approved")
    listed = [
        (earlier, closing) for earlier in latest[:LISTED] if (closing := closing_of(earlier)) is not None
    ]
    return Precedents(tuple(counts.items()), len(latest), tuple(listed))
