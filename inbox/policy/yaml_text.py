"""A policy document as YAML, for people and version control: written with stable order, read without surprises.

Only what JSON can say is read. YAML's tags, anchors, aliases, merge keys, dates, octal numbers and `yes` as a
truth value are refused or taken as text: what a reviewer reads is what is in force.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, get_args

import yaml

from inbox.policy.document import CLIMB, PolicyDocument, parse_document
from inbox.policy.problems import PolicyError, Problem, ProblemCode
from inbox.policy.shapes import Checkpoint

LARGEST: Final = 512 * 1024
DEEPEST: Final = 40

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?")
_LITERALS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}


def to_yaml(document: PolicyDocument) -> str:
    """The document as YAML: absent keys stay absent, the ladder climbs, `from_yaml` gives an equal document."""
    told = document.model_dump(mode="json", exclude_none=True)
    for key, order in _ORDERS.items():
        if key in told:
            told[key] = {name: told[key][name] for name in order if name in told[key]}
    return yaml.dump(
        told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


def from_yaml(text: str, *, ranks: Mapping[str, int] | None = None) -> PolicyDocument:
    """Read a document from YAML. Raises PolicyError; what is no plain YAML is told with its line and column.

    `ranks` as for `parse_document`.
    """
    if len(text) > LARGEST:
        raise _malformed(f"The text is longer than {LARGEST // 1024} KiB.")
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _malformed(f"{(error.problem or 'it is not YAML').capitalize()}{_at(mark)}.") from None
    except yaml.YAMLError as error:
        raise _malformed(f"It is not YAML: {str(error).splitlines()[0][:200].rstrip('.')}.") from None
    except RecursionError:
        raise _malformed("It is nested too deeply.") from None
    value = _value(node)
    if not isinstance(value, dict):
        raise _malformed("The text holds no table of keys and values.")
    return parse_document(value, ranks=ranks)


_RISKS: Final = tuple(risk.value for risk in CLIMB)
_ORDERS: Final = {
    "ladder": _RISKS,
    "expires_in": _RISKS,
    "on_timeout": _RISKS,
    "escalation": _RISKS,
    "checkpoints": get_args(Checkpoint),
}


class _Dumper(yaml.SafeDumper):
    """Never writes anchors; quotes every text another reader of YAML might take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    node = dumper.represent_str(text)
    # Texts the safe dumper leaves bare, as 1e3, and this reader takes for numbers.
    if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
        node.style = "'"
    return node


_Dumper.add_representer(str, _text)


def _composed(text: str) -> yaml.Node:
    depth = documents = 0
    # The events first: composing recurses, and an alias would already have been followed.
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        at = _at(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _malformed(f"Anchors and aliases are not read{at}.")
        if getattr(event, "tag", None) is not None:
            raise _malformed(f"Tags are not read{at}.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > DEEPEST:
            raise _malformed(f"It is nested more than {DEEPEST} deep{at}.")
        if documents > 1:
            raise _malformed(f"Only one document is read{at}.")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        raise _malformed("The text is empty.")
    return node


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _malformed(f"A key must be a text{_at(key.start_mark)}.")
            if key.value == "<<":
                raise _malformed(f"Merge keys are not read{_at(key.start_mark)}.")
            if key.value in table:
                raise _malformed(f"The key {key.value[:60]!a} stands twice{_at(key.start_mark)}.")
            table[key.value] = _value(item)
        return table
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text
    if text in _LITERALS:
        return _LITERALS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
    if node.tag != "tag:yaml.org,2002:str":
        # Dates, yes and no, 0o17, 1_000, ~: other readers take them for something else than they look like.
        raise _malformed(
            f"{text[:60]!a} can be read in more than one way{_at(node.start_mark)}: put it in quotes."
        )
    return text


def _at(mark: Any) -> str:
    return "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"


def _malformed(message: str) -> PolicyError:
    return PolicyError([Problem("", ProblemCode.MALFORMED, message)])
