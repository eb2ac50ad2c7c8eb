"""What people's forms send, checked before a service sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

from django import forms

from inbox.errors import FieldError, Invalid
from inbox.services.decide import MESSAGE_LENGTH

Verdict = Literal["approve", "reject"]

# Forms carry lines of hidden fields; a value longer than these was not made by our pages.
DIGEST_LENGTH: Final = 80
KEY_LENGTH: Final = 200


class DecideForm(forms.Form):
    """One verdict on one request, bound to the digest the page showed.

    `confirmed` says that the consequence was shown; `read_back` is the value asked for; `approved` names the actions approved where a request has
    several (all, when the page offered no choice); `preset` and `message` together are what the agent is told.
    """

    verdict = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    digest = forms.CharField(max_length=DIGEST_LENGTH)
    idempotency_key = forms.CharField(max_length=KEY_LENGTH)
    confirmed = forms.BooleanField(required=False)
    read_back = forms.CharField(max_length=100, required=False)
    each = forms.BooleanField(required=False)
    preset = forms.CharField(max_length=500, required=False)
    message = forms.CharField(max_length=MESSAGE_LENGTH, required=False, strip=True)

    def __init__(self, data: Mapping[str, str], approved: Sequence[str] = ()) -> None:
        super().__init__(data)
        self.approved = tuple(approved)

    @property
    def verdict_word(self) -> Verdict:
        """The verdict, once the form is valid."""
        return cast("Verdict", self.cleaned_data["verdict"])

    @property
    def told(self) -> str:
        """What the agent will be told."""
        return " ".join(part for part in (self.cleaned_data["preset"], self.cleaned_data["message"]) if part)

    def actions(self, keys: Sequence[str]) -> dict[str, Verdict] | None:
        """The verdict on each action, or None when the request is decided as one."""
        if self.verdict_word == "reject" or not self.cleaned_data["each"]:
            return None
        return {key: "approve" if key in self.approved else "reject" for key in keys}

    def checked(self) -> DecideForm:
        """This form, if it can be used. Raises Invalid with every field that is wrong."""
        if self.is_valid():
            return self
        errors = [
            FieldError(f"/{name}", error.code or "invalid", " ".join(error.messages))
            for name, found in self.errors.as_data().items()
            for error in found
        ]
        raise Invalid("invalid-form", f"Not recorded. {errors[0].detail}", errors=errors)
