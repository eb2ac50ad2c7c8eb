"""The tool catalogue: what admins vouch for, and the sentence reviewers read."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inbox.errors import Conflict, Invalid, NotFound
from inbox.forms.tool import ToolForm
from inbox.models import Tool
from inbox.selectors.tools import latest_call, preview, proposed, tool_of, tools_page
from inbox.services.people import require_admin_of
from inbox.services.tools import save_tool
from inbox.views.context import TeamRequest, team_page
from inbox.views.proposals import after_change

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
    tried = preview(latest_call(request.member.team_id, name), name=name, template=template)
    return render(request, "inbox/tool_preview.html", {"tried": tried})


def _form_page(request: TeamRequest, row: Tool | None) -> HttpResponse:
    """The form, empty, filled or refused. With the button `preview` nothing is saved: the page without scripts.

    `?proposed=1` fills it with the proposal that stands beside it, which is in force only once it is saved.
    """
    team_id = request.member.team_id
    asked = row.name if row else _text(request.GET.get("name", ""), NAME_LENGTH)
    call = latest_call(team_id, asked) if asked else None
    offer = proposed(asked, call) if asked else None
    if offer is not None and "proposed" in request.GET:
        form = ToolForm.filled(asked, offer.proposal, row)
    else:
        form = ToolForm.of(row) if row else ToolForm(initial={"name": asked})
    status = 200
    if request.method == "POST":
        require_admin_of(request.member)
        form = ToolForm(request.POST)
        if form.is_valid() and "preview" not in request.POST:
            try:
                change = save_tool(
                    admin=request.member,
                    tool=form.description(row.name if row else form.cleaned_data["name"]),
                )
            except (Conflict, Invalid) as refused:
                form.refuse(refused)
            else:
                return after_change(request, change, reverse("tools", args=[request.member.team.slug]))
        status = 422 if form.errors else 200
    if row is not None:
        form.fields["name"].disabled = True
    name = row.name if row else _text(str(form["name"].value() or ""), NAME_LENGTH)
    tried = preview(
        call if name == asked else latest_call(team_id, name),
        name=name,
        template=_text(str(form["template"].value() or ""), TEMPLATE_LENGTH),
    )
    context = {
        "form": form,
        "tool": row,
        "tried": tried,
        "offer": offer,
        "taken": offer is not None and "proposed" in request.GET and request.method == "GET",
    }
    return render(request, "inbox/tool.html", context, status=status)


def _text(text: str, most: int) -> str:
    """Text from an address as far as a column can hold it."""
    return text.replace("\x00", "")[:most]
