"""What the renderer has to say about a text, in words a reviewer can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Severity = Literal["block", "warn", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("block", "warn", "info")

# Every code the renderer gives, with its sentence; docs/explanation/rendering.md shows an example of each.
MEANINGS: Final[dict[str, str]] = {
    "bad-punycode": "A host is written in punycode that does not decode, so its readable form is unknown",
    "bidi-control": "Invisible direction controls make this read in another order than the tool receives it",
    "bidi-mark": "Invisible direction marks stand here",
    "blank-character": "Characters that are drawn as nothing stand here",
    "compat-lookalike": "Styled letters look like plain ones, but the tool receives other characters",
    "control-character": "Control characters stand here; a terminal would act on them instead of showing them",
    "crlf": "Lines end in carriage return and line feed",
    "format-character": "Invisible format characters stand here",
    "idn-host": "A host is international; this is its other form",
    "joiner": "Invisible joiners stand here",
    "line-separator": "Line breaks stand here that most tools do not treat as such",
    "lookalike-host": "A host only looks like another one",
    "lookalike-punctuation": "Punctuation looks like that of a path, host or option, but is another character",
    "lookalike-word": "All letters of a word look like Latin letters, but none is",
    "mixed-digits": "A number mixes digits of several scripts, so it reads as another number",
    "mixed-script": "A word mixes letters of several alphabets",
    "never-seen": "This value was never approved before for this tool",
    "odd-space": "Spaces stand here that are not plain spaces",
    "padding": "A long run of blanks could push what follows out of sight",
    "private-use": "Private characters stand here; every font draws them differently",
    "similar-keys": "Two keys of one object look alike",
    "soft-hyphen": "Invisible hyphens stand here",
    "stacked-marks": "Marks are drawn over other characters and can cover them",
    "tag-characters": "Invisible tag characters carry hidden text",
    "talks-to-reviewer": "Agent text talks to the reviewer or claims an approval",
    "too-many-hosts": "There are too many international hosts to show both forms of each",
    "unassigned": "Characters that no standard defines stand here",
    "url-userinfo": "A URL carries a name before its host, which can be mistaken for the host",
    "variation-selector": "Invisible variation selectors stand here and can carry hidden bytes",
    "zero-width": "Invisible characters of no width stand here",
}
CODES: Final = frozenset(MEANINGS)

_SHOWN: Final = 3
_LONGEST_DETAIL: Final = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that could make a reviewer see something other than what the tool receives.

    `severity` is "block" (no one-key approval, no batch), "warn" (shown beside the value) or "info"
    (shown, changes nothing). `message` is a sentence without any raw hidden character. `where` is a place
    for people: "character 7", "line 2, character 1", "/to/0".
    """

    code: str
    severity: Severity
    message: str
    where: str = ""


def message(code: str, details: Iterable[str] = (), count: int = 1) -> str:
    """The sentence of a code, with what was found and, when not everything is named, how much there is.

    `details` must be free of hidden characters; each is cut visibly at 80.
    """
    shown = [_cut(detail) for detail in details]
    text = MEANINGS[code] + (": " + ", ".join(shown) if shown else "")
    return f"{text} ({count:,} in all)." if count > max(len(shown), 1) else f"{text}."


def _cut(detail: str) -> str:
    return detail if len(detail) <= _LONGEST_DETAIL else detail[:_LONGEST_DETAIL] + "…"


@dataclass(slots=True)
class _Tally:
    first: int
    count: int = 0
    details: dict[str, None] = field(default_factory=dict)


class Notes:
    """Collects what is found in one text: one finding for each code and severity, however often it occurs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tallies: dict[tuple[str, Severity], _Tally] = {}

    def add(
        self, code: str, severity: Severity, at: int, detail: str | Callable[[], str] = "", count: int = 1
    ) -> None:
        """Note `count` occurrences of `code` from the position `at` (0-based) on.

        A `detail` that costs something to word is given as a function, called only while it would be shown.
        """
        tally = self._tallies.get((code, severity))
        if tally is None:
            tally = self._tallies[code, severity] = _Tally(at)
        tally.first = min(tally.first, at)
        tally.count += count
        if detail and len(tally.details) < _SHOWN:
            tally.details.setdefault(detail if isinstance(detail, str) else detail())

    def findings(self) -> tuple[Finding, ...]:
        """The findings, gravest first, then in the order of the text."""
        found = sorted(self._tallies.items(), key=lambda item: (SEVERITIES.index(item[0][1]), item[1].first))
        return tuple(
            Finding(code, severity, message(code, tally.details, tally.count), self._place(tally.first))
            for (code, severity), tally in found
        )

    def _place(self, at: int) -> str:
        line = self._text.count("\n", 0, at)
        column = at - (self._text.rfind("\n", 0, at) + 1)
        return f"line {line + 1:,}, character {column + 1:,}" if line else f"character {column + 1:,}"


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The gravest severity among the findings, None when there are none."""
    present = {finding.severity for finding in findings}
    return next((severity for severity in SEVERITIES if severity in present), None)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each code and severity, gravest first, naming at most three places and the count.

    A hostile request can raise a finding in each of 20,000 values; the list above it stays readable.
    """
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.severity), []).append(finding)
    result = []
    for same in groups.values():
        places = list(dict.fromkeys(finding.where for finding in same))
        where = "; ".join(places[:_SHOWN])
        if len(places) > _SHOWN:
            where += f" and {len(places) - _SHOWN:,} more"
        result.append(replace(same[0], where=where))
    return tuple(sorted(result, key=lambda finding: SEVERITIES.index(finding.severity)))
