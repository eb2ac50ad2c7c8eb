"""Characters that look like ASCII, and the skeleton that shows what a reader would take a text for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

# Pairs "look-alike, ASCII", checked by eye in common fonts; a subset of Unicode's confusables data.
_PAIRS: Final = (
    # Cyrillic
    "аa еe оo рp сc уy хx іi јj ѕs ԁd ԛq ԝw һh ӏl ѵv ԍg ьb "
    "АA ВB ЕE КK МM НH ОO РP СC ТT ХX УY ІI ЈJ ЅS ԚQ ԜW ԌG Ӏl ЬB ѴV "
    # Greek
    "αa νv οo ρp ιi υu γy κk ϲc ϳj ωw "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC ͿJ "
    # Armenian, Georgian, Hebrew, Arabic, and rings used as o
    "օo սu հh ոn ցg զq յj ՕO ՏS ՍU ყy סo וl ןl اl هo ەo ہo ဝo ഠo ଠO "
    # Cherokee, Coptic, Lisu
    "ᎠD ᎡR ᎢT ᎥI ᎪA ᎫJ ᎬE ᎳW ᎷM ᎻH ᎽY ᏀG ᏃZ ᏟC ᏢP ᏦK ᏚS ᏙV ᏞL ᏴB ꮯc ꮃw ꮓz ꮩv ꮪs ꭱr "
    "ⲟo ⲣp ⲥc ⲓi ⲞO ⲢP ⲤC ⲒI ⲚN ⲘM ⲦT "
    "ꓐB ꓑP ꓓD ꓔT ꓖG ꓗK ꓙJ ꓚC ꓜZ ꓝF ꓟM ꓠN ꓡL ꓢS ꓣR ꓦV ꓧH ꓪW ꓫX ꓬY ꓮA ꓰE ꓲI ꓳO ꓴU "
    # Latin letters of phonetic and other alphabets
    "ɑa ɡg ɩi ıi ȷj ɢG ʀR ɪi ʏY ʟL ſf ᴄc ᴏo ᴠv ᴡw ᴢz ꜱs ᴜu ꞁl ǀl"
)
CONFUSABLE: Final[dict[str, str]] = {pair[0]: pair[1] for pair in _PAIRS.split()}

# Punctuation that looks like the punctuation of hosts, paths and options.
PUNCTUATION: Final[dict[str, str]] = {
    **dict.fromkeys("\u2044\u2215\u29f8\u2571", "/"),
    **dict.fromkeys("\u2024\ua4f8\u0701\u0702", "."),
    **dict.fromkeys("\u02d0\u02f8\u2236\ua789\u0589\u05c3", ":"),
    **dict.fromkeys("\u01c3", "!"),
    **dict.fromkeys("\u201a\u02cc\ua4f9", ","),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\u02d7\u2043", "-"),
}

_STYLED: Final = frozenset({"<font>", "<wide>"})
# Characters that normalisation turns into ASCII punctuation, and Greek writing uses.
GREEK_PUNCTUATION: Final[dict[str, str]] = {"\u037e": ";", "\u1fef": "`"}


@lru_cache(maxsize=65536)
def styled(char: str) -> str:
    """The ASCII character a fullwidth or mathematical one, or the Kelvin sign, stands for; "" when there is none."""
    how = unicodedata.decomposition(char).partition(" ")[0]
    if char.isascii() or not how or (how.startswith("<") and how not in _STYLED):
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and plain.isascii() else ""


@lru_cache(maxsize=65536)
def _ascii_twin(char: str) -> str:
    if char.isascii():
        return char
    return CONFUSABLE.get(char) or PUNCTUATION.get(char) or styled(char) or _digit(char) or char


def _digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else ""


def skeleton(text: str) -> str:
    """What a hurried reader takes the text for: every look-alike of an ASCII character replaced by it."""
    return "".join(map(_ascii_twin, text))
