"""The tool catalogue, changed by admins and audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from inbox.errors import FieldError, Invalid
from inbox.models import Member, Team, Tool
from inbox.policy.words import Effect, Risk
from inbox.rendering.sentence import TemplateError, compile_template
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record

MAX_PRESETS = 9


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """What an admin vouches for about a tool; the fields are those of inbox.models.Tool."""

    name: str
    effect: Effect
    reversible: bool = False
    harmless: bool = False
    risk_floor: Risk | None = None
    template: str = ""
    idempotent: bool = False
    rejection_presets: Sequence[str] = ()


def save_tool(*, admin: Member, tool: ToolDescription) -> Tool:
    """Add a tool to the catalogue or change what is known of it. Pending requests keep their judgement.

    Raises NotAllowed for members who are no admins, Invalid with the wrong fields.
    """
    require_admin_of(admin)
    check(tool)
    with transaction.atomic():
        row, facts = _store(admin.team, tool)
        record(admin.team, "tool_changed", actor_of(admin.user), facts)
    return row


def import_tools(*, team: Team, tools: Sequence[ToolDescription]) -> None:
    """Describe tools at set-up, by the system. Raises Invalid as save_tool does."""
    for tool in tools:
        check(tool)
    with transaction.atomic():
        for tool in tools:
            _store(team, tool)


def check(tool: ToolDescription) -> None:
    """Raises Invalid naming every wrong field."""
    errors: list[FieldError] = []
    if tool.harmless and tool.effect is not Effect.READ:
        errors.append(FieldError("/harmless", "only-reads", "Only a tool that reads can be harmless."))
    if len(tool.rejection_presets) > MAX_PRESETS or any(
        not p.strip() or len(p) > 300 for p in tool.rejection_presets
    ):
        errors.append(
            FieldError(
                "/rejection_presets", "invalid-presets", "Up to nine sentences of at most 300 characters."
            )
        )
    if tool.template:
        try:
            compile_template(tool.template)
        except TemplateError as error:
            errors.append(FieldError("/template", "invalid-template", str(error)))
    if errors:
        raise Invalid(
            "invalid-tool", "Not saved: " + " ".join(error.detail for error in errors), errors=errors
        )


def _store(team: Team, tool: ToolDescription) -> tuple[Tool, dict[str, object]]:
    values = {
        "effect": tool.effect.value,
        "reversible": tool.reversible,
        "harmless": tool.harmless,
        "risk_floor": tool.risk_floor.value if tool.risk_floor else "",
        "template": tool.template,
        "idempotent": tool.idempotent,
        "rejection_presets": list(tool.rejection_presets),
    }
    earlier = (
        Tool.objects.select_for_update(no_key=True).filter(team=team, name=tool.name).values(*values).first()
    )
    row, _ = Tool.objects.update_or_create(
        team=team, name=tool.name, defaults={**values, "updated_at": Now()}
    )
    return row, {"tool": tool.name, "before": earlier, "after": values}
