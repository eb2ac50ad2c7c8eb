"""Grants: making one from a request, looking at them, ending one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.errors import Conflict, NotAllowed, NotFound, Refused
from inbox.forms.grant import GrantForm
from inbox.lifecycle import State
from inbox.models import ApprovalRequest
from inbox.policy import grants as rules
from inbox.policy.words import Risk
from inbox.selectors import request_page
from inbox.selectors.grants import facts_of_request, grant_of, grants_of, passed_by, preview
from inbox.services.grants import Wish, make_grant, revoke_grant
from inbox.views.context import TeamRequest, redirect_after_post, team_page

KEY_LENGTH = 200


@require_GET
@team_page
def grants(request: TeamRequest) -> HttpResponse:
    """What may pass for a while, and what might until lately."""
    return render(request, "inbox/grants.html", {"rows": grants_of(request.member.team_id)})


@require_GET
@never_cache
@team_page
def grant(request: TeamRequest, grant_id: UUID) -> HttpResponse:
    """One grant, and what passed by it."""
    row = grant_of(request.member.team_id, grant_id)
    if row is None:
        raise NotFound()
    may_end = row.live and (request.member.is_admin or row.grant.granted_by_id == request.member.user_id)
    context = {"row": row, "uses": passed_by(row.grant), "may_end": may_end}
    return render(request, "inbox/grant.html", context)


@require_POST
@team_page
def grant_revoke(request: TeamRequest, grant_id: UUID) -> HttpResponse:
    """End a grant: what is asked after this answer does not pass by it."""
    revoke_grant(member=request.member, grant_id=grant_id)
    messages.success(request, "Ended. Nothing passes by this grant any more.")
    return redirect_after_post(request, reverse("grant", args=[request.member.team.slug, grant_id]))


@require_http_methods(["GET", "POST"])
@never_cache
@team_page
def grant_new(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """A grant from a waiting request: narrowest at first, tried on what waits and what was, then made.

    The button `preview` makes nothing.
    """
    found = request_page.find(request.turn, request_id)
    facts, schemas = facts_of_request(found)
    key = request.GET.get("action") or next(iter(facts))
    if len(key) > KEY_LENGTH or key not in facts:
        raise NotFound()
    if found.state != State.PENDING.value:
        raise Conflict(
            "already-decided", "This request is no longer waiting: a grant is made from one that is."
        )
    why = (
        "a rule blocks it"
        if found.blocked
        else rules.above_ceiling(Risk(found.risk), [facts[key]], [schemas[key]])
    )
    if why is not None:
        raise NotAllowed("above-ceiling", f"No grant covers this: {why}. Such calls are decided each time.")
    args = facts[key].args
    form = GrantForm(args, initial={"digest": found.digest})
    status = 200
    if request.method == "POST":
        form = GrantForm(args, request.POST)
        if form.is_valid() and "preview" not in request.POST:
            try:
                made = make_grant(member=request.member, wish=_wish(found, key, form))
            except NotFound:
                raise
            except Refused as refused:
                form.refuse(refused)
                status = refused.status
            else:
                messages.success(
                    request, "Granted. This request still waits: approve it too if it shall pass."
                )
                return redirect_after_post(
                    request, reverse("grant", args=[request.member.team.slug, made.pk])
                )
        elif form.errors:
            status = 422
    context = {
        "item": found,
        "key": key,
        "tool": facts[key].name,
        "form": form,
        "matches": _matches(found, form, facts[key].name, rules.schema_digest(schemas[key])),
        "several": len(facts) > 1,
    }
    return render(request, "inbox/grant_new.html", context, status=status)


def _wish(found: ApprovalRequest, key: str, form: GrantForm) -> Wish:
    return Wish(
        request_id=found.pk,
        digest=form.cleaned_data["digest"],
        key=key,
        pattern=form.pattern,
        lifetime=form.span,
        this_run=form.cleaned_data["this_run"],
        max_uses=form.cleaned_data["max_uses"],
    )


def _matches(found: ApprovalRequest, form: GrantForm, tool: str, schema: str) -> object:
    """What the grant would match as the form stands; nothing while the form makes no sense."""
    if form.is_bound and form.errors:
        return None
    pattern = form.pattern if form.is_bound else rules.narrowest(form.args)
    wrong = rules.mistakes(pattern, form.args)
    for mistake in wrong:
        place = list(form.args).index(mistake.argument) if mistake.argument else None
        name = (
            None if place is None else f"value_{place}" if f"value_{place}" in form.fields else f"op_{place}"
        )
        form.add_error(name, mistake.text)
    if wrong:
        return None
    this_run = form.cleaned_data["this_run"] if form.is_bound else True
    return preview(found, tool=tool, schema=schema, pattern=pattern, thread=found.thread if this_run else "")
