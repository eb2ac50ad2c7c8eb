"""The team's own domains: everybody in the team may see them, admins add them with a second one and remove them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from inbox.errors import Conflict, Invalid
from inbox.forms.admin import DomainForm
from inbox.selectors.domains import domains_page
from inbox.services.domains import remove_domain, typed_domain
from inbox.services.governed import request_change
from inbox.services.people import require_admin_of
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.proposals import after_change


@require_http_methods(["GET", "POST"])
@team_page
def domains(request: TeamRequest) -> HttpResponse:
    """What is the team's own; a POST adds a domain, or proposes it where another admin could approve it."""
    form = DomainForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        require_admin_of(request.member)
        status = 422
        if form.is_valid():
            try:
                domain = typed_domain(form.cleaned_data["domain"])
                change = request_change(
                    kind="domain", subject=domain, args={"domain": domain}, author=request.member
                )
            except (Invalid, Conflict) as refused:
                form.refuse(refused)
                status = refused.status
            else:
                return after_change(request, change, _here(request))
    context = {"page": domains_page(request.member.team_id), "form": form}
    return render(request, "inbox/domains.html", context, status=status)


@require_POST
@team_page
def domain_remove(request: TeamRequest) -> HttpResponse:
    """Count a domain as external from now on."""
    domain = request.POST.get("domain", "")
    remove_domain(admin=request.member, domain=domain)
    messages.success(request, f"Removed. What goes to {domain} counts as external from now on.")
    return redirect_after_post(request, _here(request))


def _here(request: TeamRequest) -> str:
    return reverse("domains", args=[request.member.team.slug])
