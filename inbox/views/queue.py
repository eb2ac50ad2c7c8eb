"""The inbox and the views beside it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from inbox.policy.words import Lane
from inbox.selectors import queue
from inbox.selectors.filters import parse
from inbox.selectors.holds import stack_of
from inbox.selectors.queue import Listing, View
from inbox.templatetags.placet import capped
from inbox.views.context import TeamRequest, tallies_of, team_page
from inbox.views.keys import INBOX_KEYS

_TABS = (
    (View.TURN, "Your turn"),
    (View.MINE, "Assigned"),
    (View.WAITING, "Waiting"),
    (View.SNOOZED, "Snoozed"),
    (View.DONE, "Done"),
    (View.ALL, "All"),
)


@require_safe
@team_page
def inbox(request: TeamRequest) -> HttpResponse:
    """`?view=` picks the tab, `?lane=` one lane of your turn, `?q=` filters, `?after=` goes on from a page."""
    return _page(request, _listing(request), "Inbox")


@require_safe
@team_page
def batches(request: TeamRequest) -> HttpResponse:
    """Every group of requests alike that waits for this person."""
    chosen = parse(request.GET.get("q", ""))
    return _page(
        request, queue.lane(request.turn, chosen, Lane.BATCH, request.GET.get("after", "")), "Batches"
    )


def _listing(request: TeamRequest) -> Listing:
    chosen = parse(request.GET.get("q", ""))
    after = request.GET.get("after", "")
    view = request.GET.get("view", View.TURN)
    lane = request.GET.get("lane", "")
    if view == View.MINE:
        return queue.mine(request.turn, chosen, after)
    if view == View.WAITING:
        return queue.waiting(request.turn, chosen, after)
    if view == View.SNOOZED:
        return queue.snoozed(request.turn, chosen, after)
    if view == View.DONE:
        return queue.done(request.turn, chosen, after)
    if view == View.ALL:
        return queue.everything(request.turn, chosen, after)
    if lane in set(Lane):
        return queue.lane(request.turn, chosen, Lane(lane), after)
    return queue.front(request.turn, chosen)


def _page(request: TeamRequest, listing: Listing, title: str) -> HttpResponse:
    here = reverse("queue", args=[request.member.team.slug])
    text = listing.filter.text
    aside = tallies_of(request).snoozed
    blocks = [
        (block, _address(here, q=text, after=block.after, **_place(listing.view, block.name)))
        for block in listing.blocks
    ]
    context = {
        "title": title,
        "listing": listing,
        "blocks": blocks,
        "tabs": [
            (
                name,
                _address(here, q=text, **_place(view, "")),
                listing.view is view and title == "Inbox",
                capped(aside) if aside and view is View.SNOOZED else "",
                "Z" if view is View.DONE else "",
            )
            for view, name in _TABS
        ],
        "bare": request.path,
        "page_keys": INBOX_KEYS,
        "stack": stack_of(request.member),
    }
    if request.htmx and request.GET.get("after"):
        # "Load 50 more": the rows of the next page and the button after them, nothing around.
        return render(
            request, "inbox/inbox.html#more", {**context, "block": blocks[0][0], "more": blocks[0][1]}
        )
    return render(request, "inbox/inbox.html", context)


def _place(view: View, lane: str) -> dict[str, str]:
    """The part of an address that names a tab, or a lane of the first one."""
    if view is not View.TURN:
        return {"view": view.value}
    return {"lane": lane} if lane in set(Lane) else {}


def _address(path: str, **words: str) -> str:
    given = {name: word for name, word in words.items() if word}
    return f"{path}?{urlencode(given)}" if given else path
