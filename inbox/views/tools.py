"""The tool catalogue: what admins vouch for, and the sentence reviewers read."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inbox.admin_forms import ToolForm
from inbox.errors import Invalid, NotFound
from inbox.models import Tool
from inbox.policy.words import Effect, Risk
from inbox.selectors.tools import preview, tool_of, tools_page
from inbox.services.people import require_admin_of
from inbox.services.tools import ToolDescription, save_tool
from inbox.views.context import TeamRequest, redirect_after_post, team_page

NAME_LENGTH = 200
TEMPLATE_LENGTH = 300


@require_GET
@team_page
def tools(request: TeamRequest) -> HttpResponse:
    """The catalogue by name, and what agents called that is not in it."""
    page = tools_page(request.member.team_id, after=_text(request.GET.get("after", ""), NAME_LENGTH))
    return render(
        request,
        "inbox/tools.html",
        {"page": page, "first": "after" not in request.GET},
    )


@require_http_methods(["GET", "POST"])
@team_page
def tool_new(request: TeamRequest) -> HttpResponse:
    """Describe a tool that is not in the catalogue; `name` fills the form."""
    return _form_page(request, None)


@require_http_methods(["GET", "POST"])
@team_page
def tool(request: TeamRequest, tool_id: UUID) -> HttpResponse:
    """What is known of one tool; admins change it by POST."""
    row = tool_of(request.member.team_id, tool_id)
    if row is None:
        raise NotFound()
    return _form_page(request, row)


@require_GET
@team_page
def tool_preview(request: TeamRequest) -> HttpResponse:
    """The sentence being typed, tried on the latest call: a fragment for the form."""
    name = _text(request.GET.get("name", ""), NAME_LENGTH)
    template = _text(request.GET.get("template", ""), TEMPLATE_LENGTH)
    tried = preview(request.member.team_id, name=name, template=template)
    return render(request, "inbox/tool_preview.html", {"tried": tried})


def _form_page(request: TeamRequest, row: Tool | None) -> HttpResponse:
    """The form, empty, filled or refused. With the button `preview` nothing is saved: the page without scripts."""
    team_id = request.member.team_id
    form = (
        ToolForm.of(row)
        if row
        else ToolForm(initial={"name": _text(request.GET.get("name", ""), NAME_LENGTH)})
    )
    status = 200
    if request.method == "POST":
        require_admin_of(request.member)
        form = ToolForm(request.POST)
        if form.is_valid() and "preview" not in request.POST:
            try:
                save_tool(admin=request.member, tool=_description(form, row))
            except Invalid as refused:
                form.refuse(refused)
            else:
                return redirect_after_post(request, reverse("tools", args=[request.member.team.slug]))
        status = 422 if form.errors else 200
    if row is not None:
        form.fields["name"].disabled = True
    name = row.name if row else str(form["name"].value() or "")
    tried = preview(
        team_id,
        name=_text(name, NAME_LENGTH),
        template=_text(str(form["template"].value() or ""), TEMPLATE_LENGTH),
    )
    return render(request, "inbox/tool.html", {"form": form, "tool": row, "tried": tried}, status=status)


def _description(form: ToolForm, row: Tool | None) -> ToolDescription:
    given = form.cleaned_data
    return ToolDescription(
        # A tool is found by its name: describing is never renaming.
        name=row.name if row else given["name"],
        effect=Effect(given["effect"]),
        reversible=given["reversible"],
        harmless=given["harmless"],
        risk_floor=Risk(given["risk_floor"]) if given["risk_floor"] else None,
        template=given["template"],
        idempotent=given["idempotent"],
        rejection_presets=[line.strip() for line in given["rejection_presets"].splitlines() if line.strip()],
    )


def _text(text: str, most: int) -> str:
    """Text from an address as far as a column can hold it."""
    return text.replace("\x00", "")[:most]
