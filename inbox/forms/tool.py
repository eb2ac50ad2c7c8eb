"""The form on which an admin says what a tool does; what is right and wrong is the service's affair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from inbox.errors import Refused
from inbox.forms.admin import PlainForm, code_input
from inbox.models import Tool
from inbox.policy.templates import ImpactAdapter, Proposal
from inbox.policy.words import Effect, Risk
from inbox.services.tools import ToolDescription, description_of

_EFFECTS = (
    (Effect.READ.value, "reads only"),
    (Effect.WRITE.value, "changes something"),
    (Effect.IRREVERSIBLE.value, "acts for good: it cannot be undone"),
)
_FLOORS = (
    ("", "as judged from each call"),
    (Risk.LOW.value, "low"),
    (Risk.MEDIUM.value, "medium"),
    (Risk.HIGH.value, "high"),
    (Risk.CRITICAL.value, "critical"),
)
_UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
# The service's places for what this form says in other fields.
_PLACES: Final = {
    "/impact/recipients": "recipients",
    "/impact/amount": "amount",
    "/impact/currency": "currency",
    "/impact/minor": "minor",
    "/impact/rows": "rows",
    "/impact/scope": "scope",
    "/window_seconds": "window",
}


def _arguments(label: str, hint: str, length: int = 500) -> forms.CharField:
    """A field for paths of a tool's arguments."""
    return forms.CharField(
        required=False, label=label, max_length=length, widget=code_input(), help_text=hint
    )


class ToolForm(PlainForm):
    """What an admin vouches for about a tool."""

    name = forms.CharField(
        max_length=200,
        widget=code_input(),
        help_text="Exactly as agents call it.",
    )
    effect = forms.ChoiceField(choices=_EFFECTS, label="What it does")
    reversible = forms.BooleanField(
        required=False, label="Reversible", help_text="What it does can be put back with a further call."
    )
    harmless = forms.BooleanField(
        required=False,
        label="Harmless",
        help_text="A read that discloses nothing it should not. Such calls pass without a person.",
    )
    risk_floor = forms.ChoiceField(
        required=False, choices=_FLOORS, label="Risk at least", help_text="Calls are never judged below this."
    )
    template = forms.CharField(
        required=False,
        label="Sentence",
        max_length=300,
        widget=code_input(),
        help_text="What reviewers read, such as: Refund {amount|money:USD} to {customer.name}",
    )
    recipients = _arguments(
        "Who receives it", "Arguments that name people, by path, with commas between: to, cc, bcc"
    )
    amount = _arguments("Amount of money", "The argument that holds it, such as amount or payment.total", 200)
    currency = _arguments("Currency", "The argument that names it, or a code such as EUR.", 200)
    minor = forms.BooleanField(required=False, label="The amount counts cents")
    rows = _arguments("How many things", "Arguments that list or count what it touches: ids, limit")
    scope = _arguments(
        "What lifts all bounds", "Arguments that mean everything when true, empty or *: all, filter, force"
    )
    window = forms.IntegerField(
        required=False,
        label="Can be put back for",
        min_value=1,
        max_value=527_040,
        help_text="Empty when no limit is known.",
    )
    window_unit = forms.ChoiceField(
        required=False, label="Unit", choices=[(unit, unit) for unit in _UNITS], initial="hours"
    )
    inverse_tool = _arguments("Put back with", "The tool that undoes it, such as close_ticket.", 200)
    inverse = forms.CharField(
        required=False,
        label="Its arguments",
        max_length=4_000,
        widget=code_input(forms.Textarea, rows=3),
        help_text="One a line: its argument = a path of this tool, such as ticket = id",
    )
    idempotent = forms.BooleanField(
        required=False,
        label="Safe to run again",
        help_text="With the same key it takes effect once. Otherwise a crash in the middle waits for a person.",
    )
    rejection_presets = forms.CharField(
        required=False,
        label="Reasons for rejecting",
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, at most nine, written to the agent: “The recipient list is too wide. Ask for a segment.”",
    )

    @classmethod
    def of(cls, tool: Tool) -> ToolForm:
        """The form filled with what is known of a tool."""
        return cls(initial=_initial(description_of(tool)))

    @classmethod
    def filled(cls, name: str, proposal: Proposal, known: Tool | None) -> ToolForm:
        """The form filled with a proposal; what only a person can say stays as it is or empty."""
        kept = description_of(known) if known else ToolDescription(name, proposal.effect)
        return cls(
            initial=_initial(
                ToolDescription(
                    name=name,
                    effect=proposal.effect,
                    reversible=proposal.reversible,
                    harmless=kept.harmless and proposal.effect is Effect.READ,
                    risk_floor=kept.risk_floor,
                    template=proposal.template,
                    idempotent=kept.idempotent,
                    rejection_presets=kept.rejection_presets or proposal.presets,
                    impact=proposal.impact.written(),
                    window_seconds=proposal.window,
                    inverse_tool=proposal.inverse_tool,
                    inverse=proposal.inverse,
                )
            )
        )

    def description(self, name: str) -> ToolDescription:
        """What the valid form says, of the tool of this name: describing is never renaming."""
        given = self.cleaned_data
        impact: dict[str, Any] = {
            "recipients": _listed(given["recipients"]),
            "rows": _listed(given["rows"]),
            "scope": _listed(given["scope"]),
            "amount": given["amount"].strip(),
            "currency": given["currency"].strip(),
            "minor": given["minor"],
        }
        window = given["window"]
        return ToolDescription(
            name=name,
            effect=Effect(given["effect"]),
            reversible=given["reversible"],
            harmless=given["harmless"],
            risk_floor=Risk(given["risk_floor"]) if given["risk_floor"] else None,
            template=given["template"],
            idempotent=given["idempotent"],
            rejection_presets=[
                line.strip() for line in given["rejection_presets"].splitlines() if line.strip()
            ],
            impact={key: value for key, value in impact.items() if value},
            window_seconds=window * _UNITS[given["window_unit"] or "hours"] if window else None,
            inverse_tool=given["inverse_tool"].strip(),
            inverse=_mapping(given["inverse"]),
        )

    def refuse(self, refused: Refused, *, fields: Mapping[str, str] | None = None) -> None:
        super().refuse(refused, fields={**_PLACES, **(fields or {})})


def _initial(said: ToolDescription) -> dict[str, Any]:
    adapter = ImpactAdapter.model_validate(dict(said.impact))
    number, unit = _window(said.window_seconds)
    return {
        "name": said.name,
        "effect": said.effect.value,
        "reversible": said.reversible,
        "harmless": said.harmless,
        "risk_floor": said.risk_floor.value if said.risk_floor else "",
        "template": said.template,
        "idempotent": said.idempotent,
        "rejection_presets": "\n".join(said.rejection_presets),
        "recipients": ", ".join(adapter.recipients),
        "amount": adapter.amount or "",
        "currency": adapter.currency or "",
        "minor": adapter.minor,
        "rows": ", ".join(adapter.rows),
        "scope": ", ".join(adapter.scope),
        "window": number,
        "window_unit": unit,
        "inverse_tool": said.inverse_tool,
        "inverse": "\n".join(f"{name} = {path}" for name, path in said.inverse.items()),
    }


def _window(seconds: int | None) -> tuple[int | None, str]:
    """The largest unit that divides it; what was stored by other means is rounded up to minutes."""
    if seconds is None:
        return None, "hours"
    for unit in ("days", "hours", "minutes"):
        if seconds % _UNITS[unit] == 0:
            return seconds // _UNITS[unit], unit
    return -(-seconds // 60), "minutes"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _mapping(text: str) -> dict[str, str]:
    """`ticket = id` a line. A line without a path is kept, so that the service refuses it where it stands."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {name.strip(): path.strip() for name, _, path in pairs}
