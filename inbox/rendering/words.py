"""Words and numbers written in letters that pass for those of another alphabet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

from inbox.rendering.characters import hidden, script
from inbox.rendering.confusables import CONFUSABLE
from inbox.rendering.findings import Notes, Severity
from inbox.rendering.segments import Part, codes, marked, readable

# Alphabets whose letters meet in one word only by mistake or to deceive. Latin beside Kana, Hangul, Hebrew
# or Thai is everyday writing, so there only letters that pass for Latin count.
_ALPHABETS: Final = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN"}
)
_ODD_LATIN: Final = frozenset(
    char
    for char in CONFUSABLE
    if script(char) == "LATIN" and char != "ı"  # ı is a Turkish letter
)
_CYRILLIC_TWINS: Final = frozenset(twin for char, twin in CONFUSABLE.items() if script(char) == "CYRILLIC")

_WORD: Final = re.compile(r"[\w\u0300-\u036f]++")
_NUMBER: Final = re.compile(r"\d[\d.,\u066b\u066c]*+")


class _Letter(NamedTuple):
    at: int
    char: str
    script: str


def foreign_words(text: str, scripts: frozenset[str], notes: Notes) -> Iterator[Part]:
    """Letters that pass for letters of another alphabet, in words of the text.

    `scripts` are the scripts of the whole text. A word counts when it mixes alphabets, or when the text
    holds no letter of its alphabet that could not be taken for a Latin one: Russian prose always does,
    a Cyrillic word slipped into English often does not.
    """
    telling = {script(char) for char in set(text) - CONFUSABLE.keys()}
    disguised = (scripts & _ALPHABETS) - {"LATIN"} - telling
    if len(scripts) < 2 and not disguised and _ODD_LATIN.isdisjoint(text):
        return
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isascii():
            continue
        names = set(map(script, word)) - {""}
        if names == {"LATIN"}:
            suspects = _phonetic(word, match.start(), notes)
        elif len(names) > 1 and names & _ALPHABETS:
            suspects = _mixed(word, names, match.start(), notes)
        elif names and names <= disguised and not (len(word) == 1 and names == {"GREEK"}):
            suspects = [at for at, char in enumerate(word) if char in CONFUSABLE]
            grade: Severity = "warn" if "LATIN" in scripts else "info"
            notes.add("lookalike-word", grade, match.start(), partial(_described, word, names))
        else:
            continue
        yield from marked(word, match.start(), suspects, codes, "Passes for another letter: ")


def _phonetic(word: str, start: int, notes: Notes) -> list[int]:
    """Letters of phonetic alphabets in a word that is ASCII otherwise: "pɑypal"."""
    suspects = [at for at, char in enumerate(word) if char in _ODD_LATIN]
    if suspects and all(char.isascii() or char in _ODD_LATIN for char in word):
        notes.add("mixed-script", "warn", start, partial(_described, word, {"LATIN"}))
        return suspects
    return []


def _mixed(word: str, names: set[str], start: int, notes: Notes) -> list[int]:
    """Letters that pass for those beside them. A run with a telling letter in it ("IPадрес") deceives nobody."""
    letters = [
        _Letter(at, char, script(char)) for at, char in enumerate(word) if script(char) and not hidden(char)
    ]
    runs_of_script = [list(group) for _, group in groupby(letters, key=lambda letter: letter.script)]
    alphabets = names & _ALPHABETS
    if "LATIN" in names:
        suspects = [letter.at for run in runs_of_script if _passes_for_latin(run) for letter in run]
        if suspects:
            severity: Severity = "warn" if _is_scientific(letters, suspects) else "block"
            notes.add("mixed-script", severity, start, partial(_described, word, names))
            return suspects
    if len(alphabets) > 1 and alphabets != {"LATIN", "GREEK"}:
        notes.add("mixed-script", "warn", start, partial(_described, word, names))
        return [letter.at for run in runs_of_script if _passes_for_cyrillic(run, names) for letter in run]
    return []


def _passes_for_latin(run: list[_Letter]) -> bool:
    return run[0].script != "LATIN" and all(letter.char in CONFUSABLE for letter in run)


def _passes_for_cyrillic(run: list[_Letter], names: set[str]) -> bool:
    """A Latin letter in a Cyrillic word ("Привeт") is a slip of the keyboard more often than an attack."""
    return (
        run[0].script == "LATIN"
        and "CYRILLIC" in names
        and all(letter.char in _CYRILLIC_TWINS for letter in run)
    )


def _is_scientific(letters: list[_Letter], suspects: list[int]) -> bool:
    """TNFα, IL1α: one lower-case Greek letter after Latin capitals."""
    last = letters[-1]
    before = "".join(letter.char for letter in letters[:-1])
    return suspects == [last.at] and last.script == "GREEK" and last.char.islower() and before.isupper()


def _described(word: str, names: set[str]) -> str:
    shown = readable(word)
    odd = list(dict.fromkeys(codes(char) for char in shown if char in CONFUSABLE))
    scripts = " and ".join(sorted(map(str.capitalize, names)))
    return f"{shown} ({scripts}" + (f"; {', '.join(odd[:3])})" if odd else ")")


def mixed_numbers(text: str, notes: Notes) -> Iterator[Part]:
    """Digits outside ASCII in numbers that mix the digits of several scripts."""
    for match in _NUMBER.finditer(text):
        number = match.group()
        if number.isascii():
            continue
        zeros = {ord(char) - int(char) for char in number if char.isdecimal()}
        if len(zeros) > 1:
            notes.add("mixed-digits", "block", match.start(), number[:40])
            foreign = [at for at, char in enumerate(number) if char.isdecimal() and not char.isascii()]
            yield from marked(number, match.start(), foreign, codes, "Digits of another script: ")
