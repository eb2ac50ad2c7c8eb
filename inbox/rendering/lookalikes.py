"""Visible characters that a reader would take for others: hosts, words, styled letters, odd punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from inbox.rendering.confusables import GREEK_PUNCTUATION, PUNCTUATION, styled
from inbox.rendering.findings import Notes, Severity
from inbox.rendering.hosts import international_hosts
from inbox.rendering.orthography import EAST_ASIAN
from inbox.rendering.segments import Part, codes, lookalike, marked, readable
from inbox.rendering.words import foreign_words, mixed_numbers

_WORD: Final = re.compile(r"[\w\uff01-\uff5e]++")
_OPTION_DASH: Final = re.compile(r"(?:(?<=\s)|^)[\u2010-\u2013\u2212]{1,2}(?=[A-Za-z])", re.MULTILINE)
_JOINING: Final = re.compile(
    "(?<=[A-Za-z0-9])["
    + "".join(char for char, twin in PUNCTUATION.items() if twin != "-")
    + "](?=[A-Za-z0-9])"
)
_GREEK: Final = re.compile("[" + "".join(GREEK_PUNCTUATION) + "]")
# Each host costs a punycode conversion; beyond this many the text is refused one-key approval instead.
_MOST_HOSTS: Final = 200


def lookalikes(text: str, scripts: frozenset[str], notes: Notes) -> list[Part]:
    """Every look-alike in the text, in order and without overlaps; what they mean goes into `notes`.

    `scripts` are the scripts of the whole text.
    """
    parts = list(_hosts(text, notes))
    if not text.isascii():
        rest = _without(text, parts)
        parts += foreign_words(rest, scripts, notes)
        parts += mixed_numbers(rest, notes)
        parts += _styled_words(rest, scripts, notes)
        parts += _punctuation(rest, scripts, notes)
    parts.sort(key=lambda part: (part.start, -part.end))
    result: list[Part] = []
    end = 0
    for part in parts:
        if part.start >= end:
            result.append(part)
            end = part.end
    return result


def _beside(text: str, start: int, end: int, label: str, title: str) -> Part:
    return Part(start, end, lookalike(text[start:end], label, title))


def _without(text: str, parts: list[Part]) -> str:
    """The text with blanks where the parts are: what a host is taken for is said once."""
    pieces = []
    at = 0
    for part in parts:
        pieces += [text[at : part.start], " " * (part.end - part.start)]
        at = part.end
    return "".join([*pieces, text[at:]])


def _hosts(text: str, notes: Notes) -> Iterator[Part]:
    for number, host in enumerate(international_hosts(text)):
        if number == _MOST_HOSTS:
            notes.add("too-many-hosts", "block", host.start)
            return
        written = text[host.start : host.end]
        network = host.ascii or "too long for the network"
        if host.looks_like:
            severity: Severity = "block" if host.deceives else "warn"
            notes.add(
                "lookalike-host",
                severity,
                host.start,
                f"{host.unicode} is not {host.looks_like} but {network}",
            )
        elif host.decoded:
            notes.add("idn-host", "info", host.start, f"{host.unicode} is {network}")
        else:
            notes.add("bad-punycode", "warn", host.start, written)
        title = f"{host.unicode} is {network} in the form the network uses."
        yield _beside(text, host.start, host.end, host.unicode if written.isascii() else network, title)


def _styled_words(text: str, scripts: frozenset[str], notes: Notes) -> Iterator[Part]:
    """Fullwidth letters outside East Asian text, and words in mathematical letters.

    One mathematical letter is a variable, so it counts only beside other letters.
    """
    suspicious = {char for char in set(text) if styled(char)}
    if scripts & EAST_ASIAN:
        suspicious = {char for char in suspicious if not _is_wide(char)}
    if not suspicious:
        return
    for match in _WORD.finditer(text):
        word = match.group()
        found = [at for at, char in enumerate(word) if char in suspicious]
        if found and (len(word) > 1 or _is_wide(word)):
            plain = "".join(styled(char) or char for char in word)
            notes.add(
                "compat-lookalike", "warn", match.start(), f"{readable(word)} looks like {readable(plain)}"
            )
            yield from marked(word, match.start(), found, _plain, "Styled form of ")


def _is_wide(char: str) -> bool:
    return "\uff01" <= char <= "\uff5e"


def _plain(run: str) -> str:
    return "".join(map(styled, run))


def _punctuation(text: str, scripts: frozenset[str], notes: Notes) -> Iterator[Part]:
    for match in _OPTION_DASH.finditer(text):
        notes.add("lookalike-punctuation", "warn", match.start(), f"{match.group()} is not -")
        yield _beside(
            text, match.start(), match.end(), codes(match.group()), "A dash, not the hyphen of an option."
        )
    for match in _JOINING.finditer(text):
        around = text[match.start() - 1 : match.end() + 1]
        if match.group() == "\u2044" and around[0].isdecimal() and around[-1].isdecimal():
            continue
        plain = around[0] + PUNCTUATION[around[1]] + around[2]
        notes.add("lookalike-punctuation", "block", match.start(), f"{around} is not {plain}")
        yield _beside(
            text, match.start(), match.end(), codes(match.group()), f"Not {PUNCTUATION[match.group()]}."
        )
    for match in _GREEK.finditer(text) if "GREEK" not in scripts else ():
        plain = GREEK_PUNCTUATION[match.group()]
        notes.add("lookalike-punctuation", "block", match.start(), f"{codes(match.group())} is not {plain}")
        yield _beside(text, match.start(), match.end(), codes(match.group()), f"Not {plain}.")
