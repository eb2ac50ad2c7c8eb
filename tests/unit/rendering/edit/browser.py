"""What a browser does to a form: line ends become CR LF, a single line loses its breaks, each control is sent."""

from __future__ import annotations

from collections.abc import Iterator

from inbox.rendering.edit import Form, Kind, Node


def post(form: Form, **changed: str) -> dict[str, list[str]]:
    """The body of the form as it stands, but for the controls named."""
    body = {name: [value] for name, value in _controls(form)}
    for name, value in changed.items():
        assert name in body, f"no control {name}: {sorted(body)}"
        body[name] = [value]
    return body


def _controls(form: Form) -> Iterator[tuple[str, str]]:
    for node in form.nodes:
        if len(node.states) > 1:
            yield node.name + ":is", node.selected.value
        if node.element:
            yield node.name + ":at", node.at
        if not node.container:
            yield node.name, _sent(node)


def _sent(node: Node) -> str:
    if node.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return node.text
    lines = node.text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\n", "\r\n") if node.multiline else lines.replace("\n", "")
