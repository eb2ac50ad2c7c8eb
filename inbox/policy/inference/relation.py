"""Whether a call has anything to do with what the user asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from inbox.policy.inference import verbs
from inbox.policy.inference.concepts import concepts
from inbox.policy.naming import lexicon, stem, words_of

LONGEST_TASK: Final = 20_000
_WORD: Final = re.compile(r"[A-Za-z]{3,30}")
# Words that stand in every name and every task.
_EVERYWHERE: Final = lexicon(
    "all and any are based but can data details detail for from get has have her his how info information manager name new not our"
    " out please she some that the their them then there this tool use user value was what when which who will with you your"
    " current given id ids using one two"
)
_VERBS: Final = (
    frozenset(verbs.READ | verbs.WRITE | verbs.SEND | verbs.DESTROY | verbs.MONEY | verbs.ACCESS | verbs.RUN)
    - verbs.NOUNS_TOO
)


def related(name: str, values: Iterable[str], task: str) -> bool:
    """Whether the tool's name shares a thing with the task, or the task holds one of the identifying values."""
    words = _content(words_of(name))
    text = task[:LONGEST_TASK].lower()
    spoken = _WORD.findall(text)
    if {stem(word) for word in words} & {stem(word) for word in _content(spoken)}:
        return True
    if concepts(words) & concepts(spoken):
        return True
    return any(len(value) >= 4 and value in text for value in values)


def _content(words: Iterable[str]) -> list[str]:
    return [
        word.lower()
        for word in words
        if len(word) > 2 and word.lower() not in _EVERYWHERE and word.lower() not in _VERBS
    ]
