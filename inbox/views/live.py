"""What an open page asks after a hint: ids and states, with the same rights as the page itself."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.errors import Invalid
from inbox.selectors.changes import changes_since
from inbox.selectors.notifications import unread_count
from inbox.selectors.pauses import paused_mark, pauses_of
from inbox.selectors.queue import View
from inbox.views.context import TeamRequest, team_page


@require_safe
@never_cache
@team_page
def changes(request: TeamRequest) -> HttpResponse:
    """`?since=<seq>&view=<tab>`: JSON of what is new, what ended and how, whose needs or assignee changed, unread, paused."""
    since = request.GET.get("since", "")
    if not (since.isascii() and since.isdecimal() and len(since) < 19):
        raise Invalid("invalid-seq", "since is a whole number from 0 on.")
    view = request.GET.get("view", View.TURN)
    found = changes_since(request.turn, int(since), View(view) if view in set(View) else View.ALL)
    return JsonResponse(
        {
            "seq": found.seq,
            "resync": found.resync,
            "turn": found.turn,
            "paused": paused_mark(pauses_of(request.member.team)),
            "unread": unread_count(request.member, lambda: found.turn),
            "new": [str(pk) for pk in found.new],
            "grave": [str(pk) for pk in found.grave],
            "ended": [
                {"id": str(row.id), "text": row.text, "at": row.at.isoformat(), "tone": row.tone}
                for row in found.ended
            ],
            "voted": [
                {
                    "id": str(row.id),
                    "needs": row.needs,
                    "for": row.whose,
                    "because": row.because,
                    "what": row.what,
                    "sentence": row.sentence,
                }
                for row in found.voted
            ],
        }
    )


@require_safe
@never_cache
@team_page
def paused(request: TeamRequest) -> HttpResponse:
    """The line over every page that says what is paused, by itself."""
    return render(request, "inbox/_paused.html")
