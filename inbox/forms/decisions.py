"""What people's forms send, checked before a service sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, Self, cast
from uuid import UUID

from django import forms

from inbox.errors import FieldError, Invalid
from inbox.selectors.groups import Line
from inbox.selectors.saying.draft import Draft
from inbox.services.decide import MESSAGE_LENGTH

Verdict = Literal["approve", "reject", "break_glass"]

# Forms carry lines of hidden fields; a value longer than these was not made by our pages.
DIGEST_LENGTH: Final = 80
KEY_LENGTH: Final = 200
PRESET_LENGTH: Final = 500
SLUG_LENGTH: Final = 50
OP_LENGTH: Final = 4_000
_ITEM: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (sha256:[0-9a-f]{64})")


class CheckedForm(forms.Form):
    """A form that refuses as services do. Its text fields take no NUL, which Postgres cannot store."""

    def checked(self) -> Self:
        """This form, if it can be used. Raises Invalid with every field that is wrong."""
        if self.is_valid():
            return self
        errors = [
            FieldError(f"/{name}", error.code or "invalid", " ".join(error.messages))
            for name, found in self.errors.as_data().items()
            for error in found
        ]
        raise Invalid("invalid-form", f"{self.nothing} {errors[0].detail}", errors=errors)

    nothing = "Not recorded."


class TeamForm(CheckedForm):
    """The team to go to."""

    nothing = "Nothing was done."
    team = forms.CharField(max_length=SLUG_LENGTH)


class DecideForm(CheckedForm):
    """One verdict on one request, bound to the digest the page showed.

    `confirmed` says that the consequence was shown; `read_back` is the value asked for; `preset` and `message`
    together are what the agent is told.
    """

    verdict = forms.ChoiceField(choices=[(word, word) for word in ("approve", "reject", "break_glass")])
    digest = forms.CharField(max_length=DIGEST_LENGTH)
    idempotency_key = forms.CharField(max_length=KEY_LENGTH)
    confirmed = forms.BooleanField(required=False)
    read_back = forms.CharField(max_length=100, required=False)
    preset = forms.CharField(max_length=PRESET_LENGTH, required=False)
    message = forms.CharField(max_length=MESSAGE_LENGTH, required=False, strip=True)

    @property
    def verdict_word(self) -> Verdict:
        """The verdict, once the form is valid."""
        return cast("Verdict", self.cleaned_data["verdict"])

    @property
    def told(self) -> str:
        """What the agent will be told."""
        return " ".join(part for part in (self.cleaned_data["preset"], self.cleaned_data["message"]) if part)


class SayForm(CheckedForm):
    """What every form of the request page carries besides its own fields.

    `stage` is form (show it again as filled in), preview (show what it means) or commit; `op` is what a button inside
    the form does to it before it is shown again, and then nothing else is done.
    """

    stage = forms.ChoiceField(
        choices=[(word, word) for word in ("form", "preview", "commit")],
        error_messages={"required": "Send the form again.", "invalid_choice": "Send the form again."},
        required=False,
    )
    op = forms.CharField(max_length=OP_LENGTH, required=False)
    digest = forms.CharField(max_length=DIGEST_LENGTH)
    idempotency_key = forms.CharField(max_length=KEY_LENGTH)
    read_back = forms.CharField(max_length=100, required=False)
    message = forms.CharField(max_length=MESSAGE_LENGTH, required=False, strip=True)
    because = forms.CharField(max_length=MESSAGE_LENGTH, required=False, strip=True)

    def clean_stage(self) -> str:
        stage: str = self.cleaned_data["stage"]
        if not stage and not self.data.get("op"):
            raise forms.ValidationError("Send the form again.", code="required")
        return stage

    def told(self, draft: Draft) -> str:
        """What the agent is told with it: the note, or why none of the options fits."""
        if draft.verdict == "reject" and self.cleaned_data["because"]:
            return str(self.cleaned_data["because"])
        return str(self.cleaned_data["message"])


class BatchForm(CheckedForm):
    """A verdict on the ticked lines of a sheet; `again` only shows the sheet once more.

    Which lines are ticked and what was said about odd ones is compared with the sheet and never stored.
    """

    nothing = "Nothing was recorded."
    verdict = forms.ChoiceField(
        choices=[("approve", "approve"), ("reject", "reject"), ("again", "again")],
        error_messages={"required": "Approve or reject.", "invalid_choice": "Approve or reject."},
    )
    idempotency_key = forms.CharField(max_length=KEY_LENGTH, required=False)
    preset = forms.CharField(max_length=PRESET_LENGTH, required=False)
    message = forms.CharField(max_length=MESSAGE_LENGTH, required=False, strip=True)

    @property
    def told(self) -> str:
        """What the agents will be told: the reason that was chosen, then one's own words."""
        return " ".join(part for part in (self.cleaned_data["preset"], self.cleaned_data["message"]) if part)


def sheet_lines(items: Sequence[str]) -> list[Line]:
    """The frozen list a sheet carries, `id digest` a field. Raises Invalid for what is no such pair."""
    pairs = [_ITEM.fullmatch(item) for item in items]
    if not all(pairs):
        raise Invalid(
            "invalid-item", "Nothing was recorded. The sheet's list was not understood: open it again."
        )
    return [Line(UUID(pair[1]), pair[2]) for pair in pairs if pair]
