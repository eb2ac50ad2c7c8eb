"""What a person may do with a waiting request short of deciding it, step by step of the bar's "More"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Member
from inbox.models.change import CHANNEL
from inbox.selectors.claims import Claim, claim_of
from inbox.selectors.request_page import RequestPage
from inbox.selectors.snoozes import before_then, clock
from inbox.selectors.talking import can_answer
from inbox.selectors.who import Candidate

# How many other requests a form offers to wait for: those due first.
OTHERS: Final = 50
TALK: Final = ("ask", "regenerate", "guide")
STEPS: Final = (*TALK, "snooze", "escalate", "pass_on")


@dataclass(frozen=True, slots=True)
class Beside:
    """The steps that are open to one person, and how its claim stands.

    `people` may be passed on to; `mine` is this person's own live claim, `theirs` somebody else's; `claimable`: nobody
    works on it, this person may, and has not voted.
    """

    steps: frozenset[str]
    people: tuple[Candidate, ...]
    mine: Claim | None
    theirs: Claim | None
    claimable: bool

    @property
    def any(self) -> bool:
        return bool(self.steps or self.mine or self.claimable)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to put a request aside: `when` it would come back, and what silence does before then."""

    value: str
    words: str
    when: str = ""
    warning: str = ""


def beside(page: RequestPage, member: Member) -> Beside:
    """What is open now; nothing on a request that no longer waits. The services ask again under their locks."""
    request, standing = page.request, page.standing
    if request.state != State.PENDING.value or standing is None:
        return Beside(frozenset(), (), None, None, claimable=False)
    may = standing.may.may
    steps = {"snooze", "escalate"}
    if (may or standing.voted) and request.channel != CHANNEL:
        steps.add("guide")
        if can_answer(request):
            steps |= {"ask", "regenerate"}
    found = page.who.may if page.who is not None else ()
    people = tuple(one for one in found if one.member_id not in (member.pk, request.assignee_id))
    if people and (may or member.is_admin or request.assignee_id == member.pk):
        steps.add("pass_on")
    claim = claim_of(request, page.now)
    mine = claim if request.claimed_by_id == member.pk else None
    return Beside(
        frozenset(steps),
        people,
        mine,
        None if mine else claim,
        claimable=may and not standing.voted and claim is None,
    )


def choices(request: ApprovalRequest, times: Sequence[tuple[str, str, datetime]]) -> list[Choice]:
    """The ways this request can be put aside; `times` are those that name one: value, words, moment."""
    found = [
        Choice(value, words, clock(moment), before_then(request, moment)) for value, words, moment in times
    ]
    unless = before_then(request, None)
    if request.asked_agent_at is not None:
        found.append(Choice("reply", f"Until {request.agent.handle} replies", "", unless))
    found.append(Choice("decided", "Until another is decided", "", unless))
    if request.group_id is not None:
        found.append(Choice("alike", "Until so many alike wait", "", unless))
    return found


def others(team_id: UUID, request_id: UUID) -> list[ApprovalRequest]:
    """Other waiting requests of the team, those due first."""
    waiting = ApprovalRequest.objects.filter(team_id=team_id, state=State.PENDING.value)
    return list(waiting.exclude(pk=request_id).order_by("expires_at", "id")[:OTHERS])
