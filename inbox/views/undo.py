"""Taking back what is held."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from inbox.errors import NotFound, Refused
from inbox.services.undo import undo as take_back
from inbox.services.undo import undo_batch
from inbox.views.bar import Bar, page
from inbox.views.context import TeamRequest, team_page
from inbox.views.request import row


@require_POST
@team_page
def undo(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """Undo one held decision, from its page, its row or the stack of one's own."""
    place = request.POST.get("from", "")
    try:
        undone = take_back(person=request.user, team=request.member.team, request_id=request_id)
    except NotFound:
        raise
    except Refused as refused:
        if place == "list" and request.htmx:
            return row(request, request_id, refused)
        if place in ("list", "stack"):
            messages.error(request, refused.detail)
            return redirect("queue", request.member.team.slug)
        return page(request, request_id, Bar(refused=refused), refused.status)
    if place == "list" and request.htmx:
        return row(request, request_id)
    if place in ("list", "stack"):
        messages.success(request, f"Undone. It waits again: {undone.sentence}")
        return redirect("queue", request.member.team.slug)
    if request.htmx:
        return page(request, request_id, Bar())
    return redirect("request", request.member.team.slug, request_id)


@require_POST
@team_page
def batch_undo(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    """Undo everything of one's own batch that is still held."""
    undone = undo_batch(person=request.user, batch_id=batch_id)
    count = len(undone.requests)
    if count:
        messages.success(request, f"{count:,} undone: {'it waits' if count == 1 else 'they wait'} again.")
    else:
        messages.error(request, "Nothing was undone: all of it was released, or undone before.")
    return redirect("batch_report", request.member.team.slug, batch_id)
