"""Forms of rotas and absences. What is right and wrong is the services' affair; `refuse` shows it at the field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.timezone import localdate

from inbox.forms.admin import PlainForm
from inbox.models import Member, Rota
from inbox.services.rotas import MOST_SEATS

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLACES: Final = MOST_SEATS


class RotaForm(PlainForm):
    """When a rota hands over, and up to twelve people in their order; empty places are left out."""

    name = forms.CharField(
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Lower-case letters, digits and dashes. Policies name it by this, so it stays for ever.",
    )
    period = forms.ChoiceField(choices=Rota.Period.choices, label="Hands over", initial=Rota.Period.WEEK)
    weekday = forms.TypedChoiceField(
        choices=list(enumerate(WEEKDAYS)), coerce=int, label="On", initial=0, help_text="For weeks only."
    )
    handover = forms.TimeField(
        label="At", initial="09:00", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    timezone = forms.CharField(
        label="Time zone",
        max_length=60,
        initial="Europe/Berlin",
        help_text="As Europe/Berlin. The time above is its wall clock's.",
    )
    starts_on = forms.DateField(
        label="First day",
        initial=localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, members: Iterable[Member], named: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not named:
            del self.fields["name"]
        choices = [("", "nobody"), *((str(m.pk), m.user.get_username()) for m in members)]
        for place in range(1, PLACES + 1):
            field = forms.ChoiceField(choices=choices, required=False, label=f"Place {place}")
            field.widget.attrs["class"] = "select select-sm"
            self.fields[f"place_{place}"] = field

    @classmethod
    def of(cls, rota: Rota, *, members: Iterable[Member]) -> RotaForm:
        """The form filled with a rota."""
        initial = {
            "period": rota.period,
            "weekday": rota.weekday,
            "handover": rota.handover,
            "timezone": rota.timezone,
            "starts_on": rota.starts_on,
            **{f"place_{place}": str(s.member_id) for place, s in enumerate(rota.seats.all(), start=1)},
        }
        return cls(members=members, named=False, initial=initial)

    @property
    def shown(self) -> list[forms.BoundField]:
        """The places in use, in their order, and two more."""
        return self._places[: self._in_use + 2]

    @property
    def spare(self) -> list[forms.BoundField]:
        """The places after those, which most rotas leave empty."""
        return self._places[self._in_use + 2 :]

    @property
    def _places(self) -> list[forms.BoundField]:
        return [self[f"place_{place}"] for place in range(1, PLACES + 1)]

    @property
    def _in_use(self) -> int:
        return max((number for number, place in enumerate(self._places, start=1) if place.value()), default=1)

    def given(self) -> dict[str, Any]:
        """What the services take."""
        sent = self.cleaned_data
        chosen = [sent[f"place_{place}"] for place in range(1, PLACES + 1)]
        return {
            **{key: sent[key] for key in ("period", "weekday", "handover", "timezone", "starts_on")},
            "members": [UUID(one) for one in chosen if one],
        }


class AwayForm(PlainForm):
    """From when to when somebody is away, and who is asked instead."""

    first_day = forms.DateField(label="First day away", widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label="Last day away", widget=forms.DateInput(attrs={"type": "date"}))
    delegate = forms.ChoiceField(
        required=False,
        label="Who is asked instead",
        help_text="They decide with their own rights. What needs more goes to somebody else.",
    )
    reason = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Shown to your team and kept in the log.",
    )

    def __init__(self, *args: Any, members: Iterable[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        delegate = self.fields["delegate"]
        if isinstance(delegate, forms.ChoiceField):
            delegate.choices = [
                ("", "nobody in particular"),
                *((str(m.pk), m.user.get_username()) for m in members),
            ]
