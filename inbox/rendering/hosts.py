"""Hosts in a text, in both the form people read and the form the network uses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inbox.rendering.characters import hidden
from inbox.rendering.confusables import skeleton

# Everything that may stand around a host in prose, a URL, an address or a command.
_TOKEN: Final = re.compile(r"""[^\s/\\<>"'`(),;:?#&=\[\]{}|@*!$%^~+«»„“”‘’、]++""")
_DOTS: Final = re.compile("[.\u3002\uff0e\uff61\u2024]")
_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63


@dataclass(frozen=True, slots=True)
class Host:
    """A host at text[start:end]: as people read it, and the ASCII host it would be taken for ("" if none)."""

    start: int
    end: int
    unicode: str
    looks_like: str

    @property
    def ascii(self) -> str:
        """The form the network uses; "" when a label is too long to have one."""
        labels = [_network(label) for label in self.unicode.split(".")]
        return "" if "" in labels else ".".join(labels)

    @property
    def deceives(self) -> bool:
        """Whether the look-alike is more than a Turkish ı, which stands in honest Turkish hosts too."""
        return bool(self.looks_like) and {char for char in self.unicode if char > "\x7f"} != {"ı"}

    @property
    def decoded(self) -> bool:
        """Whether every punycode label had a readable form."""
        return "xn--" not in self.unicode.lower()


def international_hosts(text: str) -> Iterator[Host]:
    """Every host in the text with a label outside ASCII or in punycode, in order. Costs linear time.

    Without "://" or "@" before it a dotted word counts only when it is in punycode, or a look-alike under an
    ASCII top-level domain, because "конец.Начало" is prose and "А.С." are initials.
    """
    for match in _TOKEN.finditer(text):
        token = match.group().rstrip(".-")
        punycode = "xn--" in token.lower()
        if (token.isascii() and not punycode) or len(token) > _LONGEST_HOST:
            continue
        labels = _DOTS.split(token)
        if len(labels) < 2 or not all(map(_is_label, labels)):
            continue
        readable = ".".join(map(_readable, labels))
        looks_like = _looks_like(readable)
        if punycode or _introduced(text, match.start()) or (looks_like and _is_top_level(labels[-1])):
            yield Host(match.start(), match.start() + len(token), readable, looks_like)


def _introduced(text: str, start: int) -> bool:
    return text[max(start - 1, 0) : start] == "@" or text[max(start - 3, 0) : start] == "://"


def _is_top_level(label: str) -> bool:
    return len(label) > 1 and label.isascii() and label.isalpha()


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _LONGEST_LABEL and not any(
        hidden(char) or not (char == "-" or char.isalnum() or unicodedata.category(char)[0] == "M")
        for char in label
    )


def _looks_like(host: str) -> str:
    plain = skeleton(host).lower()
    return plain if plain.isascii() and plain != unicodedata.normalize("NFKC", host).lower() else ""


def _readable(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        decoded = label[4:].lower().encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label
    # What hides something once decoded, or decodes to a dot, stays in the form the network uses.
    stable = decoded == unicodedata.normalize("NFKC", decoded)
    return decoded if stable and not decoded.isascii() and _is_label(decoded) else label


def _network(label: str) -> str:
    folded = unicodedata.normalize("NFKC", label).lower()
    if folded.isascii():
        return folded
    encoded = "xn--" + folded.encode("punycode").decode("ascii")
    return encoded if len(encoded) <= _LONGEST_LABEL else ""
