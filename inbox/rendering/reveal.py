"""A text as the reviewer sees it: everything that does not show itself becomes a labelled badge.

Lossless: the segments, with their labels read back, are the text again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from inbox.rendering.blanks import padding
from inbox.rendering.characters import script
from inbox.rendering.findings import Finding, Notes, Severity, worst
from inbox.rendering.invisible import invisible, loose_marks
from inbox.rendering.lookalikes import lookalikes
from inbox.rendering.segments import Part, Segment, readable

# A text without any of these cannot be other than it looks: printable ASCII, no padding, no odd host.
# No IGNORECASE here: it would count ı, ſ and the Kelvin sign as ASCII.
_ODD: Final = re.compile(r"[^\n\t -~]|[ \t]{24}|\t{5}|(?:\n[ \t]*+){8}|[xX][nN]--|://[^/?#\s@]*+@")
_USERINFO: Final = re.compile(r"://([^/?#\s@]*+)@([^\s/?#]*+)")


@dataclass(frozen=True, slots=True)
class Revealed:
    """A text as it is shown, and what there is to say about it (gravest first)."""

    segments: tuple[Segment, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def source(self) -> str:
        """The text itself."""
        return "".join(segment.source for segment in self.segments)

    @property
    def severity(self) -> Severity | None:
        """The gravest severity among the findings."""
        return worst(self.findings)

    @property
    def plain(self) -> str:
        """The text for places without badges: each label stands in ‹ ›. Holds no hidden character."""
        return "".join(
            segment.text + (f"‹{segment.label}›" if segment.label else "") for segment in self.segments
        )


def reveal(text: str) -> Revealed:
    """Show a text so that it cannot be mistaken for another. Costs linear time in len(text)."""
    if not text:
        return Revealed(())
    if _ODD.search(text) is None:
        return Revealed((Segment("text", text),))
    notes = Notes(text)
    scripts = frozenset(map(script, set(text))) - {""}
    for match in _USERINFO.finditer(text):
        name, host = map(readable, match.groups())
        notes.add("url-userinfo", "warn", match.start(), f"{name} is a name, {host} is the host")
    parts = [*padding(text, notes), *invisible(text, scripts, notes)]
    parts += list(loose_marks(text, parts, notes))
    hidden = {part.start for part in parts}
    for part in lookalikes(text, scripts, notes):
        if hidden.isdisjoint(range(part.start, part.end)):
            parts.append(part)
    parts.sort()
    return Revealed(_segments(text, parts), notes.findings())


def _segments(text: str, parts: Iterable[Part]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    at = 0
    for start, end, segment in parts:
        if at < start:
            segments.append(Segment("text", text[at:start]))
        segments.append(segment)
        at = end
    if at < len(text):
        segments.append(Segment("text", text[at:]))
    return tuple(segments)
