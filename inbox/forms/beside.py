"""What people's forms send short of a decision, and after one."""

from __future__ import annotations

from typing import Final

from django import forms

from inbox.forms.decisions import DIGEST_LENGTH, KEY_LENGTH, CheckedForm
from inbox.services.verbs import MESSAGE_LENGTH

# A little over what services take, so that they say what is too long.
ROOM: Final = 4 * MESSAGE_LENGTH


class TalkForm(CheckedForm):
    """What the agent is asked or told, of the draft the page showed."""

    nothing = "Not sent."
    kind = forms.ChoiceField(choices=[(word, word) for word in ("ask", "regenerate", "guide")])
    text = forms.CharField(max_length=ROOM, required=False, strip=True)
    digest = forms.CharField(max_length=DIGEST_LENGTH)
    idempotency_key = forms.CharField(max_length=KEY_LENGTH)


class SnoozeForm(CheckedForm):
    """Until when, or until what, a request is put aside."""

    nothing = "Not put aside."
    until = forms.ChoiceField(
        choices=[(word, word) for word in ("15m", "1h", "tomorrow", "reply", "decided", "alike")],
        error_messages={"required": "Choose until when.", "invalid_choice": "Choose until when."},
    )
    other = forms.UUIDField(required=False, error_messages={"invalid": "Choose another request."})
    count = forms.IntegerField(required=False, error_messages={"invalid": "Say how many alike, as a number."})


class ReasonForm(CheckedForm):
    """A reason, and for passing on to whom. That there is one the service says."""

    nothing = "Nothing was changed."
    reason = forms.CharField(max_length=ROOM, required=False, strip=True)
    to = forms.CharField(max_length=150, required=False)


class FeedbackForm(CheckedForm):
    """What a person thinks of a decision."""

    nothing = "Not recorded."
    kind = forms.ChoiceField(
        choices=[(word, word) for word in ("good", "bad", "incident")],
        error_messages={"required": "Say which.", "invalid_choice": "Say which."},
    )
    reason = forms.CharField(max_length=ROOM, required=False, strip=True)
