"""Being away: everybody says it of themselves, admins of anybody; everybody may read who is."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from inbox.errors import Invalid, NotAllowed, NotFound
from inbox.forms.rota import AwayForm
from inbox.models import Member
from inbox.selectors.presence import open_delegations
from inbox.selectors.rotas import active_members
from inbox.services.delegations import be_away, revoke
from inbox.views.context import TeamRequest, redirect_after_post, team_page


@require_http_methods(["GET", "POST"])
@team_page
def away(request: TeamRequest) -> HttpResponse:
    """One's own absences, and who of the team is away."""
    return _page(request, request.member)


@require_http_methods(["GET", "POST"])
@team_page
def away_of(request: TeamRequest, member_id: UUID) -> HttpResponse:
    """A member's absences; admins may note one."""
    member = Member.objects.select_related("user").filter(team=request.member.team, pk=member_id).first()
    if member is None:
        raise NotFound()
    return _page(request, member)


@require_POST
@team_page
def away_revoke(request: TeamRequest, delegation_id: UUID) -> HttpResponse:
    """Take an absence back."""
    row = revoke(by=request.member, delegation_id=delegation_id)
    return redirect_after_post(request, _here(request, row.member))


def _page(request: TeamRequest, member: Member) -> HttpResponse:
    own = member.pk == request.member.pk
    if request.method == "POST" and not own and not request.member.is_admin:
        raise NotAllowed("not-yours", "Only they themselves or an admin may say when they are away.")
    others = [one for one in active_members(request.member.team_id) if one.pk != member.pk]
    form = AwayForm(request.POST if request.method == "POST" else None, members=others)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                be_away(
                    by=request.member,
                    member_id=member.pk,
                    first_day=given["first_day"],
                    last=given["last_day"],
                    delegate_id=UUID(given["delegate"]) if given["delegate"] else None,
                    reason=given["reason"],
                )
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(request, _here(request, member))
    context = {
        "of": member,
        "own": own,
        "may": own or request.member.is_admin,
        "form": form,
        "mine": open_delegations(member.team_id, member_id=member.pk),
        "others": [d for d in open_delegations(member.team_id) if d.member_id != member.pk],
    }
    return render(request, "inbox/away.html", context, status=status)


def _here(request: TeamRequest, member: Member) -> str:
    slug = request.member.team.slug
    return (
        reverse("away", args=[slug])
        if member.pk == request.member.pk
        else reverse("away_of", args=[slug, member.pk])
    )
