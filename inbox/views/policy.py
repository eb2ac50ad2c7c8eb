"""The policy: what is in force, in sentences; its versions; what changed between two; the document as YAML."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inbox.errors import NotFound
from inbox.policy.yaml_text import to_yaml
from inbox.selectors.policy import document_of
from inbox.selectors.policy_versions import policy_page, version_of
from inbox.views.context import TeamRequest, team_page


@require_GET
@team_page
def policy(request: TeamRequest) -> HttpResponse:
    """One version (`version`, by default the one in force), with its difference from another (`against`)."""
    page = policy_page(
        request.member.team_id,
        number=version_number(request.GET.get("version")),
        against=version_number(request.GET.get("against")),
    )
    if page is None:
        raise NotFound()
    return render(request, "inbox/policy.html", {"page": page})


@require_GET
@team_page
def policy_yaml(request: TeamRequest, number: int) -> HttpResponse:
    """One version as a YAML file, which the editor reads back."""
    version = version_of(request.member.team_id, number)
    if version is None:
        raise NotFound()
    response = HttpResponse(to_yaml(document_of(version)), content_type="application/yaml; charset=utf-8")
    name = f"{request.member.team.slug}-policy-{version.number}.yaml"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def version_number(text: str | None) -> int | None:
    """A version's number; None when none was asked for. Raises NotFound for what is no number."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 9):
        raise NotFound()
    return int(text)
