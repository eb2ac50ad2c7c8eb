"""Where a page goes after a change that may have been proposed instead of made."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from inbox.models import ChangeRequest
from inbox.views.context import TeamRequest, redirect_after_post


def after_change(request: TeamRequest, change: ChangeRequest | None, url: str) -> HttpResponse:
    """To `url` when it was made, to the request in the inbox when another admin must approve it; with a word on why."""
    if change is None:
        return redirect_after_post(request, url)
    if change.request_id is None:
        messages.warning(
            request,
            "In effect. It loosens what is asked, and there is no second admin who could have approved it. The log says so.",
        )
        return redirect_after_post(request, url)
    messages.info(
        request,
        "Proposed. It loosens what is asked, so another admin decides it in the inbox. Nothing changed yet.",
    )
    return redirect_after_post(
        request, reverse("request", args=[request.member.team.slug, change.request_id])
    )
