"""Where invisible characters belong to honest writing: emoji, Persian, Indic, Khmer, French, Japanese."""

from __future__ import annotations

import re
from typing import Final

from inbox.rendering.characters import (
    EMOJI_STYLE,
    TEXT_STYLE,
    ZWJ,
    ZWNJ,
    ZWSP,
    Hidden,
    hidden,
    script,
    selector_number,
)
from inbox.rendering.findings import Severity

_PICTURE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_DRAWN: Final = f"{_PICTURE}(?:[{TEXT_STYLE}{EMOJI_STYLE}]|[\U0001f3fb-\U0001f3ff])?+"
# England, Scotland and Wales: the only tag sequences in general use. Any other tag text is smuggled text.
_FLAGS: Final = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(char)) for char in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_EMOJI: Final = re.compile(
    f"{_FLAGS}|[0-9#*]{EMOJI_STYLE}?\u20e3|{_DRAWN}(?:{ZWJ}{_DRAWN}){{0,9}}",
)
_NEEDS_EMOJI: Final = re.compile(f"[{ZWJ}{TEXT_STYLE}{EMOJI_STYLE}\u20e3\U000e007f]")

# Scripts whose letters take another shape, or form no ligature, around a joiner.
_JOINING: Final = frozenset(
    {
        "ARABIC",
        "SYRIAC",
        "MANDAIC",
        "NKO",
        "MONGOLIAN",
        "DEVANAGARI",
        "BENGALI",
        "GURMUKHI",
        "GUJARATI",
        "ORIYA",
        "TAMIL",
        "TELUGU",
        "KANNADA",
        "MALAYALAM",
        "SINHALA",
        "KHMER",
        "MYANMAR",
        "TIBETAN",
    }
)
# Scripts without spaces between words: a zero-width space says where a line may break.
_UNSPACED: Final = frozenset({"KHMER", "LAO", "MYANMAR", "THAI", "TIBETAN"})
RIGHT_TO_LEFT: Final = frozenset({"ARABIC", "HEBREW", "SYRIAC", "THAANA", "NKO"})
EAST_ASIAN: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})

_NARROW: Final = frozenset("\u00a0\u202f\u2009")


def emoji_positions(text: str) -> frozenset[int]:
    """Positions of the invisible characters that belong to a whole emoji sequence."""
    if not _NEEDS_EMOJI.search(text):
        return frozenset()
    return frozenset(
        position
        for match in _EMOJI.finditer(text)
        if match.end() - match.start() > 1
        for position in range(match.start() + 1, match.end())
    )


def severity(kind: Hidden, text: str, start: int, end: int, scripts: frozenset[str]) -> Severity | None:
    """How grave the run text[start:end] of one hidden character is where it stands; None: honest writing.

    `scripts` are the scripts of the whole text.
    """
    char = text[start]
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    alone = end - start == 1
    if kind == "bidi-mark":
        return "info" if alone and scripts & RIGHT_TO_LEFT else "warn"
    if kind == "odd-space":
        return _space(char, before, after)
    if kind == "zero-width" and alone:
        return _joiner(char, before, after)
    if kind == "variation-selector" and alone:
        return _selector(char, before)
    if kind == "blank-character" and char == "\u2800":
        return None if "\u2801" <= before <= "\u28ff" or "\u2801" <= after <= "\u28ff" else "block"
    if kind == "control-character":
        return _control(char, after if alone else "")
    if kind in ("soft-hyphen", "line-separator", "private-use"):
        return "warn"
    return "block"


def stays_in_text(kind: Hidden, grade: Severity | None) -> bool:
    """Whether honest writing is left as it is: badges inside Persian words would make them unreadable.

    A space that is not a plain one gets its badge even where French wants it.
    """
    return grade is None and kind in ("zero-width", "blank-character")


def _space(char: str, before: str, after: str) -> Severity | None:
    if char in _NARROW and _is_typographic(before, after):
        return None
    if char == "\u3000" and (_is_east_asian(before) or _is_east_asian(after)):
        return None
    return "info" if char in _NARROW else "warn"


def _is_typographic(before: str, after: str) -> bool:
    """French punctuation, grouped digits, a number and its unit."""
    if after and after in ":;!?»%‰€$£°":
        return True
    return before == "«" or (before.isdecimal() and (after.isalnum() or after in "€$£%°"))


def _is_east_asian(char: str) -> bool:
    return bool(char) and (
        script(char) in EAST_ASIAN or "\u3001" <= char <= "\u303f" or "\uff01" <= char <= "\uff60"
    )


def _joiner(char: str, before: str, after: str) -> Severity | None:
    if not before:
        return "warn" if char == "\ufeff" else "block"
    left = script(before)
    right = script(after) if after and hidden(after) is None else ""
    if char in (ZWNJ, ZWJ) and left in _JOINING:
        return None if left == right else "info"
    if char == ZWSP and left in _UNSPACED and left == right:
        return None
    return "block"


def _selector(char: str, before: str) -> Severity | None:
    number = selector_number(ord(char))
    if before and script(before) == "CJK" and (number <= 3 or 17 <= number <= 48):
        return "info"
    if before and script(before) == "MONGOLIAN" and char < "\u1810":
        return "info"
    return "block"


def _control(char: str, after: str) -> Severity:
    if char == "\r" and after == "\n":
        return "info"
    return "warn" if char == "\x0c" else "block"
