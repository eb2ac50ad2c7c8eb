"""The forms that pause and resume. What is right and wrong is the service's affair; `refuse` shows it at the field."""

from __future__ import annotations

from typing import Any

from django import forms

from inbox.forms.admin import PlainForm


class PauseForm(PlainForm):
    """Why something is paused; for a whole team also how many agents that stops, read back."""

    agents = forms.IntegerField(
        label="How many agents does this stop?",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="The number stands above.",
    )
    reason = forms.CharField(
        max_length=500,
        label="Why",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Shown to everybody of the team and kept in the log.",
        error_messages={"required": "Say why."},
    )

    def __init__(self, *args: Any, stops: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stops = stops
        if stops is None:
            del self.fields["agents"]

    def clean_agents(self) -> int:
        """The number of agents that would be stopped."""
        said: int = self.cleaned_data["agents"]
        if said != self.stops:
            raise forms.ValidationError("That is not the number of agents.")
        return said


class ResumeForm(PlainForm):
    """Why a pause ends, if somebody wants to say so."""

    reason = forms.CharField(max_length=500, required=False, label="Why it goes on")
