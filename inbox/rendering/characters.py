"""Which single characters do not show themselves, and the short name each is shown under."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, Literal

Hidden = Literal[
    "bidi-control",
    "bidi-mark",
    "blank-character",
    "control-character",
    "format-character",
    "line-separator",
    "odd-space",
    "private-use",
    "soft-hyphen",
    "tag-characters",
    "unassigned",
    "variation-selector",
    "zero-width",
]

ZWSP, ZWNJ, ZWJ = "\u200b", "\u200c", "\u200d"
TEXT_STYLE, EMOJI_STYLE = "\ufe0e", "\ufe0f"

_MARKS: Final = frozenset("\u061c\u200e\u200f")
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ZERO_WIDTH: Final = frozenset("\u034f\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff")
# Letters, marks and symbols by category, yet drawn as nothing.
_BLANK: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U0001d159")
# Signs that Unicode counts as format characters but that are drawn (they enclose a number).
_DRAWN_FORMAT: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

_NAMES: Final[dict[str, str]] = {
    **dict(zip("\u202a\u202b\u202c\u202d\u202e", ("LRE", "RLE", "PDF", "LRO", "RLO"), strict=True)),
    **dict(zip("\u2066\u2067\u2068\u2069", ("LRI", "RLI", "FSI", "PDI"), strict=True)),
    **dict(zip("\u061c\u200e\u200f", ("ALM", "LRM", "RLM"), strict=True)),
    **dict(zip("\u200b\u200c\u200d", ("ZWSP", "ZWNJ", "ZWJ"), strict=True)),
    **dict(zip("\u034f\u180e\u2060\ufeff\u00ad", ("CGJ", "MVS", "WJ", "BOM", "SHY"), strict=True)),
    **dict(
        zip("\u00a0\u202f\u3000\u2028\u2029", ("NBSP", "NNBSP", "IDSP", "LINE", "PARAGRAPH"), strict=True)
    ),
    **dict(
        zip(
            map(chr, range(32)),
            (
                *(
                    "NUL",
                    "SOH",
                    "STX",
                    "ETX",
                    "EOT",
                    "ENQ",
                    "ACK",
                    "BEL",
                    "BS",
                    "TAB",
                    "LF",
                    "VT",
                    "FF",
                    "CR",
                ),
                *("SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB"),
                *("ESC", "FS", "GS", "RS", "US"),
            ),
            strict=True,
        )
    ),
    **dict.fromkeys("“”‹›", "QUOTE"),
    "\x7f": "DEL",
    "\x85": "NEL",
}
_WORDS: Final[dict[str, str]] = {
    "control-character": "CONTROL",
    "blank-character": "BLANK",
    "format-character": "FORMAT",
    "odd-space": "SPACE",
    "private-use": "PRIVATE",
    "unassigned": "UNASSIGNED",
    "zero-width": "INVISIBLE",
}


@lru_cache(maxsize=65536)
def hidden(char: str) -> Hidden | None:
    """Why this one character does not show itself, None when it does. Newline, tab and space show."""
    code = ord(char)
    if 0x20 <= code < 0x7F or char in "\n\t":
        return None
    if char in _MARKS:
        return "bidi-mark"
    if char in _BIDI:
        return "bidi-control"
    if 0xE0000 <= code <= 0xE007F:
        return "tag-characters"
    if is_variation_selector(code):
        return "variation-selector"
    if char in _ZERO_WIDTH:
        return "zero-width"
    if char in _BLANK:
        return "blank-character"
    if char == "\u00ad":
        return "soft-hyphen"
    return _by_category(char, code)


def _by_category(char: str, code: int) -> Hidden | None:
    category = unicodedata.category(char)
    if category == "Zs":
        return "odd-space"
    if category in ("Zl", "Zp"):
        return "line-separator"
    if category == "Co":
        return "private-use"
    if category == "Cc":
        return "control-character"
    if category == "Cf":
        return None if char in _DRAWN_FORMAT else "format-character"
    if category == "Cs" or (category == "Cn" and not _newer_than_our_tables(code)):
        return "unassigned"
    return None


def _newer_than_our_tables(code: int) -> bool:
    """Emoji and ideographs of later Unicode versions than the running Python knows."""
    if code & 0xFFFE == 0xFFFE:
        return False
    return 0x1F000 <= code <= 0x1FAFF or 0x2EBF0 <= code <= 0x2EE5D or 0x31350 <= code <= 0x33479


def is_variation_selector(code: int) -> bool:
    """Whether the code point only picks another drawing of the character before it."""
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code in (0x180B, 0x180C, 0x180D, 0x180F)


@lru_cache(maxsize=65536)
def label(char: str) -> str:
    """The badge for one character: "U+202E RLO", "U+E0041 TAG A", "U+E000 PRIVATE"."""
    code = ord(char)
    name = _NAMES.get(char)
    if name is None and 0xE0020 < code <= 0xE007E:
        name = f"TAG {chr(code - 0xE0000)}"
    elif name is None and 0xE0000 <= code <= 0xE007F:
        name = "TAG"
    elif name is None and is_variation_selector(code):
        name = f"VS{selector_number(code)}"
    elif name is None:
        name = _WORDS.get(hidden(char) or "", "MARK")
    return f"U+{code:04X} {name}"


def selector_number(code: int) -> int:
    """The number in a variation selector's name: U+FE00 is 1, U+E0100 is 17; Mongolian ones count from 1."""
    if code >= 0xE0100:
        return code - 0xE0100 + 17
    return code - 0xFE00 + 1 if code >= 0xFE00 else code - 0x180B + 1


def title(char: str) -> str:
    """The full name for a tooltip: "U+202E RIGHT-TO-LEFT OVERRIDE"."""
    return f"U+{ord(char):04X} {unicodedata.name(char, label(char).partition(' ')[2])}"


@lru_cache(maxsize=65536)
def is_mark(char: str) -> bool:
    """Whether the character is drawn over the one before it."""
    return not char.isascii() and unicodedata.category(char) in ("Mn", "Me") and hidden(char) is None


@lru_cache(maxsize=65536)
def script(char: str) -> str:
    """The script of a letter or mark by the first word of its name ("LATIN", "CYRILLIC", "CJK"), "" for others.

    Styled letters (fullwidth, mathematical) count as "STYLED": they are look-alikes of their own kind.
    """
    if char.isascii():
        return "LATIN" if char.isalpha() else ""
    if unicodedata.category(char)[0] not in "LM":
        return ""
    words = unicodedata.name(char, "CJK").split()
    if words[0] in ("FULLWIDTH", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER"):
        return "STYLED"
    if words[0] in ("COMBINING", "MODIFIER", "MICRO", "OHM", "KELVIN", "ANGSTROM", "FEMININE", "MASCULINE"):
        return ""
    if words[0] == "HALFWIDTH":
        return words[1]
    if words[0] in ("IDEOGRAPHIC", "KANGXI"):
        return "CJK"
    # "KATAKANA-HIRAGANA PROLONGED SOUND MARK" belongs to both.
    return words[0].partition("-")[0]
