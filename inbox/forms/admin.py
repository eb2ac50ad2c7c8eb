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
from inbox.policy.ceiling import Limits
from inbox.services.ceilings import CeilingAsked

NO_TIER = ("", "no tier: may look, not decide")
_LIFETIMES = (("1", "1 day"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"))


def code_input(widget: type[forms.Widget] = forms.TextInput, **attrs: object) -> forms.Widget:
    """A control for what is typed to the letter, such as a name or a path: no browser helps with it."""
    plain = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    return widget(attrs=plain | attrs)


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
        widget=code_input(),
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
        widget=code_input(),
        help_text="Lower-case letters, digits and dashes. A name stays for ever, because votes and the log refer to it.",
    )


class CooldownForm(PlainForm):
    """How long a raise waits before it counts."""

    minutes = forms.IntegerField(
        label="Minutes before a raised tier counts",
        min_value=0,
        max_value=30 * 24 * 60,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="Until then the tier before it counts. A lowered tier counts at once.",
    )


class GroupForm(PlainForm):
    """A new group beside the ladder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The new tier's form stands on the same page and has a name too.
        kwargs.setdefault("auto_id", "group_%s")
        super().__init__(*args, **kwargs)

    name = forms.CharField(
        label="New group",
        max_length=40,
        widget=code_input(),
        help_text="Lower-case letters, digits and dashes, such as security. A name stays for ever.",
    )


class DomainForm(PlainForm):
    """A domain that is the team's own."""

    domain = forms.CharField(
        label="Domain",
        max_length=300,
        widget=code_input(placeholder="acme.example"),
        help_text="The domain alone, such as acme.example. Everything below it counts too.",
    )


class CeilingForm(PlainForm):
    """What a person may decide at most."""

    amount = forms.CharField(
        required=False,
        max_length=40,
        label="Amount at most",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Empty for any amount.",
    )
    currency = forms.CharField(
        required=False,
        max_length=10,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "placeholder": "EUR"}
        ),
        help_text="Any other currency is above the ceiling.",
    )
    environments = forms.CharField(
        required=False,
        max_length=2_100,
        label="Only in these environments",
        widget=code_input(placeholder="staging, test"),
        help_text="With commas between. Empty for any.",
    )
    tools = forms.CharField(
        required=False,
        max_length=10_100,
        label="Only these tools",
        widget=code_input(placeholder="send_*, write_file"),
        help_text="With commas between; * stands for any characters. Empty for any.",
    )

    @classmethod
    def of(cls, limits: Limits) -> CeilingForm:
        """The form filled with a ceiling."""
        return cls(
            initial={
                "amount": "" if limits.amount is None else str(limits.amount),
                "currency": limits.currency,
                "environments": ", ".join(limits.environments or ()),
                "tools": ", ".join(limits.tools or ()),
            }
        )

    @property
    def asked(self) -> CeilingAsked:
        """What was typed. A list with nothing in it is no limit: nobody forbids everything by leaving it out."""
        given = self.cleaned_data
        return CeilingAsked(
            amount=given["amount"],
            currency=given["currency"],
            environments=_listed(given["environments"]),
            tools=_listed(given["tools"]),
        )


def _listed(text: str) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] or None


class AgentForm(PlainForm):
    """A new agent."""

    handle = forms.CharField(
        label="Handle",
        max_length=80,
        widget=code_input(),
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
