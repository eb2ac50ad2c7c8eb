"""The agents board, one agent's page, and what admins do there: register, switch off, make and revoke tokens."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from agents.models import Agent
from inbox.errors import Invalid, NotFound
from inbox.forms.admin import AgentForm, TokenForm
from inbox.selectors.agent_page import agent_page
from inbox.selectors.agents_board import MOST_AGENTS, board
from inbox.selectors.grants import grants_of
from inbox.services import agents as registry
from inbox.services.governed import request_change
from inbox.services.people import require_admin_of
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.proposals import after_change


@require_http_methods(["GET", "POST"])
@team_page
def agents(request: TeamRequest) -> HttpResponse:
    """Every agent at a glance; admins register another by POST."""
    form = AgentForm()
    if request.method == "POST":
        require_admin_of(request.member)
        form = AgentForm(request.POST)
        if form.is_valid():
            try:
                agent = registry.register_agent(admin=request.member, handle=form.cleaned_data["handle"])
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(
                    request, reverse("agent", args=[request.member.team.slug, agent.pk])
                )
    rows = board(request.member.team_id)
    return render(
        request,
        "inbox/agents.html",
        {"rows": rows, "form": form, "cut_at": MOST_AGENTS if len(rows) == MOST_AGENTS else None},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@team_page
def agent(request: TeamRequest, agent_id: UUID) -> HttpResponse:
    """One agent; a POST by an admin makes a token, whose text is in the answer and nowhere else."""
    form, secret = TokenForm(), ""
    if request.method == "POST":
        require_admin_of(request.member)
        form = TokenForm(request.POST)
        if form.is_valid():
            try:
                _, secret = registry.issue_token(
                    admin=request.member,
                    agent_id=agent_id,
                    name=form.cleaned_data["name"],
                    lifetime=form.lifetime,
                )
            except Invalid as refused:
                form.refuse(refused)
            else:
                form = TokenForm()
    page = agent_page(request.member.team, agent_id)
    if page is None:
        raise NotFound()
    response = render(
        request,
        "inbox/agent.html",
        {
            "page": page,
            "form": form,
            "secret": secret,
            "grants": grants_of(request.member.team_id, agent_id=agent_id, live=True),
        },
        status=422 if form.errors else 200,
    )
    if secret:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@team_page
def agent_enabled(request: TeamRequest, agent_id: UUID) -> HttpResponse:
    """Switch an agent on or off (`enabled` 1 or 0)."""
    registry.set_enabled(admin=request.member, agent_id=agent_id, enabled=request.POST.get("enabled") == "1")
    return redirect_after_post(request, reverse("agent", args=[request.member.team.slug, agent_id]))


@require_POST
@team_page
def agent_environment(request: TeamRequest, agent_id: UUID) -> HttpResponse:
    """Say where an agent acts; another admin approves it, because rules and ceilings go by it."""
    require_admin_of(request.member)
    agent = Agent.objects.filter(pk=agent_id, team_id=request.member.team_id).first()
    if agent is None:
        raise NotFound()
    environment = request.POST.get("environment", "").strip()
    change = request_change(
        kind="environment",
        subject=f"environment of {agent.handle}",
        args={
            "agent_id": str(agent.pk),
            "agent": agent.handle,
            "environment": environment,
            "where": environment or "no environment",
        },
        author=request.member,
    )
    return after_change(request, change, reverse("agent", args=[request.member.team.slug, agent_id]))


@require_POST
@team_page
def token_revoke(request: TeamRequest, agent_id: UUID, token_id: UUID) -> HttpResponse:
    """Revoke one token: it stops working with this answer."""
    registry.revoke_token(admin=request.member, agent_id=agent_id, token_id=token_id)
    return redirect_after_post(request, reverse("agent", args=[request.member.team.slug, agent_id]))
