"""Edit and approve: the arguments of one action as typed fields, or as JSON."""

from __future__ import annotations

from typing import Any

from inbox.answers import APPROVED, Said
from inbox.lifecycle import Verb
from inbox.rendering.diff import diff
from inbox.rendering.edit import (
    EditRefused,
    FieldError,
    Form,
    Node,
    form_of,
    problems,
    raw_text,
    read_form,
    read_raw,
    refilled,
)
from inbox.rendering.edit.nodes import STATE, State
from inbox.selectors.saying.draft import Actions, Draft, Panel, Posted, refused

RAW = "raw"
# Posted by a box beside an element: browsers send nothing for a box that is not ticked.
REMOVE = "remove"


class EditPanel(Panel):
    """Fields made from the tool's schema and the values; what the schema does not know is marked."""

    step = "edit"
    template = "inbox/_say_edit.html"
    title = "Edit and approve"
    form: Form
    text: str
    wrong: tuple[FieldError, ...] = ()

    def first(self, actions: Actions) -> str:
        return next(
            (key for key, action in actions.items() if "edit" in action["allow"]), next(iter(actions))
        )

    def build(self) -> None:
        self.raw = self.said("form") == RAW
        # The values the fields were made for: the agent's, or those filled in when rows were added.
        self.base = self.said("base")
        self.fresh = form_of(self.action.get("args_schema"), self._made_for())
        filled = self.touched and not self.raw
        self.form = refilled(self.fresh, with_removed(self.fresh, self.posted), ()) if filled else self.fresh
        self.text = (self.posted.get("json") or [raw_text(self.action["args"])])[-1].replace("\r\n", "\n")

    def _made_for(self) -> dict[str, Any]:
        try:
            value = read_raw(self.base) if self.base else None
        except EditRefused:
            value = None
        if not isinstance(value, dict):
            self.base = ""
            return dict(self.action["args"])
        return value

    def turn(self, *, raw: bool) -> None:
        """Go on with the same values as JSON, or as fields with empty rows anew. Raises Invalid for values that are none."""
        value = self._read()
        self.raw, self.wrong = raw, ()
        if raw:
            self.text = raw_text(value)
        else:
            self.base = raw_text(value)
            self.form = self.fresh = form_of(self.action.get("args_schema"), value)

    @property
    def nodes(self) -> list[Node]:
        """Every field; the arguments themselves are no field."""
        return [node for node in self.form.nodes if node.pointer]

    @property
    def lists(self) -> bool:
        """Whether there is a list that rows may be added to."""
        return any(node.spare for node in self.form.nodes)

    @property
    def editable(self) -> tuple[str, ...]:
        """The actions that may be edited, one at a time."""
        return tuple(key for key, action in self.actions.items() if "edit" in action["allow"])

    def draft(self) -> Draft:
        args = self._read()
        found = list(problems(self.action.get("args_schema"), args))
        if found:
            raise self._refuse(found)
        changes = diff(self.action["args"], args)
        if not changes:
            raise self._refuse(
                [
                    FieldError(
                        "",
                        "nothing-edited",
                        "Nothing is changed. Change a value, or approve it as it stands.",
                    )
                ]
            )
        answers = dict.fromkeys(self.actions, APPROVED) | {self.key: Said(Verb.EDIT, args)}
        notes = (f"The other {self.others} are approved with it, as they stand.",) if self.others > 1 else ()
        if self.others == 1:
            notes = ("The other action is approved with it, as it stands.",)
        return Draft(
            answers,
            button=f"Approve {self.action['name']} as edited",
            notes=notes,
            changes=changes,
            args={key: action["args"] for key, action in self.actions.items()} | {self.key: args},
        )

    def _read(self) -> dict[str, Any]:
        try:
            if self.raw:
                value = read_raw(self.text)
                if not isinstance(value, dict):
                    raise EditRefused(
                        [FieldError("", "not-an-object", "The arguments are an object: { … }.")]
                    )
            else:
                value = read_form(self.fresh, with_removed(self.fresh, self.posted))
        except EditRefused as wrong:
            raise self._refuse(wrong.errors) from None
        assert isinstance(value, dict)  # noqa: S101 - arguments are an object, and so is their form
        return value

    def _refuse(self, errors: Any) -> Exception:
        if self.raw:
            self.wrong = tuple(errors)
        else:
            self.form = refilled(self.fresh, with_removed(self.fresh, self.posted), list(errors))
        return refused(errors, self.key)


def with_removed(form: Form, posted: Posted) -> Posted:
    """What a form posted, with its boxes for removing as the states they stand for."""
    gone = set(posted.get(REMOVE, ()))
    filled = dict(posted)
    for node in form.nodes:
        if removable(node) and node.name + STATE not in filled:
            filled[node.name + STATE] = [State.ABSENT if node.name in gone else State.VALUE]
    return filled


def removable(node: Node) -> bool:
    """Whether a box is enough to say how the field is set: as it is filled in, or not at all."""
    return node.states == (State.VALUE, State.ABSENT)
