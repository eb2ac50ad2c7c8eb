"""The pages. Names are the ones the rail, redirects and templates use."""

from __future__ import annotations

from django.urls import path

from inbox.views import (
    agents,
    audit,
    batch,
    grants,
    home,
    live,
    people,
    policy,
    queue,
    request,
    sign_in,
    tools,
)

urlpatterns = [
    path("", home.first_team, name="home"),
    path("preferences", home.preferences, name="preferences"),
    path("switch-team", home.switch_team, name="switch_team"),
    path("sign-in", sign_in.sign_in, name="sign_in"),
    # the names allauth looks for
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("inactive", sign_in.inactive, name="account_inactive"),
    path("sign-in/<str:token>", sign_in.single_use_link, name="sign_in_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("t/<slug:slug>/", queue.inbox, name="queue"),
    path("t/<slug:slug>/batches", queue.batches, name="batches"),
    path("t/<slug:slug>/changes", live.changes, name="changes"),
    path("t/<slug:slug>/r/<uuid:request_id>", request.page, name="request"),
    path("t/<slug:slug>/r/<uuid:request_id>/decide", request.decide, name="decide"),
    path("t/<slug:slug>/r/<uuid:request_id>/why", request.why, name="why"),
    path("t/<slug:slug>/r/<uuid:request_id>/grant", grants.grant_new, name="grant_new"),
    path("t/<slug:slug>/grants", grants.grants, name="grants"),
    path("t/<slug:slug>/grants/<uuid:grant_id>", grants.grant, name="grant"),
    path("t/<slug:slug>/grants/<uuid:grant_id>/revoke", grants.grant_revoke, name="grant_revoke"),
    path("t/<slug:slug>/g/<uuid:group_id>", batch.sheet, name="batch_sheet"),
    path("t/<slug:slug>/g/<uuid:group_id>/arrivals", batch.arrived, name="batch_arrivals"),
    path("t/<slug:slug>/g/<uuid:group_id>/decide", batch.decide, name="batch_decide"),
    path("t/<slug:slug>/b/<uuid:batch_id>", batch.report, name="batch_report"),
    path("t/<slug:slug>/agents", agents.agents, name="agents"),
    path("t/<slug:slug>/agents/<uuid:agent_id>", agents.agent, name="agent"),
    path("t/<slug:slug>/agents/<uuid:agent_id>/enabled", agents.agent_enabled, name="agent_enabled"),
    path(
        "t/<slug:slug>/agents/<uuid:agent_id>/tokens/<uuid:token_id>/revoke",
        agents.token_revoke,
        name="token_revoke",
    ),
    path("t/<slug:slug>/audit", audit.audit, name="audit"),
    path("t/<slug:slug>/audit/export.jsonl", audit.audit_export, {"form": "jsonl"}, name="audit_jsonl"),
    path("t/<slug:slug>/audit/export.csv", audit.audit_export, {"form": "csv"}, name="audit_csv"),
    path("t/<slug:slug>/people", people.people, name="people"),
    path("t/<slug:slug>/people/invite", people.person_invite, name="person_invite"),
    path("t/<slug:slug>/people/tiers", people.tier_add, name="tier_add"),
    path("t/<slug:slug>/people/tiers/<uuid:tier_id>/move", people.tier_move, name="tier_move"),
    path("t/<slug:slug>/people/ladder", people.ladder_save, name="ladder_save"),
    path("t/<slug:slug>/people/<uuid:member_id>", people.person, name="person"),
    path("t/<slug:slug>/tools", tools.tools, name="tools"),
    path("t/<slug:slug>/tools/new", tools.tool_new, name="tool_new"),
    path("t/<slug:slug>/tools/preview", tools.tool_preview, name="tool_preview"),
    path("t/<slug:slug>/tools/<uuid:tool_id>", tools.tool, name="tool"),
    path("t/<slug:slug>/policy", policy.policy, name="policy"),
]
