"""What the decision bar asks, and the page around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from inbox.errors import Refused
from inbox.selectors import request_page
from inbox.selectors.after import after, open_step
from inbox.selectors.beside import beside, choices, others
from inbox.selectors.compensation import compensates
from inbox.selectors.read_back import ReadBack
from inbox.selectors.request_page import RequestPage
from inbox.selectors.saying.draft import Draft, Panel
from inbox.selectors.saying.panels import at_rest, opens, panel_of
from inbox.selectors.verbs import verbs_of
from inbox.services.rehearse import Foreseen
from inbox.services.snooze import PRESETS, preset_time
from inbox.views.context import TeamRequest
from inbox.views.keys import REQUEST_KEYS

# What a form carries for itself; everything else that was posted belongs to the panel.
OWN = frozenset(
    {
        "csrfmiddlewaretoken",
        "digest",
        "idempotency_key",
        "stage",
        "op",
        "step",
        "action",
        "message",
        "read_back",
        "over_claim",
        "verdict",
    }
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a filled-in form comes to, shown before it is recorded, and the fields it carries along."""

    draft: Draft
    foreseen: Foreseen
    asked: ReadBack | None
    carried: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """What the decision bar asks: "" the verbs, "approve" the consequence, "reject" the reason, else one of the forms.

    `refused` is why the last press recorded nothing; `message`, `preset` and `typed` are what was typed then. `over`:
    though somebody else works on it.
    """

    step: str = ""
    message: str = ""
    preset: str = ""
    refused: Refused | None = None
    action: str = ""
    panel: Panel | None = None
    preview: Preview | None = None
    over: bool = False
    typed: Mapping[str, Any] = field(default_factory=dict)


def read(request: TeamRequest, request_id: UUID) -> RequestPage:
    """The page's content: `?part=` of a long payload, `?raw=1` for the exact JSON."""
    wanted = request.GET.get("part", "1")
    part = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 7 else 1
    return request_page.read(request.turn, request_id, part=part, raw=request.GET.get("raw") == "1")


def page(
    request: TeamRequest, request_id: UUID, bar: Bar, status: int = 200, shown: RequestPage | None = None
) -> HttpResponse:
    """The whole page with this bar."""
    shown = shown or read(request, request_id)
    verbs = {verb.name: verb for verb in verbs_of(shown, over_claim=bar.over)}
    panel = bar.panel
    step = bar.step or at_rest(verbs)
    aside = beside(shown, request.member)
    ended = after(shown, request.member)
    quiet = bar.step if bar.step in aside.steps or (ended and open_step(ended, bar.step)) else ""
    if panel is None and step and opens(shown, verbs, step):
        panel = panel_of(shown, step, bar.action)
    context: dict[str, Any] = {
        "shown": shown,
        "item": shown.request,
        "page_keys": REQUEST_KEYS,
        "bar": bar,
        "panel": panel,
        "verbs": verbs,
        "parts": opens(shown, verbs, "parts"),
        "lines": opens(shown, verbs, "lines"),
        "beside": aside,
        "after": ended,
        "quiet": quiet,
        "puts_back": compensates(shown.request),
        "tail": _tail(shown, bar),
        "page_path": reverse("request", args=[request.member.team.slug, request_id]),
    }
    if quiet == "snooze":
        context["choices"] = choices(
            shown.request, [(value, words, preset_time(value, shown.now)) for value, words in PRESETS]
        )
        context["others"] = others(shown.request.team_id, shown.request.pk)
    return render(request, "inbox/request.html", context, status=status)


def _tail(shown: RequestPage, bar: Bar) -> str:
    """What every address of the bar goes on saying."""
    said = QueryDict(mutable=True)
    if shown.payload.parts > 1:
        said["part"] = str(shown.payload.part)
    if bar.over:
        said["over"] = "1"
    return f"&{said.urlencode()}" if said else ""
