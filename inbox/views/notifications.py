"""What this member was told, and marking it read."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox.errors import Invalid
from inbox.selectors.notifications import latest
from inbox.selectors.queue import head_seq
from inbox.services.notify import mark_read
from inbox.views.context import TeamRequest, redirect_after_post, team_page


@require_safe
@team_page
def notifications(request: TeamRequest) -> HttpResponse:
    """The latest 50, read and unread."""
    seq = head_seq(request.member.team_id)
    rows = latest(request.member)
    return render(request, "inbox/notifications.html", {"rows": rows, "seq": seq})


@require_POST
@team_page
def read(request: TeamRequest) -> HttpResponse:
    """Mark one read (`id`), or all. What is not this member's is passed over."""
    sent = request.POST.get("id", "")
    try:
        ids = [UUID(sent)] if sent else None
    except ValueError:
        raise Invalid("invalid-id", "Nothing was marked read: that is no notification.") from None
    mark_read(request.member, ids)
    return redirect_after_post(request, reverse("notifications", args=[request.member.team.slug]))
