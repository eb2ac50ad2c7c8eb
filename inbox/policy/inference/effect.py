"""What an unknown tool does, read from its name. Only what reads can be told with enough confidence to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from inbox.policy.inference import verbs
from inbox.policy.naming import lexicon, words_of


class Guess(StrEnum):
    """What a tool's name says that it does."""

    READ = "read"
    HAND_OVER = "hand-over"
    WRITE = "write"
    FINAL = "final"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """The guess, and the word of the name it rests on."""

    guess: Guess
    verb: str


_FINAL: Final = verbs.SEND | verbs.DESTROY | verbs.MONEY | verbs.ACCESS | verbs.RUN
_ACTING: Final = verbs.WRITE | _FINAL
# `list_deleter`, `show_deleting`: a verb under another ending is one all the same.
_DERIVED: Final = frozenset(
    form
    for verb in verbs.DESTROY - verbs.NOUNS_TOO - {"expire", "reject"}
    for root in (verb.removesuffix("e"),)
    for form in (root + "ing", root + "er", root + "ion")
)
# `power_off`, `check_out`, `cash_out`: with these behind them they act.
_PARTICLES: Final = frozenset({"off", "out", "down"})
_BEFORE_PARTICLES: Final = frozenset(
    {"cash", "check", "count", "opt", "power", "shut", "switch", "turn", "wait"}
)
# Said to somebody: `tell_boss`, `ask_bank`; asking the user is what an agent is there for.
_SAYING: Final = frozenset({"ask", "tell"})
_HEARERS: Final = frozenset(
    {"user", "human", "me", "question", "questions", "clarification", "joke", "time", "story"}
)
_READING: Final = verbs.READ | verbs.COMPUTE | verbs.LOCAL
# Handing over to a person is the opposite of going on alone.
_HANDING_OVER: Final = frozenset(
    {"transfer", "escalate", "handoff", "handover", "request", "connect", "route"}
)
_A_PERSON: Final = frozenset({"human", "humans", "operator", "supervisor"})
_BETWEEN_UNITS: Final = frozenset({"to", "2", "into"})
_UNITS: Final = frozenset(stemmed for unit in lexicon("""
    acre ascii base64 bar bin binary btu byte c calorie celsius centimeter centimetre cm csv cup day dec decimal degree epoch f
    fahrenheit feet foot ft gallon gb gram grams hectare hex hexadecimal hour hsl html imperial inch inches iso joule json kb kelvin
    kg kilogram kilometer kilometre km knot kph lb lbs liter litre lowercase markdown mb meter metre metric mile miles minute mm
    month mph number oct octal ounce oz pascal pint pound psi quart rad radian rgb roman second seconds text timestamp
    tonne unix uppercase utc watt week xml yaml yard year
""") for stemmed in (unit, unit + "s"))  # fmt: skip


def named_effect(name: str) -> Named:
    """Read a tool's name. The plainest verb decides; a second one that acts, anywhere, takes the confidence away."""
    words = words_of(name)
    if not words:
        return Named(Guess.UNKNOWN, "")
    if set(words) & _A_PERSON and set(words) & _HANDING_OVER and not set(words) & (_ACTING - _HANDING_OVER):
        return Named(Guess.HAND_OVER, "")
    if set(words) & verbs.BROWSING and set(words) & verbs.BROWSERS:
        words = tuple("browse" if word in verbs.BROWSING else word for word in words)
    for word, after in pairwise(words):
        if (word in _BEFORE_PARTICLES and after in _PARTICLES) or (word in _SAYING and after not in _HEARERS):
            return Named(Guess.FINAL, word)
    acting = [word for word in words if word in (_ACTING | _DERIVED) and word not in verbs.NOUNS_TOO]
    if acting:
        # What runs is judged by what it is given; a verb beside it says more.
        return _acting(next((word for word in acting if word not in verbs.RUN), acting[0]))
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if before in _READING and word in verbs.ACT_ON_WHAT_FOLLOWS and after not in verbs.PROPERTIES:
            return _acting(word)
    reading = [place for place, word in enumerate(words) if word in _READING and not _is_cheque(words, place)]
    plain = [place for place in reading if words[place] not in verbs.NOUNS_TOO]
    acts = [place for place, word in enumerate(words) if word in _ACTING]
    # A name that begins with a word that acts is a command, unless a plain reading verb follows at once.
    if acts:
        reading = [place for place in reading if words[place] not in verbs.QUIET]
    commands = 0 in acts and 1 not in plain and 0 not in plain
    joined = any(words[place - 1] in verbs.JOINING for place in acts if place)
    if joined or commands or (acts and not reading):
        return _acting(words[acts[0]])
    if reading:
        return Named(Guess.READ, words[(plain or reading)[0]])
    if _converts(words):
        return Named(Guess.READ, "convert")
    return Named(Guess.UNKNOWN, "")


def _is_cheque(words: Sequence[str], place: int) -> bool:
    """`deposit_check`: the paper, not the verb."""
    return (
        words[place] == "check" and place > 0 and words[place - 1] in verbs.MONEY | {"cash", "void", "issue"}
    )


def _acting(word: str) -> Named:
    return Named(Guess.FINAL if word in (_FINAL | _DERIVED) else Guess.WRITE, word)


def _converts(words: Sequence[str]) -> bool:
    """`gallon_to_liter` computes; `cash_to_bob` and `user_to_admin` do something."""
    return (
        len(words) == 3
        and words[1] in _BETWEEN_UNITS
        and words[0] != words[2]
        and {words[0], words[2]} <= _UNITS
    )
