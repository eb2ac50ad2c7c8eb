"""The tool catalogue, changed by admins and audited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from pydantic import ValidationError

from inbox.errors import FieldError, Invalid
from inbox.models import ChangeRequest, Member, Team, Tool
from inbox.policy.inference.effect import Guess, named_effect
from inbox.policy.templates import ImpactAdapter
from inbox.policy.words import Effect, Risk
from inbox.rendering.sentence import TemplateError, compile_template
from inbox.services.changes import Outdated, governs, propose
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record

KIND: Final = "tool"
MAX_PRESETS = 9
MOST_MAPPED: Final = 20
LONGEST_WINDOW: Final = 366 * 24 * 3600
_TOOL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}")
_ARGUMENT: Final = re.compile(r"[A-Za-z0-9_-]{1,80}(\.[A-Za-z0-9_-]{1,80}){0,9}")
_NEVER_LESS: Final = (Effect.READ, Effect.WRITE, Effect.IRREVERSIBLE)


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
    impact: Mapping[str, Any] = field(default_factory=dict)
    window_seconds: int | None = None
    inverse_tool: str = ""
    inverse: Mapping[str, str] = field(default_factory=dict)


def save_tool(*, admin: Member, tool: ToolDescription) -> ChangeRequest | None:
    """Add a tool to the catalogue or change what is known of it. Pending requests keep their judgement.

    What loosens is proposed to the other admins, and returned: it is in force only once one of them approved it, or
    at once where there is no other. Raises NotAllowed for members who are no admins, Invalid with the wrong fields,
    Conflict (already-proposed) while a change of the same tool waits.
    """
    require_admin_of(admin)
    check(tool)
    with transaction.atomic():
        known = Tool.objects.select_for_update(no_key=True).filter(team=admin.team, name=tool.name).first()
        ways = loosens(description_of(known) if known else None, tool)
        if ways:
            return propose(
                kind=KIND,
                subject=tool.name,
                body={
                    "tool": tool.name,
                    "author": admin.user.get_username(),
                    "loosens": list(ways),
                    "before": _values(description_of(known)) if known else None,
                    "after": _values(tool),
                },
                author=admin,
                goal=" ".join(ways),
            )
        _, facts = _store(admin.team, tool)
        record(admin.team, "tool_changed", actor_of(admin.user), facts)
    return None


@governs(
    KIND, tool="describe_tool", sentence="Change what is known of {tool} as {author} proposes: {loosens|list}"
)
def apply_description(change: ChangeRequest, person: User) -> None:
    """Store the description of an approved change. Raises Outdated when the tool was described anew meanwhile."""
    body: Any = change.body
    known = Tool.objects.select_for_update(no_key=True).filter(team=change.team_id, name=body["tool"]).first()
    if (_values(description_of(known)) if known else None) != body["before"]:
        raise Outdated("The tool was described anew meanwhile.")
    after = body["after"]
    tool = ToolDescription(
        **{
            **after,
            "name": body["tool"],
            "effect": Effect(after["effect"]),
            "risk_floor": Risk(after["risk_floor"]) if after["risk_floor"] else None,
        }
    )
    _, facts = _store(change.team, tool)
    record(
        change.team,
        "tool_changed",
        actor_of(person),
        {**facts, "author": body["author"], "loosens": True, "alone": change.alone},
    )


def import_tools(*, team: Team, tools: Sequence[ToolDescription]) -> None:
    """Describe tools at set-up, by the system. Raises Invalid as save_tool does."""
    for tool in tools:
        check(tool)
    with transaction.atomic():
        for tool in tools:
            _store(team, tool)


def loosens(before: ToolDescription | None, after: ToolDescription) -> tuple[str, ...]:
    """In which ways a change lets more pass or asks fewer people, as sentences; empty when it only tightens.

    A tool that was not described never passed at all, so whatever makes it pass or batch loosens.
    """
    floor_before = before.risk_floor.rank if before and before.risk_floor else 0
    floor_after = after.risk_floor.rank if after.risk_floor else 0
    said = (
        (after.harmless and not (before and before.harmless), "Its calls would pass without a person."),
        (
            _undone(after) and not (before and _undone(before)),
            "It would count as reversible: lower risk, and rules may let it pass.",
        ),
        (
            before is not None and _NEVER_LESS.index(after.effect) < _NEVER_LESS.index(before.effect),
            "It would count as doing less than before.",
        ),
        (
            # Undescribed, its name alone asked for more: `delete_all` as a plain write, `update_all` as a read.
            before is None and _below_its_name(after, floor_after),
            "It would count as doing less than its name says.",
        ),
        (
            before is not None and floor_after < floor_before,
            "Its calls could be judged at a lower risk than before.",
        ),
        (
            before is not None and _counts(after) != _counts(before) and bool(_counts(before)),
            "Its reach would be counted by other arguments.",
        ),
    )
    return tuple(text for loose, text in said if loose)


def description_of(tool: Tool) -> ToolDescription:
    """A row of the catalogue as what was said of it."""
    return ToolDescription(
        name=tool.name,
        effect=Effect(tool.effect),
        reversible=tool.reversible,
        harmless=tool.harmless,
        risk_floor=Risk(tool.risk_floor) if tool.risk_floor else None,
        template=tool.template,
        idempotent=tool.idempotent,
        rejection_presets=list(tool.rejection_presets),
        impact=dict(tool.impact),
        window_seconds=tool.window_seconds,
        inverse_tool=tool.inverse_tool,
        inverse=dict(tool.inverse),
    )


def check(tool: ToolDescription) -> None:
    """Raises Invalid naming every wrong field."""
    errors = list(_problems(tool))
    if errors:
        raise Invalid(
            "invalid-tool", "Not saved: " + " ".join(error.detail for error in errors), errors=errors
        )


def _problems(tool: ToolDescription) -> Iterator[FieldError]:
    if not _TOOL.fullmatch(tool.name):
        yield FieldError(
            "/name", "invalid-name", "Write the name as agents call it: letters, digits and _ . : / - only."
        )
    if tool.harmless and tool.effect is not Effect.READ:
        yield FieldError("/harmless", "only-reads", "Only a tool that reads can be harmless.")
    if tool.reversible and tool.effect is Effect.IRREVERSIBLE:
        yield FieldError("/reversible", "contradicts", "What acts for good cannot be reversible: choose one.")
    if len(tool.rejection_presets) > MAX_PRESETS or any(
        not p.strip() or len(p) > 300 for p in tool.rejection_presets
    ):
        yield FieldError(
            "/rejection_presets", "invalid-presets", "Up to nine sentences of at most 300 characters."
        )
    if tool.template:
        try:
            compile_template(tool.template)
        except TemplateError as error:
            yield FieldError("/template", "invalid-template", str(error))
    yield from _impact_problems(tool)
    yield from _inverse_problems(tool)


def _impact_problems(tool: ToolDescription) -> Iterator[FieldError]:
    try:
        adapter = ImpactAdapter.model_validate(tool.impact)
    except ValidationError as error:
        for name in dict.fromkeys(str(detail["loc"][0]) for detail in error.errors() if detail["loc"]):
            yield FieldError(
                f"/impact/{name}",
                "invalid-path",
                "Name up to ten arguments by their paths, such as to or payment.amount.",
            )
        return
    if adapter.currency and not adapter.amount:
        yield FieldError(
            "/impact/currency", "no-amount", "A currency needs the argument that holds the amount."
        )
    if adapter.minor and not adapter.amount:
        yield FieldError("/impact/minor", "no-amount", "Cents need the argument that holds the amount.")


def _inverse_problems(tool: ToolDescription) -> Iterator[FieldError]:
    window = tool.window_seconds
    if window is not None and not 1 <= window <= LONGEST_WINDOW:
        yield FieldError("/window_seconds", "out-of-range", "Between one second and 366 days.")
    if window is not None and tool.effect is Effect.READ:
        yield FieldError("/window_seconds", "only-changes", "Reading leaves nothing to put back.")
    if tool.inverse_tool and not _TOOL.fullmatch(tool.inverse_tool):
        yield FieldError("/inverse_tool", "invalid-name", "Letters, digits and _ . : / - only.")
    if tool.inverse and not tool.inverse_tool:
        yield FieldError("/inverse_tool", "missing", "Name the tool these arguments are for.")
    wrong = [
        name
        for name, path in tool.inverse.items()
        if not _ARGUMENT.fullmatch(name) or not isinstance(path, str) or not _ARGUMENT.fullmatch(path)
    ]
    if wrong or len(tool.inverse) > MOST_MAPPED:
        yield FieldError(
            "/inverse",
            "invalid-mapping",
            "One line an argument, at most 20: its name = a path here, ticket = id.",
        )


def _below_its_name(tool: ToolDescription, floor: int) -> bool:
    guess = named_effect(tool.name).guess
    if guess is Guess.FINAL:
        return tool.effect is not Effect.IRREVERSIBLE and floor < Risk.HIGH.rank
    return guess is Guess.WRITE and tool.effect is Effect.READ and floor < Risk.MEDIUM.rank


def _undone(tool: ToolDescription) -> bool:
    return tool.effect is Effect.WRITE and tool.reversible


def _counts(tool: ToolDescription) -> dict[str, Any]:
    return dict(tool.impact)


def _values(tool: ToolDescription) -> dict[str, Any]:
    """Everything that is said of a tool, as JSON."""
    return {
        "effect": tool.effect.value,
        "reversible": tool.reversible,
        "harmless": tool.harmless,
        "risk_floor": tool.risk_floor.value if tool.risk_floor else "",
        "template": tool.template,
        "idempotent": tool.idempotent,
        "rejection_presets": list(tool.rejection_presets),
        "impact": dict(tool.impact),
        "window_seconds": tool.window_seconds,
        "inverse_tool": tool.inverse_tool,
        "inverse": dict(tool.inverse),
    }


def _store(team: Team, tool: ToolDescription) -> tuple[Tool, dict[str, object]]:
    values = _values(tool)
    earlier = (
        Tool.objects.select_for_update(no_key=True).filter(team=team, name=tool.name).values(*values).first()
    )
    row, _ = Tool.objects.update_or_create(
        team=team, name=tool.name, defaults={**values, "updated_at": Now()}
    )
    return row, {"tool": tool.name, "before": earlier, "after": values}
