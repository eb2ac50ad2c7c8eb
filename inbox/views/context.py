"""What every page's frame needs, and the door every team page goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django_htmx.middleware import HtmxDetails

from inbox.errors import Refused
from inbox.models import Member, Team
from inbox.permissions import require_member, teams_of
from inbox.selectors.queue import your_turn_count
from inbox.selectors.turn import Turn
from inbox.views.errors import refusal

P = ParamSpec("P")

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "placet_theme"
KEYS_COOKIE: Final = "placet_keys"


class TeamRequest(HttpRequest):
    """A request that passed `team_page`: who asks, in which team."""

    member: Member
    turn: Turn
    user: User
    htmx: HtmxDetails


def team_page(
    view: Callable[Concatenate[TeamRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Lets active members of the team named by `slug` in; sends the anonymous to sign in; strangers get 404.

    What the services refuse becomes a page with the refusal's status.
    """

    @wraps(view)
    def guarded(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            known = cast("TeamRequest", request)
            known.member = require_member(request.user, slug)
            known.turn = Turn(known.member)
            return view(known, *args, **kwargs)
        except Refused as refused:
            return refusal(request, refused)

    return guarded


@dataclass(frozen=True, slots=True)
class RailLink:
    """One line of the left rail."""

    label: str
    icon: str
    url: str
    current: bool
    key: str
    counts_turns: bool = False


@lru_cache(maxsize=1)
def _pages() -> tuple[tuple[str, str, str, str], ...]:
    """(label, icon, url name, key) of the pages that exist."""
    wanted = (
        ("Inbox", "inbox", "queue", "g i"),
        ("Batches", "layers", "batches", "g b"),
        ("Agents", "bot", "agents", "g a"),
        ("Audit", "scroll-text", "audit", "g l"),
        ("People", "users", "people", ""),
        ("Tools", "wrench", "tools", ""),
        ("Policy", "scale", "policy", "g p"),
    )
    found = []
    for label, icon, name, key in wanted:
        try:
            reverse(name, args=["any"])
        except NoReverseMatch:
            continue
        found.append((label, icon, name, key))
    return tuple(found)


class Frame:
    """The frame's facts, each read only if a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def member(self) -> Member | None:
        return getattr(self._request, "member", None)

    @property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get(THEME_COOKIE, "system")
        return chosen if chosen in THEMES else "system"

    @property
    def themes(self) -> tuple[tuple[str, str], ...]:
        return (("system", "monitor"), ("light", "sun"), ("dark", "moon"))

    @property
    def keys(self) -> str:
        return "off" if self._request.COOKIES.get(KEYS_COOKIE) == "off" else "on"

    @cached_property
    def teams(self) -> list[Team]:
        return list(teams_of(self._request.user))

    @cached_property
    def your_turn(self) -> int:
        turn: Turn | None = getattr(self._request, "turn", None)
        return your_turn_count(turn) if turn else 0

    @cached_property
    def links(self) -> list[RailLink]:
        if self.member is None:
            return []
        match = self._request.resolver_match
        here = match.url_name if match else ""
        return [
            RailLink(
                label=label,
                icon=icon,
                url=reverse(name, args=[self.member.team.slug]),
                current=here == name,
                key=key,
                counts_turns=name == "queue",
            )
            for label, icon, name, key in _pages()
        ]

    @property
    def first_links(self) -> list[RailLink]:
        """The three that stay in the bottom bar of a phone."""
        return self.links[:3]

    @property
    def further_links(self) -> list[RailLink]:
        return self.links[3:]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, the facts around every page."""
    return {"frame": Frame(request)}


def redirect_after_post(request: HttpRequest, url: str) -> HttpResponse:
    """303 for a plain form; for htmx a header, since it would otherwise swap the next page into a part of this one."""
    response = HttpResponse(status=204 if getattr(request, "htmx", False) else 303)
    response["HX-Redirect" if response.status_code == 204 else "Location"] = url
    return response
