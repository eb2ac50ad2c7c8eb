"""The policy: what is in force, in sentences; its versions; what changed between two."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inbox.errors import NotFound
from inbox.selectors.policy_versions import policy_page
from inbox.views.context import TeamRequest, team_page


@require_GET
@team_page
def policy(request: TeamRequest) -> HttpResponse:
    """One version (`version`, by default the one in force), with its difference from another (`against`)."""
    page = policy_page(
        request.member.team_id,
        number=_version(request.GET.get("version")),
        against=_version(request.GET.get("against")),
    )
    if page is None:
        raise NotFound()
    return render(request, "inbox/policy.html", {"page": page})


def _version(text: str | None) -> int | None:
    """A version's number; None when none was asked for. Raises NotFound for what is no number."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 9):
        raise NotFound()
    return int(text)
