"""The three fields of one condition in the rule form: a fact from the catalogue, a comparison, a value.

An argument is a fact with a path of its own, so its path has a field beside. What does not fit is refused where a
document is parsed; here only is offered what does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, get_args

from django import forms
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from inbox.policy.fact_catalogue import CONTEXT_FIELDS, FACTS, Fact, Kind, Type, find
from inbox.policy.rule import Op
from inbox.selectors.policy_words import COMPARED

PLAIN: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
LIST_OPS: Final = frozenset({"in", "not_in"})
ARGUMENT: Final = "args."
_KINDS: Final[dict[Kind, str]] = {
    Kind.VOUCHED: "Known to this server",
    Kind.COMPUTED: "Computed from what is asked",
    Kind.CLAIMED: "Only the agent says so: may ask for more, never let pass",
}
# Which types of fact a group of comparisons is for; a test holds it against the core's own answer.
_GROUPS: Final[tuple[tuple[str, frozenset[Type], tuple[Op, ...]], ...]] = (
    ("Any fact", frozenset(Type), ("eq", "ne", "in", "not_in", "exists")),
    ("Numbers", frozenset({Type.NUMBER, Type.ANY}), ("lt", "le", "gt", "ge")),
    (
        "Texts",
        frozenset({Type.TEXT, Type.TEXTS, Type.ANY}),
        ("contains", "starts_with", "ends_with", "matches", "under"),
    ),
)
_TYPES: Final = {op: types for _, types, ops in _GROUPS for op in ops}
_HINTS: Final[dict[str, str]] = {
    Type.TEXT.value: "A text, as it is.",
    Type.TEXTS.value: "A text; each of the fact's values is compared with it.",
    Type.NUMBER.value: "A number, such as 50 or 0.5.",
    Type.BOOLEAN.value: "true or false.",
    Type.ANY.value: "A number, true, false or a text. In quotes it is always text.",
    "several": "Several, with commas between.",
    "exists": "Nothing, or false for “is not there”.",
}


class _TypedSelect(forms.Select):
    """A select whose options say which types they are for, so that the stylesheet offers only what fits."""

    def __init__(self, types: Mapping[str, str], **attrs: str) -> None:
        super().__init__(attrs={"class": "select select-sm", **attrs})
        self.types = types

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-types"] = self.types.get(str(value), "")
        return option


def condition_fields(row: int, fact: str = "") -> dict[str, forms.Field]:
    """The fields of one row by name. `fact` is what was sent or stored: a name that is none is kept to be corrected."""
    choices = _fact_choices()
    if fact and find(fact) is None:
        choices.append(("No fact", [(fact, fact)]))
    types = {ARGUMENT: Type.ANY.value} | {name: one.type.value for name, one in _named()}
    return {
        f"fact_{row}": forms.CharField(
            label="Fact", required=False, max_length=300, widget=_offering(types, choices, "fact")
        ),
        f"path_{row}": forms.CharField(
            label="Argument",
            required=False,
            max_length=290,
            widget=forms.TextInput(attrs={**PLAIN, "class": "input input-sm mono", "placeholder": "amount"}),
        ),
        f"op_{row}": forms.ChoiceField(
            label="Comparison",
            required=False,
            choices=[(title, [(op, COMPARED[op]) for op in ops]) for title, _, ops in _GROUPS],
            widget=_TypedSelect({op: " ".join(sorted(types)) for op, types in _TYPES.items()}),
        ),
        f"value_{row}": forms.CharField(
            label="Value",
            required=False,
            max_length=2_000,
            help_text=_hints(),
            widget=forms.TextInput(attrs={**PLAIN, "class": "input input-sm mono"}),
        ),
    }


def split(row: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """A fact `args.to` as the form has it: "an argument", and its path beside."""
    fact = str(given.get(f"fact_{row}") or "")
    if not fact.startswith(ARGUMENT) or fact == ARGUMENT:
        return {}
    return {f"fact_{row}": ARGUMENT, f"path_{row}": fact.removeprefix(ARGUMENT)}


def joined(row: int, given: Mapping[str, Any]) -> str:
    """The fact's whole name."""
    fact = str(given.get(f"fact_{row}") or "")
    return fact + str(given.get(f"path_{row}") or "").strip() if fact == ARGUMENT else fact


def facts_by_kind() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every fact with its meaning, under who vouches for it."""
    return [
        (title, [(fact.name, fact.doc.replace("`", "")) for fact in FACTS if fact.kind is kind])
        for kind, title in _KINDS.items()
    ]


def value_of(text: str, type_: Type) -> Any:
    """What somebody typed as a value of this type. In quotes it is always text."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if type_ in (Type.TEXT, Type.TEXTS):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def text_of(value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, list):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, str):
        return f'"{value}"' if value_of(value, Type.ANY) != value else value
    return json.dumps(value)


def _named() -> list[tuple[str, Fact]]:
    """What can be chosen: the facts, and of the context's family every member."""
    found = []
    for fact in FACTS:
        if fact.name == "context.*":
            found += [(f"context.{field}", fact) for field in sorted(CONTEXT_FIELDS)]
        elif fact.name != "args.*":
            found.append((fact.name, fact))
    return found


def _fact_choices() -> list[tuple[str, Any]]:
    grouped = {
        kind: [(name, f"{name}: {_meaning(name, fact)}") for name, fact in _named() if fact.kind is kind]
        for kind in _KINDS
    }
    grouped[Kind.VOUCHED].insert(0, (ARGUMENT, "An argument, by its name"))
    return [("", "no condition"), *((title, grouped[kind]) for kind, title in _KINDS.items())]


def _meaning(name: str, fact: Fact) -> str:
    if name.startswith("context."):
        return "Whether the agent filled in this field."
    return fact.doc.replace("`", "")


def _offering(types: Mapping[str, str], choices: list[tuple[str, Any]], mark: str) -> _TypedSelect:
    widget = _TypedSelect(types, **{f"data-{mark}": ""})
    widget.choices = choices
    return widget


def _hints() -> SafeString:
    return format_html_join(" ", '<span data-for="{}">{}</span>', _HINTS.items())


assert set(_TYPES) == set(get_args(Op)), "every comparison is offered"  # noqa: S101 - a mistake of ours, found at import
