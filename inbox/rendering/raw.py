"""The payload as the bytes it is: indented canonical JSON, and hex."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from inbox.rendering.findings import Finding, merged
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.segments import Segment

_BYTES_PER_LINE: Final = 16


def raw_json(value: Any) -> Revealed:
    """The canonical JSON of a value, indented by two spaces, with everything that does not show itself revealed.

    Keys are sorted as in the canonical bytes; without the blanks between tokens the text is those bytes.
    Lines are revealed one by one, so that the indentation of a deep payload is not taken for padding.
    """
    lines = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2).split("\n")
    segments: list[Segment] = []
    findings: list[Finding] = []
    for number, line in enumerate(lines):
        content = line.lstrip(" ")
        shown = reveal(content)
        segments.append(Segment("text", ("\n" if number else "") + line[: len(line) - len(content)]))
        segments += shown.segments
        findings += (_on_line(finding, number + 1) for finding in shown.findings)
    return Revealed(tuple(_joined(segments)), merged(findings))


def _on_line(finding: Finding, number: int) -> Finding:
    return Finding(finding.code, finding.severity, finding.message, f"line {number:,}, {finding.where}")


def _joined(segments: list[Segment]) -> Iterator[Segment]:
    for kind, same in groupby(segments, key=lambda segment: segment.kind):
        if kind != "text":
            yield from same
        elif text := "".join(segment.text for segment in same):
            yield Segment("text", text)


def hexdump(raw: bytes) -> str:
    """The bytes in lines of sixteen: offset, hex, and the printable ASCII among them."""
    return "\n".join(
        f"{at:08x}  {_hex(raw[at : at + 8])}  {_hex(raw[at + 8 : at + 16])}  |{_ascii(raw[at : at + 16])}|"
        for at in range(0, len(raw), _BYTES_PER_LINE)
    )


def _hex(part: bytes) -> str:
    return part.hex(" ").ljust(23)


def _ascii(part: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
