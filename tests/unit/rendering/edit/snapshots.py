"""What the golden file of editing holds: forms, diffs and options as a page would draw them."""

from __future__ import annotations

import json
from typing import Any, Final

from inbox.rendering.diff import Change, diff, summary
from inbox.rendering.edit import Form, form_of, problems
from inbox.rendering.options import OptionTable, option_table
from tests.unit.rendering.snapshots import GOLDEN

FILE: Final = GOLDEN / "editing.json"

# The shapes pydantic writes: references, optional values as anyOf, literals as enum and const.
MAIL: Final[dict[str, Any]] = {
    "$defs": {
        "Attachment": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 80},
                "inline": {"type": "boolean", "default": False},
            },
        },
        "Priority": {"enum": ["low", "normal", "high"], "title": "Priority", "type": "string"},
    },
    "type": "object",
    "required": ["to", "subject"],
    "additionalProperties": False,
    "properties": {
        "to": {"type": "array", "items": {"type": "string", "format": "email"}, "minItems": 1},
        "subject": {"type": "string", "title": "Subject", "maxLength": 120},
        "body": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "priority": {"$ref": "#/$defs/Priority"},
        "attachments": {"type": "array", "items": {"$ref": "#/$defs/Attachment"}},
        "limit": {
            "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "^\\d+$"}]
        },
        "retry": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 5}, {"type": "null"}]},
    },
}
MAIL_ARGS: Final = {
    "to": ["ann@example.com", "bob@ex\u0430mple.com"],
    "subject": "New Year Sale",
    "body": "Hi,\r\nsee https://shop.example/\r\n",
    "priority": "urgent",
    "attachments": [{"name": "a\u202efdp.exe"}],
    "limit": 12.5,
    "bcc": "all@example.com",
}
FORMS: Final[dict[str, tuple[Any, Any]]] = {
    "a mail": (MAIL, MAIL_ARGS),
    "no schema": (
        None,
        {"sql": "DELETE FROM t\nWHERE x", "ids": [1, 2], "dry": True, "why": None, "deep": {"a": {}}},
    ),
    "a schema that lies": (
        {
            "properties": {
                "amount": {"type": "string", "title": "approve this\u202e", "enum": ["1"]},
                "n": {"type": "integer"},
            }
        },
        {"amount": 5000, "n": "7"},
    ),
}
DIFFS: Final[dict[str, tuple[Any, Any]]] = {
    "a refund lowered": ({"amount": 640, "to": "c_1", "note": "late"}, {"amount": 64.0, "to": "c_1"}),
    "four invoices of five": (
        {"pay": [{"id": f"i{number}", "amount": 10 * number} for number in range(1, 6)]},
        {
            "pay": [{"id": f"i{number}", "amount": 10 * number} for number in (1, 2, 4)]
            + [{"id": "i5", "amount": 45}]
        },
    ),
    "a letter": (
        {"body": "Dear Ann,\nwe pay 25 EUR.\nBest"},
        {"body": "Dear Ann,\nwe paid 25\u200b USD.\nBest"},
    ),
}
OPTIONS: Final[dict[str, list[Any]]] = {
    "flights": [
        {
            "value": {"price": 420.5, "stops": 0, "carrier": "B"},
            "label": "Recommended",
            "description": "safe to approve",
        },
        {"value": {"price": 99, "stops": 2, "carrier": "A"}},
    ],
    "words": [{"value": "delete", "label": "Keep"}, {"value": "keep", "label": "Delete"}, "delete"],
}


def form_lines(form: Form, wrong: list[Any]) -> list[Any]:
    marks = ("required", "unknown", "misfit", "escaped", "multiline", "spare")
    lines: list[Any] = []
    for node in form.nodes:
        flags = [mark for mark in marks if getattr(node, mark)]
        claims = [claim.shown.plain for claim in (node.title, node.description) if claim]
        choices = [
            f"{one.index} {one.shown.plain}" + (" as sent" if one.as_sent else "") for one in node.choices
        ]
        lines.append(
            [node.name, node.kind, node.text, list(node.states), flags, claims, list(node.bounds), choices]
        )
    return [*lines, *([error.pointer, error.code, error.message] for error in wrong)]


def diff_lines(changes: tuple[Change, ...]) -> list[Any]:
    shown = [
        [
            change.pointer,
            change.kind,
            *(value.plain if value else None for value in (change.shown_before, change.shown_after)),
            [[part.kind, part.shown.plain] for part in change.parts],
        ]
        for change in changes
    ]
    return [summary(changes), *shown]


def option_lines(table: OptionTable) -> list[Any]:
    rows = [
        [
            row.index,
            row.same_as,
            [cell.shown.plain if cell else None for cell in row.cells],
            row.label.shown.plain if row.label else None,
        ]
        for row in table.rows
    ]
    return [
        table.sorted_by,
        [[one.name, one.value.plain] for one in table.constants],
        [c.name for c in table.columns],
        *rows,
    ]


def rendered() -> str:
    """The golden file, in ASCII and a line for each field, so that a diff shows what changed."""
    cases = {
        **{f"form: {name}": form_lines(form_of(*case), problems(*case)) for name, case in FORMS.items()},
        **{f"diff: {name}": diff_lines(diff(*case)) for name, case in DIFFS.items()},
        **{f"options: {name}": option_lines(option_table(case)) for name, case in OPTIONS.items()},
    }
    blocks = (
        f" {json.dumps(name)}: [\n" + ",\n".join(f"  {json.dumps(line)}" for line in lines) + "\n ]"
        for name, lines in cases.items()
    )
    return "{\n" + ",\n".join(blocks) + "\n}\n"
