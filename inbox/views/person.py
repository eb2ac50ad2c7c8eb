"""One person: their place, their groups and ceiling, and what they could decide. Admins change it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.forms.admin import CeilingForm, MemberForm
from inbox.selectors.people import ladder, member_of, person_row, recent_doings
from inbox.selectors.who import what_could_decide
from inbox.services.ceilings import as_json
from inbox.services.governed import request_change
from inbox.services.people import require_admin_of
from inbox.views.context import TeamRequest, team_page
from inbox.views.proposals import after_change


@require_http_methods(["GET", "POST"])
@team_page
def person(request: TeamRequest, member_id: UUID) -> HttpResponse:
    """One member; sent as a form, their tier, admin flag and activity."""
    if request.method != "POST":
        return _page(request, member_id)
    require_admin_of(request.member)
    form = MemberForm(request.POST, tiers=ladder(request.member.team_id))
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            change = request_change(
                kind="member",
                subject=str(member_id),
                args={
                    "member": str(member_id),
                    "person": _name(request, member_id),
                    "after": {
                        "tier": given["tier"] or None,
                        "admin": given["is_admin"],
                        "active": given["is_active"],
                    },
                },
                author=request.member,
            )
        except (Invalid, Conflict, NotAllowed) as refused:
            form.refuse(refused)
            status = refused.status
        else:
            return after_change(request, change, reverse("people", args=[request.member.team.slug]))
    return _page(request, member_id, form=form, status=status)


@require_POST
@team_page
def person_ceiling(request: TeamRequest, member_id: UUID) -> HttpResponse:
    """Set or lift what a person may decide at most."""
    require_admin_of(request.member)
    form = CeilingForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            change = request_change(
                kind="ceiling",
                subject=str(member_id),
                args={
                    "member": str(member_id),
                    "person": _name(request, member_id),
                    "after": as_json(form.asked),
                },
                author=request.member,
            )
        except (Invalid, Conflict, NotAllowed) as refused:
            form.refuse(refused)
            status = refused.status
        else:
            here = reverse("person", args=[request.member.team.slug, member_id])
            return after_change(request, change, f"{here}#ceiling")
    return _page(request, member_id, ceiling=form, status=status)


def _name(request: TeamRequest, member_id: UUID) -> str:
    """The name a change is proposed about. Raises NotFound for another team's member."""
    member = member_of(request.member.team_id, member_id)
    if member is None:
        raise NotFound()
    return member.user.get_username()


def _page(
    request: TeamRequest,
    member_id: UUID,
    *,
    form: MemberForm | None = None,
    ceiling: CeilingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, whole: a form that was refused keeps what was typed and says what is wrong."""
    member = member_of(request.member.team_id, member_id)
    if member is None:
        raise NotFound()
    row = person_row(member)
    place = {"tier": row.tier, "is_admin": row.is_admin, "is_active": row.is_active}
    possible = what_could_decide(member, request.turn)
    return render(
        request,
        "inbox/person.html",
        {
            "person": row,
            "form": form or MemberForm(tiers=ladder(request.member.team_id), initial=place),
            "ceiling_form": ceiling or CeilingForm.of(row.limits),
            "possible": possible,
            "may_count": sum(1 for one in possible if one.may),
            "doings": recent_doings(request.member.team_id, row.username),
        },
        status=status,
    )
