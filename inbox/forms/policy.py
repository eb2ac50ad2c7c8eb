"""Forms of the policy's pages: the whole document as text, and one rule as fields.

The rule form reads and writes what common rules hold; what else a rule says stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from inbox.forms.admin import PlainForm
from inbox.forms.conditions import (
    ARGUMENT,
    LIST_OPS,
    PLAIN,
    condition_fields,
    joined,
    split,
    text_of,
    value_of,
)
from inbox.policy.fact_catalogue import Type, find
from inbox.policy.need import who_words
from inbox.policy.problems import Problem
from inbox.policy.words import Effect, Risk
from inbox.policy.yaml_text import LARGEST
from inbox.selectors.scope import Scope

MOST_CONDITIONS: Final = 20
NEED_ROWS: Final = 2
_THEN: Final = (
    ("review", "ask people"),
    ("allow", "let it pass"),
    ("deny", "refuse it"),
    ("break_glass", "block it unless people break the glass"),
)
_EFFECTS: Final = (
    (Effect.READ.value, "only reads"),
    (Effect.WRITE.value, "changes something"),
    (Effect.IRREVERSIBLE.value, "acts for good"),
)
_FLOORS: Final = (
    ("", "as judged"),
    *((risk.value, risk.value) for risk in (Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL)),
)


class DocumentForm(PlainForm):
    """The whole document as YAML, typed or from a file."""

    text = forms.CharField(
        label="The policy as YAML",
        required=False,
        strip=False,
        max_length=LARGEST,
        widget=forms.Textarea(
            attrs={**PLAIN, "rows": 30, "class": "textarea mono policy-text", "wrap": "off"}
        ),
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text="A policy that was exported. It takes the place of the text above.",
    )

    def clean(self) -> dict[str, Any]:
        """The text that counts, as `text`."""
        given = super().clean() or {}
        upload = given.get("file")
        if upload is not None:
            if upload.size > LARGEST:
                raise forms.ValidationError(f"The file is longer than {LARGEST // 1024} KiB.")
            try:
                given["text"] = upload.read().decode()
            except UnicodeDecodeError:
                raise forms.ValidationError("The file is not text in UTF-8.") from None
        if not given.get("text", "").strip():
            raise forms.ValidationError("There is no policy in it.")
        return given


class RuleForm(PlainForm):
    """One rule. Condition rows are `fact_0`, `op_0`, `value_0` and on; empty rows count for nothing."""

    id = forms.CharField(
        label="Name",
        max_length=60,
        widget=forms.TextInput(attrs=PLAIN),
        help_text="Lower-case letters, digits and dashes, such as small-refunds. Decisions name it.",
    )
    tool = forms.CharField(
        label="Tool",
        max_length=200,
        initial="*",
        widget=forms.TextInput(attrs=PLAIN),
        help_text="As agents call it. * stands for anything: send_*.",
    )
    agent = forms.CharField(
        label="Agent",
        max_length=200,
        initial="*",
        widget=forms.TextInput(attrs=PLAIN),
        help_text="A handle, or *.",
    )
    effects = forms.MultipleChoiceField(
        label="The catalogue says it",
        required=False,
        choices=_EFFECTS,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
        help_text="Nothing ticked: whatever it says.",
    )
    then = forms.ChoiceField(label="Do what", choices=_THEN)
    priority = forms.IntegerField(
        label="Priority",
        initial=0,
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text="The highest that matches wins; of equals refusing wins over asking, asking over passing.",
    )
    risk_at_least = forms.ChoiceField(
        label="Risk at least", required=False, choices=_FLOORS, help_text="Only for rules that ask people."
    )
    limit_count = forms.IntegerField(label="At most", required=False, min_value=1, max_value=1_000_000)
    limit_value = forms.FloatField(label="and at most, in money", required=False, min_value=0)
    limit_currency = forms.CharField(
        label="Currency", required=False, max_length=3, widget=forms.TextInput(attrs={**PLAIN, "size": 4})
    )
    limit_per = forms.ChoiceField(label="Per", required=False, choices=[("day", "day"), ("hour", "hour")])
    until = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only for rules that let pass. Without a day it ends in 30 days.",
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        help_text="What approvers read beside the request, or what the agent is told when it is refused.",
    )
    expression = forms.CharField(
        label="And this expression is true",
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={**PLAIN, "rows": 2, "class": "textarea mono"}),
        help_text='CEL, for what the conditions cannot say: args.amount < 50.0 && agent == "support-ai".',
    )

    def __init__(
        self, *args: Any, rows: int = 1, whom: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.data, QueryDict):
            self.data = self.data.copy()
        for row in range(MOST_CONDITIONS):
            for given in (self.initial, self.data):
                for name, value in split(row, given).items():
                    cast("dict[str, Any]", given)[name] = value
        self.reach: Scope | None = None
        self.rows = min(max(rows, 1), MOST_CONDITIONS)
        for row in range(self.rows):
            self.fields |= condition_fields(row, joined(row, self.data or self.initial))
        for row in range(NEED_ROWS):
            self.fields[f"count_{row}"] = forms.IntegerField(
                label="People",
                required=False,
                min_value=1,
                max_value=10,
                widget=forms.NumberInput(attrs={"class": "input input-sm count"}),
            )
            self.fields[f"who_{row}"] = forms.ChoiceField(
                label="Who",
                required=False,
                choices=[("", "nobody further"), *whom],
                widget=forms.Select(attrs={"class": "select select-sm"}),
            )

    @property
    def conditions(self) -> list[tuple[Any, ...]]:
        """The rows of conditions, as bound fields: fact, path of an argument, comparison, value."""
        return [
            tuple(self[f"{part}_{row}"] for part in ("fact", "path", "op", "value"))
            for row in range(self.rows)
        ]

    def clean(self) -> dict[str, Any]:
        """An argument is named."""
        given = super().clean() or {}
        for row in range(self.rows):
            if given.get(f"fact_{row}") == ARGUMENT and not given.get(f"path_{row}"):
                self.add_error(f"path_{row}", "Name the argument.")
        return given

    @property
    def needs(self) -> list[tuple[Any, Any]]:
        """The rows of further people, as bound fields."""
        return [(self[f"count_{row}"], self[f"who_{row}"]) for row in range(NEED_ROWS)]

    def rule(self, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The rule as JSON would hold it; what the form does not show is kept from `before`."""
        given = self.cleaned_data
        rule = dict(before or {})
        told: dict[str, Any] = {
            "id": given["id"],
            "tool": given["tool"],
            "agent": given["agent"],
            "effects": given["effects"] or None,
            "then": given["then"],
            "priority": given["priority"],
            "risk_at_least": given["risk_at_least"] or None,
            "note": given["note"] or None,
            "expression": given["expression"] or None,
            "when": [self._condition(row) for row in self._used()] or None,
            "needs": [self._need(row) for row in range(NEED_ROWS) if given[f"who_{row}"]] or None,
            "limits": self._limits(rule.get("limits") or []) or None,
            "until": self._until(rule.get("until")),
        }
        rule.update(told)
        return {key: value for key, value in rule.items() if value is not None}

    def show(self, problems: Sequence[Problem], place: int) -> None:
        """Show what is wrong with the document: at the fields where it is this rule, above the form where it is not."""
        used = self._used()
        for problem in problems:
            parts = problem.pointer.split("/")[1:]
            mine = parts[:2] == ["rules", str(place)]
            self.add_error(self._field(parts[2:], used) if mine else None, problem.message)

    @classmethod
    def initial_of(cls, rule: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows of a rule."""
        told = {
            key: rule[key]
            for key in (
                "id",
                "tool",
                "agent",
                "effects",
                "then",
                "priority",
                "risk_at_least",
                "note",
                "expression",
            )
            if key in rule
        }
        for row, condition in enumerate(rule.get("when") or []):
            told |= {
                f"fact_{row}": condition["fact"],
                f"op_{row}": condition["op"],
                f"value_{row}": text_of(condition.get("value")),
            }
        for row, need in enumerate((rule.get("needs") or [])[:NEED_ROWS]):
            told |= {
                f"count_{row}": need["count"],
                f"who_{row}": who_key(need.get("tier"), need.get("group")),
            }
        for limit in (rule.get("limits") or [])[:1]:
            told |= {
                f"limit_{key}": limit[key] for key in ("count", "value", "currency", "per") if key in limit
            }
        if rule.get("until"):
            told["until"] = datetime.fromisoformat(rule["until"]).date()
        return told

    def _used(self) -> list[int]:
        return [row for row in range(self.rows) if self.cleaned_data.get(f"fact_{row}")]

    def _condition(self, row: int) -> dict[str, Any]:
        given = self.cleaned_data
        fact, op, text = joined(row, given), given[f"op_{row}"], given[f"value_{row}"].strip()
        if op == "exists":
            return {"fact": fact, "op": op, "value": text.casefold() not in ("false", "no")}
        known = find(fact)
        type_ = known.type if known else Type.ANY
        if op in LIST_OPS:
            return {
                "fact": fact,
                "op": op,
                "value": [value_of(part.strip(), type_) for part in text.split(",")],
            }
        return {"fact": fact, "op": op, "value": value_of(text, type_)}

    def _need(self, row: int) -> dict[str, Any]:
        tier, _, group = self.cleaned_data[f"who_{row}"].partition("/")
        need: dict[str, Any] = {"count": self.cleaned_data[f"count_{row}"] or 1}
        return need | ({"tier": tier} if tier else {}) | ({"group": group} if group else {})

    def _limits(self, before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        given, kept = self.cleaned_data, list(before[1:])
        if given["limit_count"] is None and given["limit_value"] is None:
            return kept
        limit: dict[str, Any] = {**(before[0] if before else {}), "per": given["limit_per"] or "day"}
        limit |= {
            "count": given["limit_count"],
            "value": given["limit_value"],
            "currency": given["limit_currency"].upper() or None,
        }
        return [{key: value for key, value in limit.items() if value is not None}, *kept]

    def _until(self, before: str | None) -> str | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if before and datetime.fromisoformat(before).date() == day:
            return before
        return datetime.combine(day, time(23, 59, 59), UTC).isoformat().replace("+00:00", "Z")

    def _field(self, parts: Sequence[str], used: Sequence[int]) -> str | None:
        if not parts:
            return None
        if parts[0] == "when" and len(parts) > 1 and parts[1].isdecimal() and int(parts[1]) < len(used):
            row = used[int(parts[1])]
            fact = "path" if self.cleaned_data.get(f"fact_{row}") == ARGUMENT else "fact"
            return f"{fact if parts[-1] == 'fact' else 'value'}_{row}"
        places = {"when": "fact_0", "needs": "who_0", "limits": "limit_count"}
        name = places.get(parts[0], parts[0])
        return name if name in self.fields else None


def who_key(tier: str | None, group: str | None) -> str:
    """How a form names whom a need asks for: `lead/`, `/security`, `lead/security`."""
    return f"{tier or ''}/{group or ''}"


def who_choices(tiers: Sequence[str], groups: Sequence[str]) -> list[tuple[str, str]]:
    """Whom a rule may ask for: every tier, every group."""
    return [(who_key(tier, None), who_words(tier, None)) for tier in tiers] + [
        (who_key(None, group), who_words(None, group)) for group in groups
    ]
