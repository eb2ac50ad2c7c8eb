"""What changed in a team since a number of its stream, for pages that are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, AuditEvent
from inbox.policy.words import Risk
from inbox.selectors.endings import closing_of
from inbox.selectors.holds import held_of
from inbox.selectors.queue import View, head_seq, your_turn_count
from inbox.selectors.snoozes import asides
from inbox.selectors.turn import Turn

# Beyond this many events a page is not patched but read again.
MOST_EVENTS: Final = 500
# What may make a request somebody's turn, or a view's, whose list did not show it before.
_COMES: Final = frozenset(
    {"requested", "undone", "answered", "revised", "edited", "escalated", "rejudged", "overdue"}
)
# What an open request's page says of what happened meanwhile; of anything else nothing that its reader must know.
_WHAT: Final = {
    "voted": "Someone voted while you read",
    "edited": "Someone edited this while you read",
    "questioned": "Someone asked the agent while you read",
    "sent_back": "Someone sent this back while you read",
    "answered": "The agent answered while you read",
    "revised": "The agent sent another draft while you read",
    "held": "This was decided while you read, and is held",
    "undone": "The decision was undone while you read",
    "claimed": "Someone claimed this while you read",
    "delegated": "Someone passed this on while you read",
    "assigned": "This became somebody else’s first while you read",
    "escalated": "This needs further people now",
    "rejudged": "The policy asks more of this now",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that closed: what its row says from now on."""

    id: UUID
    text: str
    at: datetime
    tone: str


@dataclass(frozen=True, slots=True)
class Voted:
    """A request that still waits, with what its row shows now, or one that is held, with what its row says of that.

    `what` is for its own page: what happened, "" where that matters to nobody else. `sentence` is what it reads now
    where it was edited or drafted anew, else "".
    """

    id: UUID
    needs: str
    whose: str
    because: str
    what: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """`resync` asks the page to be read again: too much changed, or the stream is behind what the page has seen."""

    seq: int
    resync: bool
    turn: int
    new: tuple[UUID, ...] = ()
    grave: tuple[UUID, ...] = ()
    ended: tuple[Ended, ...] = ()
    voted: tuple[Voted, ...] = ()


def changes_since(turn: Turn, since: int, view: View) -> Changes:
    """What happened to this team's requests after `since`, up to the present head.

    `new` are requests that were asked since or came back (undone, answered, revised, escalated, no longer put aside by
    this member), still wait and belong to the view, and in the view of what is assigned to the member also those that
    became theirs; a list that shows one already is to pass it over. `grave` are those that are high or worse.
    """
    team_id = turn.member.team_id
    head = head_seq(team_id)
    count = your_turn_count(turn)
    if since > head:
        return Changes(head, True, count)
    events = list(
        AuditEvent.objects.filter(team_id=team_id, seq__gt=since, seq__lte=head, request__isnull=False)
        .order_by("seq")
        .values_list("request_id", "verb")[: MOST_EVENTS + 1]
    )
    if len(events) > MOST_EVENTS:
        return Changes(head, True, count)
    touched = ApprovalRequest.objects.select_related(
        "agent",
        "assignee__user",
        "decision__person",
        "decision__policy_version__policy",
        "decision__recall__person",
    ).in_bulk({request_id for request_id, _ in events if request_id})
    standings = turn.standings(
        request for request in touched.values() if request.state == State.PENDING.value
    )
    asked = {request_id for request_id, verb in events if verb == "requested"}
    back = {request_id for request_id, verb in events if verb == "snooze_ended"}
    came = {request_id for request_id, verb in events if verb in _COMES}
    aside = asides(turn.member.pk, list(touched.values())) if touched else {}
    came -= {pk for pk, one in aside.items() if one.until}
    came |= {pk for pk, one in aside.items() if one.back and pk in back}
    me = turn.member.pk
    if view is View.MINE:
        new = [pk for pk in standings if touched[pk].assignee_id == me]
    else:
        new = [pk for pk, standing in standings.items() if pk in came and _belongs(view, standing.turn)]
    ended = [
        Ended(request.pk, closing.text, closing.at, closing.tone)
        for request in touched.values()
        if (closing := closing_of(request)) is not None
    ]
    # A held one is not over: its row says how it stands, and says so again when it is undone.
    held = held_of(turn.member, touched.values())
    what = {pk: _WHAT[verb] for pk, verb in events if verb in _WHAT}
    anew = {pk for pk, verb in events if verb in ("edited", "revised")}
    voted = [
        Voted(
            pk,
            standing.line,
            whose(touched[pk], me),
            touched[pk].assigned_because,
            what.get(pk, ""),
            touched[pk].sentence if pk in anew else "",
        )
        for pk, standing in standings.items()
        if pk not in asked
    ]
    return Changes(
        seq=head,
        resync=False,
        turn=count,
        new=tuple(new),
        grave=tuple(pk for pk in new if Risk(touched[pk].risk).rank >= Risk.HIGH.rank),
        ended=tuple(ended),
        voted=(*voted, *(Voted(pk, one.text, "", "", what.get(pk, "")) for pk, one in held.items())),
    )


def whose(request: ApprovalRequest, member_id: UUID) -> str:
    """Whose a request is first, for a row: "you", a name, or nothing."""
    if request.assignee is None:
        return ""
    return "you" if request.assignee_id == member_id else request.assignee.user.get_username()


def _belongs(view: View, turn: bool) -> bool:
    others = view is View.WAITING and not turn
    return others or view is View.ALL or (view is View.TURN and turn)
