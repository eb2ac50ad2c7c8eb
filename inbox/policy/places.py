"""Where in a YAML text something stands that a pointer into the document names."""

from __future__ import annotations

import yaml


def line_of(text: str, pointer: str) -> int | None:
    """The line, from 1, of the value an RFC 6901 pointer leads to, or of the nearest thing around it.

    None for a text that is no YAML. Nothing is constructed: only the places of its parts are read.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    if node is None:
        return None
    line = node.start_mark.line
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        following = _child(node, name)
        if following is None:
            break
        line, node = following
    return int(line) + 1


def _child(node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name[:6]) < len(node.value):
        item = node.value[int(name)]
        return item.start_mark.line, item
    return None
