"""The form on which somebody says how far a grant goes: one choice and one value an argument."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django import forms

from inbox.errors import Refused
from inbox.forms.admin import PlainForm
from inbox.policy.grants import ArgumentTest, Op, Pattern, offered
from inbox.rendering.reveal import reveal
from inbox.services.grants import LONGEST, MOST_USES

_WORDS: Final[dict[Op, str]] = {
    "equal": "is exactly this",
    "starts_with": "begins with",
    "under": "is in or below the directory",
    "at_most": "is at most",
    "any": "may be anything",
}
_UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
LONGEST_SHOWN: Final = 300


class GrantForm(PlainForm):
    """Made for one action's arguments; what is exact keeps the action's own value, whatever a browser sends."""

    lifetime = forms.IntegerField(label="For", min_value=1, max_value=43_200, initial=1)
    unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in _UNITS], initial="hours")
    max_uses = forms.IntegerField(
        label="At most so many times",
        required=False,
        min_value=1,
        max_value=MOST_USES,
        help_text="Empty: as often as it is asked, until the time is over.",
    )
    this_run = forms.BooleanField(label="Only in this run", required=False, initial=True)
    digest = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, args: Mapping[str, Any], *positional: Any, **kwargs: Any) -> None:
        super().__init__(*positional, **kwargs)
        self.args = args
        for place, (name, value) in enumerate(args.items()):
            ops = offered(name, value)
            shown = reveal(name).plain[:80]
            self.fields[f"op_{place}"] = forms.ChoiceField(
                label=shown,
                choices=[(op, _WORDS[op]) for op in ops],
                initial="equal",
                widget=forms.Select(attrs={"class": "select select-sm"}),
            )
            if len(ops) > 1 and set(ops) - {"equal", "any"}:
                self.fields[f"value_{place}"] = forms.CharField(
                    label=f"Value for {shown}",
                    required=False,
                    max_length=2_000,
                    strip=False,
                    initial=_suggested(value),
                    widget=forms.TextInput(
                        attrs={"class": "input input-sm", "autocomplete": "off", "spellcheck": "false"}
                    ),
                )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """One line an argument, for the page: its name, its value as asked, and its fields."""
        found = []
        for place, (name, value) in enumerate(self.args.items()):
            text = json.dumps(value, ensure_ascii=False)
            found.append(
                {
                    "name": reveal(name).plain[:80],
                    "value": reveal(text[:LONGEST_SHOWN]).plain + ("…" if len(text) > LONGEST_SHOWN else ""),
                    "op": self[f"op_{place}"],
                    "text": self[f"value_{place}"] if f"value_{place}" in self.fields else None,
                }
            )
        return found

    @property
    def pattern(self) -> Pattern:
        """What the valid form says of every argument."""
        return tuple(self._test(place, name, value) for place, (name, value) in enumerate(self.args.items()))

    @property
    def span(self) -> timedelta:
        """How long it shall hold."""
        seconds: int = self.cleaned_data["lifetime"] * _UNITS[self.cleaned_data["unit"]]
        return timedelta(seconds=seconds)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("lifetime") and given.get("unit") and self.span > LONGEST:
            self.add_error("lifetime", "At most 30 days.")
        return given

    def refuse(self, refused: Refused, *, fields: Mapping[str, str] | None = None) -> None:
        places = {
            f"/pattern/{name}": f"value_{place}" if f"value_{place}" in self.fields else f"op_{place}"
            for place, name in enumerate(self.args)
        }
        super().refuse(refused, fields={**places, **(fields or {})})

    def _test(self, place: int, name: str, value: Any) -> ArgumentTest:
        op: Op = self.cleaned_data[f"op_{place}"]
        if op in ("equal", "any"):
            return ArgumentTest(name, op, value if op == "equal" else None)
        text = self.cleaned_data.get(f"value_{place}", "")
        return ArgumentTest(name, op, _number(text) if op == "at_most" else text)


def _suggested(value: Any) -> str:
    """The value itself; of a path the directory it is in."""
    if isinstance(value, str):
        head, slash, _ = value.rpartition("/")
        return value[:2_000] if "://" in value or not slash or not head else head
    return str(value)


def _number(text: str) -> Any:
    """A number as typed; what is none stays text, and the service says so where it stands."""
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return number if isinstance(number, int | float) and math.isfinite(number) else text
