"""What every page's frame needs, and the door every team page goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from agents.models import Pause
from inbox.errors import Refused
from inbox.models import Member, Team
from inbox.permissions import require_member, teams_of
from inbox.selectors.pauses import paused_mark, pauses_of
from inbox.selectors.queue import head_seq
from inbox.selectors.tallies import Tallies, tallies
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
    tallies: Tallies
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


@dataclass(frozen=True, slots=True)
class Section:
    """A line of the rail as it always is; `pages` are the names of the pages that belong to it."""

    label: str
    icon: str
    name: str
    key: str
    pages: frozenset[str]


SECTIONS: Final = (
    Section("Inbox", "inbox", "queue", "g i", frozenset({"queue", "request", "decide", "why"})),
    Section(
        "Batches",
        "layers",
        "batches",
        "g b",
        frozenset({"batches", "batch_sheet", "batch_decide", "batch_report"}),
    ),
    Section("Agents", "bot", "agents", "g a", frozenset({"agents", "agent", "pauses"})),
    Section("Grants", "timer", "grants", "", frozenset({"grants", "grant", "grant_new"})),
    Section("Audit", "scroll-text", "audit", "g l", frozenset({"audit"})),
    Section(
        "People",
        "users",
        "people",
        "",
        frozenset(
            {"people", "person", "person_invite", "away", "away_of", "rotas", "rota", "rota_new", "domains"}
        ),
    ),
    Section("Tools", "wrench", "tools", "", frozenset({"tools", "tool", "tool_new"})),
    Section(
        "Policy",
        "scale",
        "policy",
        "g p",
        frozenset({"policy", "policy_edit", "policy_rule", "policy_backtest", "policy_enable", "backtest"}),
    ),
)


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

    @property
    def your_turn(self) -> int:
        return tallies_of(cast("TeamRequest", self._request)).your_turn if self.member else 0

    @property
    def unread(self) -> int:
        """How many notifications are unread; 100 stands for more than 99."""
        return tallies_of(cast("TeamRequest", self._request)).unread if self.member else 0

    @cached_property
    def pauses(self) -> list[Pause]:
        """What is paused of this team, for the line over every page."""
        return list(pauses_of(self.member.team)) if self.member else []

    @property
    def paused(self) -> str:
        """Which pauses those are, for an open page to see that they have changed."""
        return paused_mark(self.pauses)

    @cached_property
    def seq(self) -> int:
        """Where the team's stream stands, for pages that list nothing and so have no number of their own."""
        return head_seq(self.member.team_id) if self.member else 0

    @cached_property
    def links(self) -> list[RailLink]:
        if self.member is None:
            return []
        match = self._request.resolver_match
        here = match.url_name if match else ""
        return [
            RailLink(
                label=section.label,
                icon=section.icon,
                url=reverse(section.name, args=[self.member.team.slug]),
                current=here in section.pages,
                key=section.key,
                counts_turns=section.name == "queue",
            )
            for section in SECTIONS
        ]

    @property
    def first_links(self) -> list[RailLink]:
        """The three that stay in the bottom bar of a phone."""
        return self.links[:3]

    @property
    def further_links(self) -> list[RailLink]:
        return self.links[3:]


def tallies_of(request: TeamRequest) -> Tallies:
    """The counts around a page, read when the first is asked for."""
    if not hasattr(request, "tallies"):
        request.tallies = tallies(request.turn)
    return request.tallies


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, the facts around every page."""
    return {"frame": Frame(request)}


def redirect_after_post(request: HttpRequest, url: str) -> HttpResponse:
    """303 for a plain form; for htmx a header, since it would otherwise swap the next page into a part of this one."""
    response = HttpResponse(status=204 if getattr(request, "htmx", False) else 303)
    response["HX-Redirect" if response.status_code == 204 else "Location"] = url
    return response
