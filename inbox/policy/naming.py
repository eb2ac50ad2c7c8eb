"""Names taken apart into words: `GmailSendEmail`, `get_user_info` and `user-ids` alike."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# A longer name is cut: names are short, and whoever writes a long one is not naming anything.
LONGEST_NAME: Final = 200


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in order, lower case; digits are words of their own."""
    return tuple(word.lower() for word in _WORD.findall(name[:LONGEST_NAME]))


def lexicon(text: str) -> frozenset[str]:
    """Words written side by side in a text, as a set: how the tables of this package are written down."""
    return frozenset(text.split())


def stem(word: str) -> str:
    """A word without its plural or tense, so that `meetings`, `booked` and `booking` meet their noun or verb.

    Deliberately rough: two words with one stem are taken to be the same word, nothing more.
    """
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: len(word) - len(ending)] + instead
    return word


_ENDINGS: Final = (
    ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ing", ""), ("ed", ""),
    ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
)  # fmt: skip
