"""Answering in the agent's or the tool's place: a text, a typed value, or one of the options offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inbox.answers import REJECTED, Said
from inbox.canonical import JsonValue
from inbox.errors import FieldError as BodyError
from inbox.errors import Invalid
from inbox.lifecycle import Verb
from inbox.rendering.columns import ABSENT
from inbox.rendering.edit import EditRefused, FieldError
from inbox.rendering.options import OptionTable, option_table, read_choice
from inbox.selectors.saying.draft import Draft, Panel, Posted, refused
from inbox.selectors.saying.fields import Fields, pressed

NONE = "none"


class RespondPanel(Panel):
    """A text area, or fields where the agent said what shape the answer has."""

    step = "respond"
    template = "inbox/_say_respond.html"
    title = "Answer"
    previewed = False
    fields: Fields | None = None
    error = ""

    def build(self) -> None:
        self.text = (self.posted.get("text") or [""])[-1].replace("\r\n", "\n")
        self.button = "Send the answer"
        self.fields = answer_fields(self.action, self.posted, touched=self.touched)

    def press(self, op: str) -> None:
        if self.fields is not None:
            self.focused = pressed([(self.key, self.fields)], op)

    @property
    def consequence(self) -> str:
        if self.action["kind"] in ("question", "review"):
            return f"{self.agent} gets this as its answer."
        return f"{self.agent} gets this as the tool’s result. {self.action['name']} does not run."

    def draft(self) -> Draft:
        value: JsonValue = self.text
        if self.fields is not None:
            try:
                value = self.fields.checked()
            except EditRefused as caught:
                raise refused(caught.errors, self.key) from None
        elif not self.text.strip():
            self.error = "Write the answer first."
            raise refused([FieldError("", "answer-missing", self.error)], self.key)
        return Draft({self.key: Said(Verb.RESPOND, value=value)}, button=self.button)


def answer_fields(
    action: Mapping[str, Any], posted: Posted, *, touched: bool, prefix: str = ""
) -> Fields | None:
    """The fields of a typed answer; None where the answer is a text."""
    schema = action.get("answer_schema")
    return None if schema is None else Fields(schema, ABSENT, posted, touched=touched, prefix=prefix)


class ChoosePanel(Panel):
    """The options side by side, none of them ticked, and "none of these" as the last row."""

    step = "choose"
    template = "inbox/_say_choose.html"
    title = "Choose"
    previewed = False
    table: OptionTable
    error = ""

    def build(self) -> None:
        self.table = option_table(self.action["options"])
        self.multiple = self.action["multiple"]
        self.picked = set(self.posted.get("pick", ()))
        self.because = self.said("because")
        self.button = "Send the choice"

    @property
    def consequence(self) -> str:
        return f"{self.agent} gets the {'values' if self.multiple else 'value'} chosen, and goes on with {'them' if self.multiple else 'it'}."

    def draft(self) -> Draft:
        picked = list(self.posted.get("pick", ()))
        if NONE in picked:
            if len(picked) > 1:
                raise self._refuse(
                    "none-and-some", "None of these and one of these cannot both be: untick one."
                )
            if not self.because:
                raise self._refuse("reason-missing", "Say why none of these fits: the agent is told.")
            return Draft({self.key: REJECTED}, button=self.button, verdict="reject")
        try:
            chosen = read_choice(self.action["options"], self.multiple, picked)
        except EditRefused as caught:
            raise self._refuse(caught.errors[0].code, caught.errors[0].message) from None
        return Draft({self.key: Said(Verb.CHOOSE, value=list(chosen))}, button=self.button)

    def _refuse(self, code: str, message: str) -> Invalid:
        self.error = message
        return Invalid(
            code, f"Not recorded. {message}", errors=[BodyError(f"/decisions/{self.key}", code, message)]
        )
