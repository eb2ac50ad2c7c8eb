"""Editing a JSON value with a form: made from the tool's JSON Schema and the value, read back with every type kept."""

from __future__ import annotations

from inbox.rendering.edit.check import problems
from inbox.rendering.edit.form import empty_form, form_of
from inbox.rendering.edit.nodes import Choice, EditRefused, FieldError, Form, Kind, Node
from inbox.rendering.edit.raw import raw_text, read_raw
from inbox.rendering.edit.read import at_fields, place_of, read_form, refilled

__all__ = [
    "Choice",
    "EditRefused",
    "FieldError",
    "Form",
    "Kind",
    "Node",
    "at_fields",
    "empty_form",
    "form_of",
    "place_of",
    "problems",
    "raw_text",
    "read_form",
    "read_raw",
    "refilled",
]
