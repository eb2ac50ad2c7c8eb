"""What admins do with a version that is not in force: try it on history, run it in shadow, enable it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inbox.errors import NotFound
from inbox.selectors.policy_trials import LISTED, backtest_page
from inbox.services.backtests import start_backtest
from inbox.services.drafts import enable
from inbox.services.shadow import start_shadow, stop_shadow
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.policy import version_number


@require_POST
@team_page
def policy_backtest(request: TeamRequest, number: int) -> HttpResponse:
    """Begin to try a version on history; its page shows how far it is."""
    start_backtest(admin=request.member, number=number)
    return redirect_after_post(request, version_url(request, number) + "#try")


@require_GET
@team_page
def backtest(request: TeamRequest, backtest_id: UUID) -> HttpResponse:
    """Everything a back-test found, the worst first, a hundred at a time."""
    after = version_number(request.GET.get("after")) or 0
    page = backtest_page(request.member.team_id, backtest_id, after=after)
    if page is None:
        raise NotFound()
    more = after + LISTED if after + LISTED < page.found else None
    return render(request, "inbox/policy_backtest.html", {"trial": page, "after": after, "more": more})


@require_POST
@team_page
def policy_shadow(request: TeamRequest, number: int) -> HttpResponse:
    """Run a version in shadow, or end that (`stop`)."""
    if request.POST.get("stop"):
        stop_shadow(admin=request.member)
    else:
        start_shadow(admin=request.member, number=number)
    return redirect_after_post(request, version_url(request, number) + "#shadow")


@require_POST
@team_page
def policy_enable(request: TeamRequest, number: int) -> HttpResponse:
    """Put a version in force, or propose it to the other admins where it loosens."""
    enabled = enable(admin=request.member, number=number)
    if enabled.activation is None and enabled.change is not None and enabled.change.request_id:
        messages.info(
            request,
            "Proposed. It loosens what is asked, so another admin decides it in the inbox. Nothing changed yet.",
        )
        return redirect_after_post(
            request, reverse("request", args=[request.member.team.slug, enabled.change.request_id])
        )
    messages.success(request, f"Version {number} is in force.")
    return redirect_after_post(request, reverse("policy", args=[request.member.team.slug]))


def version_url(request: TeamRequest, number: int) -> str:
    """The page of one version."""
    return f"{reverse('policy', args=[request.member.team.slug])}?version={number}"
