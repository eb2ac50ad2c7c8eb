"""What is paused; pausing an agent, a tool or the whole team, and ending a pause."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from agents.models import Agent
from inbox.errors import Invalid, NotFound
from inbox.forms.pauses import PauseForm, ResumeForm
from inbox.selectors.pauses import agents_of, pause_of, pause_on, pauses_of
from inbox.services import pauses as stops
from inbox.services.people import require_admin_of
from inbox.views.context import TeamRequest, redirect_after_post, team_page

TOOL_LENGTH = 200


@dataclass(frozen=True, slots=True)
class What:
    """What is to be paused: an agent, a tool by its name, or with neither the team."""

    agent: Agent | None = None
    tool: str = ""

    @property
    def team(self) -> bool:
        return self.agent is None and not self.tool


@require_http_methods(["GET", "POST"])
@team_page
def pauses(request: TeamRequest) -> HttpResponse:
    """What is paused now. `agent`, `tool` or `team=1` opens the form that pauses it; admins send it."""
    member = request.member
    what = _what(request, request.GET if request.method == "GET" else request.POST)
    agents = agents_of(member.team) if what and what.team else None
    form = PauseForm(stops=agents)
    if request.method == "POST":
        require_admin_of(member)
        if what is None:
            raise Invalid("one-thing", "Nothing was paused. Say what: an agent, a tool, or the team.")
        form = PauseForm(request.POST, stops=agents)
        if form.is_valid():
            try:
                stops.pause(
                    person=request.user,
                    team=member.team,
                    agent_id=what.agent.pk if what.agent else None,
                    tool=what.tool,
                    reason=form.cleaned_data["reason"],
                )
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(request, reverse("pauses", args=[member.team.slug]))
    rows = list(pauses_of(member.team))
    same = None
    if what is not None and member.is_admin:
        same = pause_on(rows, agent=what.agent.pk if what.agent else None, tool=what.tool)
    return render(
        request,
        "inbox/pauses.html",
        {
            "rows": rows,
            "already": same,
            "what": what if member.is_admin else None,
            "form": form,
            "agents": agents,
        },
        status=422 if form.errors else 200,
    )


@require_POST
@team_page
def resume(request: TeamRequest, pause_id: UUID) -> HttpResponse:
    """End a pause that holds something of this team."""
    team = request.member.team
    if pause_of(team, pause_id) is None:
        raise NotFound()
    form = ResumeForm(request.POST)
    if not form.is_valid():
        raise Invalid("reason-too-long", "Nothing was resumed. The reason is over 500 characters.")
    stops.resume(person=request.user, pause_id=pause_id, note=form.cleaned_data["reason"].strip())
    messages.success(request, "Resumed. What no other pause holds is released within seconds.")
    return redirect_after_post(request, reverse("pauses", args=[team.slug]))


def _what(request: TeamRequest, sent: QueryDict) -> What | None:
    agent_id, tool = sent.get("agent", ""), sent.get("tool", "").strip()
    if agent_id:
        try:
            wanted = UUID(agent_id)
        except ValueError:
            raise NotFound() from None
        agent = Agent.objects.filter(pk=wanted, team_id=request.member.team_id, built_in=False).first()
        if agent is None:
            raise NotFound()
        return What(agent=agent)
    if tool:
        if len(tool) > TOOL_LENGTH or "\x00" in tool:
            raise NotFound()
        return What(tool=tool)
    return What() if sent.get("team") == "1" else None
