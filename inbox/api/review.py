"""What people read over the API: the inbox's lists and one request, through the pages' own selectors."""

from __future__ import annotations

import sys
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router

from inbox.api.callers import PROBLEMS, PersonBearer, person_of, team_named
from inbox.api.schemas.listings import GroupSheetOut, InboxOut
from inbox.api.schemas.review import ReviewOut
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import RequestGroup
from inbox.permissions import require_member, teams_of, visible_to
from inbox.policy.words import Lane
from inbox.selectors import queue, request_page
from inbox.selectors.filters import Filter, parse
from inbox.selectors.groups import open_sheet
from inbox.selectors.queue import View
from inbox.selectors.turn import Turn

reviews = Router(auth=PersonBearer(), tags=["people"])


@reviews.get("/inbox", response={200: InboxOut, **PROBLEMS}, summary="List what waits, or what was decided")
def inbox(
    request: HttpRequest,
    view: View = View.TURN,
    lane: Lane | None = None,
    q: str = "",
    cursor: str = "",
    team: str | None = None,
) -> InboxOut:
    """The tabs of the inbox. `turn` without `lane` is the top of every lane; its `next` cursors go on with their `lane`."""
    turn, chosen = _turn(request, team), _filter(q)
    if view is View.WAITING:
        return InboxOut.of(queue.waiting(turn, chosen, cursor))
    if view is View.SNOOZED:
        return InboxOut.of(queue.snoozed(turn, chosen, cursor))
    if view is View.DONE:
        return InboxOut.of(queue.done(turn, chosen, cursor))
    if view is View.ALL:
        return InboxOut.of(queue.everything(turn, chosen, cursor))
    if lane is not None:
        return InboxOut.of(queue.lane(turn, chosen, lane, cursor))
    if cursor:
        raise Invalid(
            "lane-required",
            "A cursor goes on with one lane: name it.",
            errors=[FieldError("/lane", "missing")],
        )
    return InboxOut.of(queue.front(turn, chosen))


@reviews.get(
    "/inbox/groups", response={200: InboxOut, **PROBLEMS}, summary="List groups that may be decided as one"
)
def groups(request: HttpRequest, q: str = "", cursor: str = "", team: str | None = None) -> InboxOut:
    """Every group in which something waits for the caller, largest first: the Batches lane."""
    return InboxOut.of(queue.lane(_turn(request, team), _filter(q), Lane.BATCH, cursor))


@reviews.get(
    "/inbox/groups/{group_id}", response={200: GroupSheetOut, **PROBLEMS}, summary="List a group's requests"
)
def group(request: HttpRequest, group_id: UUID, cursor: UUID | None = None) -> GroupSheetOut:
    """Fifty at a time, each with the digest that a batch decides on."""
    person = person_of(request)
    found = (
        RequestGroup.objects.select_related("agent", "team")
        .filter(team__in=teams_of(person), pk=group_id)
        .first()
    )
    if found is None:
        raise NotFound()
    turn = Turn(require_member(person, found.team.slug))
    return GroupSheetOut.of(open_sheet(turn, found, after=cursor))


@reviews.get(
    "/requests/{request_id}/review",
    response={200: ReviewOut, **PROBLEMS},
    summary="Read a request as its page shows it",
)
def review(request: HttpRequest, request_id: UUID) -> ReviewOut:
    """Everything a person needs to decide: the whole payload, the risk, the rights, the agent's case, the past."""
    person = person_of(request)
    slug = visible_to(person).filter(pk=request_id).values_list("team__slug", flat=True).first()
    if slug is None:
        raise NotFound()
    turn = Turn(require_member(person, slug))
    # A program does not scroll, nor go on to the next: all of the payload comes at once, and no neighbours.
    page = request_page.read(turn, request_id, lines=sys.maxsize, around=False)
    page.request.team = turn.member.team
    return ReviewOut.of(page, url=f"{settings.PLACET_ORIGIN}/t/{slug}/r/{request_id}")


def _turn(request: HttpRequest, slug: str | None) -> Turn:
    person = person_of(request)
    return Turn(require_member(person, team_named(person, slug).slug))


def _filter(line: str) -> Filter:
    chosen = parse(line)
    if chosen.problems:
        raise Invalid(
            "invalid-filter",
            chosen.problems[0],
            errors=[FieldError("/q", "invalid-filter", problem) for problem in chosen.problems],
        )
    return chosen
