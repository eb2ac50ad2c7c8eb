"""The pages. Names are the ones the rail, redirects and templates use."""

from __future__ import annotations

from django.urls import path

from inbox.views import home, live, queue, request, sign_in

urlpatterns = [
    path("", home.first_team, name="home"),
    path("preferences", home.preferences, name="preferences"),
    path("switch-team", home.switch_team, name="switch_team"),
    path("sign-in", sign_in.sign_in, name="sign_in"),
    # allauth's own name for it
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("sign-in/<str:token>", sign_in.single_use_link, name="sign_in_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("t/<slug:slug>/", queue.inbox, name="queue"),
    path("t/<slug:slug>/batches", queue.batches, name="batches"),
    path("t/<slug:slug>/changes", live.changes, name="changes"),
    path("t/<slug:slug>/r/<uuid:request_id>", request.page, name="request"),
    path("t/<slug:slug>/r/<uuid:request_id>/decide", request.decide, name="decide"),
    path("t/<slug:slug>/r/<uuid:request_id>/why", request.why, name="why"),
]
