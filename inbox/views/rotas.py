"""Rotas: everybody in the team may see who is on call, admins change it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.errors import Invalid, NotFound
from inbox.forms.rota import RotaForm
from inbox.selectors.rotas import active_members, rota_page, rotas_of
from inbox.services.people import require_admin_of
from inbox.services.rotas import change_rota, create_rota, remove_rota
from inbox.views.context import TeamRequest, redirect_after_post, team_page


@require_safe
@team_page
def rotas(request: TeamRequest) -> HttpResponse:
    """Every rota with who is on call now."""
    return render(request, "inbox/rotas.html", {"rotas": rotas_of(request.member.team_id, timezone.now())})


@require_http_methods(["GET", "POST"])
@team_page
def rota_new(request: TeamRequest) -> HttpResponse:
    """A new rota."""
    require_admin_of(request.member)
    members = active_members(request.member.team_id)
    form = RotaForm(request.POST if request.method == "POST" else None, members=members)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = create_rota(admin=request.member, name=form.cleaned_data["name"], **form.given())
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(request, _here(request, made.pk))
    return render(request, "inbox/rota_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@team_page
def rota(request: TeamRequest, rota_id: UUID) -> HttpResponse:
    """One rota: who is on call now, the next turns, and for admins its form."""
    page = rota_page(request.member.team_id, rota_id, timezone.now())
    if page is None:
        raise NotFound()
    members = active_members(request.member.team_id)
    form = RotaForm.of(page.rota, members=members)
    status = 200
    if request.method == "POST":
        require_admin_of(request.member)
        form = RotaForm(request.POST, members=members, named=False)
        status = 422
        if form.is_valid():
            try:
                change_rota(admin=request.member, rota_id=rota_id, **form.given())
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(request, _here(request, rota_id))
    return render(request, "inbox/rota.html", {"page": page, "form": form}, status=status)


@require_POST
@team_page
def rota_remove(request: TeamRequest, rota_id: UUID) -> HttpResponse:
    """Remove a rota the policy in force does not route by."""
    remove_rota(admin=request.member, rota_id=rota_id)
    return redirect_after_post(request, reverse("rotas", args=[request.member.team.slug]))


def _here(request: TeamRequest, rota_id: UUID) -> str:
    return reverse("rota", args=[request.member.team.slug, rota_id])
