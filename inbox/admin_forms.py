"""Forms of the pages where admins manage people, tiers, tools and agents.

They give fields and labels; what is right and wrong is the services' affair, and `refuse` shows it at the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms

from inbox.errors import Refused
from inbox.models import Tier

NO_TIER = ("", "no tier: may look, not decide")
_LIFETIMES = (("1", "1 day"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"))


class PlainForm(forms.Form):
    """Controls with this product's classes, errors tied to their fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput):
                widget.attrs.setdefault("class", "checkbox checkbox-sm")
            elif isinstance(widget, forms.Select):
                widget.attrs.setdefault("class", "select select-sm")
            elif isinstance(widget, forms.Textarea):
                widget.attrs.setdefault("class", "textarea textarea-sm")
            else:
                widget.attrs.setdefault("class", "input input-sm")

    def refuse(self, refused: Refused, *, fields: Mapping[str, str] | None = None) -> None:
        """Show a service's refusal: at the fields it names by pointer, or over the form."""
        placed = False
        for error in refused.errors:
            name = error.pointer.lstrip("/").partition("/")[0]
            name = (fields or {}).get(error.pointer, name)
            if name in self.fields:
                self.add_error(name, error.detail or refused.detail)
                placed = True
        if not placed:
            self.add_error(None, refused.detail)


class InviteForm(PlainForm):
    """A person to join the team."""

    username = forms.CharField(
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text="Letters a to z, digits, dots and dashes.",
    )
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    tier = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, tiers: Iterable[Tier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_tiers(self, tiers)


class MemberForm(PlainForm):
    """A member's place in the team."""

    tier = forms.ChoiceField(required=False)
    is_admin = forms.BooleanField(
        required=False,
        label="Admin",
        help_text="Manages people, tools, agents and the ladder. Admins decide only by their tier.",
    )
    is_active = forms.BooleanField(
        required=False, label="Active", help_text="Without it they cannot open this team at all."
    )

    def __init__(self, *args: Any, tiers: Iterable[Tier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_tiers(self, tiers)


class TierForm(PlainForm):
    """A new step on top of the ladder."""

    name = forms.CharField(
        label="New tier",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text="Lower-case letters, digits and dashes. A name stays for ever, because votes and the log refer to it.",
    )


class AgentForm(PlainForm):
    """A new agent."""

    handle = forms.CharField(
        label="Handle",
        max_length=80,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text="Letters, digits, dots and dashes. You become its owner, so you cannot approve for it.",
    )


class TokenForm(PlainForm):
    """A new bearer token for an agent."""

    name = forms.CharField(
        label="What for",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Such as: production, Ana's laptop.",
    )
    days = forms.ChoiceField(label="Works for", choices=_LIFETIMES, initial="90")

    @property
    def lifetime(self) -> timedelta:
        """How long the token shall work."""
        return timedelta(days=int(self.cleaned_data["days"]))


def _offer_tiers(form: forms.Form, tiers: Iterable[Tier]) -> None:
    field = form.fields["tier"]
    if isinstance(field, forms.ChoiceField):
        field.choices = [NO_TIER, *((tier.name, tier.name) for tier in tiers)]
