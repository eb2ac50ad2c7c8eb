"""Writing the next version of a policy: the whole document as YAML, or one rule of it as a form. Neither is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from inbox.errors import Invalid, NotFound
from inbox.forms.conditions import facts_by_kind, value_of
from inbox.forms.policy import (
    MOST_CONDITIONS,
    DocumentForm,
    RuleForm,
    who_choices,
)
from inbox.models import ApprovalRequest, PolicyVersion
from inbox.policy.document import PolicyError, parse_document
from inbox.policy.fact_catalogue import Type
from inbox.policy.places import line_of
from inbox.policy.problems import Problem, ProblemCode
from inbox.policy.yaml_text import from_yaml, to_yaml
from inbox.selectors.policy import current_version, document_of
from inbox.selectors.policy_versions import groups_of, tiers_of, version_of
from inbox.selectors.scope import narrowest, scope
from inbox.services.drafts import save_draft
from inbox.services.people import require_admin_of
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.policy import version_number
from inbox.views.policy_trials import version_url


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing wrong with a text: its line where it is known, its place in the document, a sentence."""

    line: int | None
    place: str
    message: str


@require_http_methods(["GET", "POST"])
@team_page
def policy_edit(request: TeamRequest) -> HttpResponse:
    """The whole document as text. What is saved becomes the next version, which is not in force."""
    require_admin_of(request.member)
    base = _base(request)
    form = DocumentForm(initial={"text": to_yaml(document_of(base))})
    wrong: list[Wrong] = []
    if request.method == "POST":
        form = DocumentForm(request.POST, request.FILES)
        if form.is_valid():
            text = form.cleaned_data["text"]
            try:
                saved = save_draft(admin=request.member, document=from_yaml(text))
            except PolicyError as error:
                wrong = [_wrong(text, problem.pointer, problem.message) for problem in error.problems]
            except Invalid as refused:
                wrong = [_wrong(text, error.pointer, error.detail) for error in refused.errors]
            else:
                return _saved(request, saved, base)
            form = DocumentForm(initial={"text": text})
    return render(
        request,
        "inbox/policy_edit.html",
        {"form": form, "base": base, "wrong": wrong},
        status=422 if wrong or form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@team_page
def policy_rule(request: TeamRequest) -> HttpResponse:
    """One rule as a form: a new one, one of the version `base` (`rule`), or one from a decided request (`from`)."""
    require_admin_of(request.member)
    base = _base(request)
    document = document_of(base).model_dump(mode="json", exclude_none=True)
    rules: list[dict[str, Any]] = document["rules"]
    name = request.POST.get("rule") or request.GET.get("rule") or ""
    place = next((place for place, rule in enumerate(rules) if rule["id"] == name), None)
    if name and place is None:
        raise NotFound()
    before = rules[place] if place is not None else None
    whom = who_choices(tiers_of(request.member.team_id), groups_of(request.member.team_id))
    if request.method == "POST":
        if place is not None and "remove" in request.POST:
            document["rules"] = rules[:place] + rules[place + 1 :]
            return _saved(request, save_draft(admin=request.member, document=parse_document(document)), base)
        rows = _rows(request.POST)
        if "more" in request.POST:
            form = RuleForm(
                initial=request.POST.dict() | {"effects": request.POST.getlist("effects")},
                rows=rows + 1,
                whom=whom,
            )
            return _rule_page(request, form, base, name)
        form = RuleForm(request.POST, rows=rows, whom=whom)
        if form.is_valid():
            at = len(rules) if place is None else place
            document["rules"] = [*rules[:at], form.rule(before), *rules[at + 1 :]]
            saved = _try(request, form, document, at)
            if saved is not None:
                return _saved(request, saved, base)
        return _rule_page(request, form, base, name, status=422)
    if before is not None:
        rows = len(before.get("when") or []) or 1
        return _rule_page(
            request, RuleForm(initial=RuleForm.initial_of(before), rows=rows, whom=whom), base, name
        )
    return _rule_page(request, _from_request(request, whom), base, "")


def _try(request: TeamRequest, form: RuleForm, document: Mapping[str, Any], at: int) -> PolicyVersion | None:
    """The saved version, or None with the form saying what is wrong."""
    try:
        return save_draft(admin=request.member, document=parse_document(document))
    except PolicyError as error:
        form.show(error.problems, at)
    except Invalid as refused:
        form.show([Problem(one.pointer, ProblemCode.MALFORMED, one.detail) for one in refused.errors], at)
    return None


def _from_request(request: TeamRequest, whom: list[tuple[str, str]]) -> RuleForm:
    """A form filled with the narrowest match of a decided request, or an empty one."""
    source = request.GET.get("from")
    if not source:
        return RuleForm(whom=whom)
    found = _decided(request, source)
    near = narrowest(found) if found else None
    if near is None:
        raise NotFound()
    initial: dict[str, Any] = {"tool": near.tool, "agent": near.agent, "id": ""}
    for row, (fact, op, value) in enumerate(near.conditions):
        initial |= {f"fact_{row}": fact, f"op_{row}": op, f"value_{row}": value}
    form = RuleForm(initial=initial, rows=len(near.conditions) or 1, whom=whom)
    conditions = {fact: value_of(value, Type.ANY) for fact, _, value in near.conditions}
    form.reach = scope(request.member.team_id, tool=near.tool, agent=near.agent, conditions=conditions)
    return form


def _decided(request: TeamRequest, source: str) -> ApprovalRequest | None:
    try:
        key = UUID(source)
    except ValueError:
        return None
    rows = ApprovalRequest.objects.select_related("agent").filter(team=request.member.team_id, pk=key)
    return rows.filter(closed_at__isnull=False).first()


def _rule_page(
    request: TeamRequest, form: RuleForm, base: PolicyVersion, name: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "base": base,
        "rule": name,
        "facts": facts_by_kind(),
        "full": form.rows >= MOST_CONDITIONS,
        "scope": form.reach,
    }
    return render(request, "inbox/policy_rule.html", context, status=status)


def _base(request: TeamRequest) -> PolicyVersion:
    """The version that is being changed: the one named `base`, else the one in force."""
    number = version_number(request.POST.get("base") or request.GET.get("base"))
    version = (
        current_version(request.member.team_id)
        if number is None
        else version_of(request.member.team_id, number)
    )
    if version is None:
        raise NotFound()
    return version


def _saved(request: TeamRequest, saved: PolicyVersion, base: PolicyVersion) -> HttpResponse:
    return redirect_after_post(request, f"{version_url(request, saved.number)}&against={base.number}")


def _rows(sent: Mapping[str, str]) -> int:
    return max((row + 1 for row in range(MOST_CONDITIONS) if f"fact_{row}" in sent), default=1)


def _wrong(text: str, pointer: str, message: str) -> Wrong:
    return Wrong(line_of(text, pointer) if pointer else None, pointer, message)
