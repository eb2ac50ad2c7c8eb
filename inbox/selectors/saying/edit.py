"""Edit and approve: the arguments of the one action as typed fields, or as JSON. Several are edited in `parts`."""

from __future__ import annotations

from inbox.answers import Said
from inbox.lifecycle import Verb
from inbox.rendering.diff import diff
from inbox.rendering.edit import EditRefused, FieldError
from inbox.selectors.saying.draft import Draft, Panel, refused
from inbox.selectors.saying.fields import Fields, pressed

UNCHANGED = FieldError(
    "", "nothing-edited", "Nothing is changed. Change a value, or approve it as it stands."
)


class EditPanel(Panel):
    """Fields made from the tool's schema and the values; what the schema does not know is marked."""

    step = "edit"
    template = "inbox/_say_edit.html"
    title = "Edit and approve"
    fields: Fields

    def build(self) -> None:
        self.fields = Fields(
            self.action.get("args_schema"), self.action["args"], self.posted, touched=self.touched
        )

    def press(self, op: str) -> None:
        self.focused = pressed([(self.key, self.fields)], op)

    def draft(self) -> Draft:
        try:
            args = self.fields.arguments()
        except EditRefused as wrong:
            raise refused(wrong.errors, self.key) from None
        changes = diff(self.action["args"], args)
        if not changes:
            self.fields.show([UNCHANGED])
            raise refused([UNCHANGED], self.key)
        return Draft(
            {self.key: Said(Verb.EDIT, args)},
            button=f"Approve {self.action['name']} as edited",
            changes={self.key: changes},
            args={self.key: args},
        )
