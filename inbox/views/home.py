"""The way in, and what a person prefers."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from inbox.errors import NotFound, Refused
from inbox.forms.decisions import TeamForm
from inbox.permissions import teams_of
from inbox.views.context import KEYS_COOKIE, THEME_COOKIE, THEMES
from inbox.views.errors import refusal

YEAR_SECONDS = 365 * 24 * 3600


@require_safe
@login_required
def first_team(request: HttpRequest) -> HttpResponse:
    """To the inbox of the first team; people in none are told what to do."""
    team = teams_of(request.user).first()
    if team is None:
        return render(request, "inbox/no_team.html")
    return redirect("queue", team.slug)


@require_POST
@login_required
def switch_team(request: HttpRequest) -> HttpResponse:
    """To the inbox of another of one's teams."""
    try:
        slug = TeamForm(request.POST).checked().cleaned_data["team"]
        team = teams_of(request.user).filter(slug=slug).first()
        if team is None:
            raise NotFound()
    except Refused as refused:
        return refusal(request, refused)
    return redirect("queue", team.slug)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme and single keys, kept in cookies of this browser: they say nothing about the person."""
    response = HttpResponseRedirect(_local(request, request.POST.get("next", "")))
    theme, keys = request.POST.get("theme"), request.POST.get("keys")
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    if keys in ("on", "off"):
        _keep(response, KEYS_COOKIE, keys)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _local(request: HttpRequest, url: str) -> str:
    """`url` if it is a page of this site, the start otherwise."""
    allowed = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()})
    return url if allowed and not urlsplit(url).netloc else reverse("home")
