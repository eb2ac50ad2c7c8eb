"""Answering in the agent's or the tool's place: a text, a typed value, or one of the options offered."""

from __future__ import annotations

from inbox.answers import REJECTED, Said
from inbox.canonical import JsonValue
from inbox.errors import FieldError as BodyError
from inbox.errors import Invalid
from inbox.lifecycle import Verb
from inbox.rendering.edit import (
    EditRefused,
    FieldError,
    Form,
    Node,
    empty_form,
    problems,
    read_form,
    refilled,
)
from inbox.rendering.options import OptionTable, option_table, read_choice
from inbox.selectors.saying.draft import Draft, Panel, refused
from inbox.selectors.saying.edit import with_removed

NONE = "none"


class RespondPanel(Panel):
    """A text area, or fields where the agent said what shape the answer has."""

    step = "respond"
    template = "inbox/_say_respond.html"
    title = "Answer"
    previewed = False
    form: Form | None = None
    error = ""

    def build(self) -> None:
        schema = self.action.get("answer_schema")
        self.text = (self.posted.get("text") or [""])[-1].replace("\r\n", "\n")
        self.button = "Send the answer"
        if schema is not None:
            self.fresh = empty_form(schema)
            self.form = (
                refilled(self.fresh, with_removed(self.fresh, self.posted), ())
                if self.touched
                else self.fresh
            )

    @property
    def nodes(self) -> list[Node]:
        """Every field of a typed answer; an object's own heading says nothing."""
        return (
            [] if self.form is None else [one for one in self.form.nodes if one.pointer or not one.container]
        )

    @property
    def consequence(self) -> str:
        if self.action["kind"] in ("question", "review"):
            return f"{self.agent} gets this as its answer."
        return f"{self.agent} gets this as the tool’s result. {self.action['name']} does not run."

    def draft(self) -> Draft:
        value: JsonValue = self.text
        if self.form is not None:
            try:
                value = read_form(self.fresh, with_removed(self.fresh, self.posted))
                wrong = problems(self.action["answer_schema"], value)
            except EditRefused as caught:
                wrong = list(caught.errors)
            if wrong:
                self.form = refilled(self.fresh, with_removed(self.fresh, self.posted), wrong)
                raise refused(wrong, self.key)
        elif not self.text.strip():
            self.error = "Write the answer first."
            raise refused([FieldError("", "answer-missing", self.error)], self.key)
        return Draft({self.key: Said(Verb.RESPOND, value=value)}, button=self.button)


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
