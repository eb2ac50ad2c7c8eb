"""A factor: one line of the risk, with its weight; and how weights become a score and a level.

The score of an action is its heaviest factor and a quarter of all the others together, at most 100: one clear danger
sets the level, and many small ones add up to more than each. Adding a factor never lowers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from inbox.policy.reasons import Reason, ReasonCode
from inbox.policy.words import Risk

MOST: Final = 100
REST_COUNTS: Final = 4


class Weight(IntEnum):
    """The weights in use. Four of them are where a level begins."""

    NONE = 0
    READ = 5
    REVERSIBLE = 10
    HINT = 20
    MEDIUM = 25
    SENSITIVE = 30
    HIGH = 50
    CRITICAL = 75


# The least score of each level; below all of them it is low.
LEVELS: Final = ((Weight.CRITICAL, Risk.CRITICAL), (Weight.HIGH, Risk.HIGH), (Weight.MEDIUM, Risk.MEDIUM))
_BEGINS: Final = {Risk.LOW: 0, Risk.MEDIUM: 25, Risk.HIGH: 50, Risk.UNVERIFIABLE: 50, Risk.CRITICAL: 75}


@dataclass(frozen=True, slots=True)
class Factor:
    """One line: its weight (0 to 100), its code and its sentence."""

    weight: int
    code: ReasonCode
    text: str

    @property
    def reason(self) -> Reason:
        """The line as a verdict carries it."""
        return Reason(self.code, self.text)


def weight_of(risk: Risk) -> int:
    """The weight of a factor that by itself means this level."""
    return _BEGINS[risk]


def score(weights: Iterable[int]) -> float:
    """0 to 100 from the weights of one action's factors."""
    ordered = sorted(weights, reverse=True)
    if not ordered:
        return 0.0
    return min(float(MOST), ordered[0] + sum(ordered[1:]) / REST_COUNTS)


def level_of(points: float) -> Risk:
    """The level of a score."""
    return next((risk for least, risk in LEVELS if points >= least), Risk.LOW)
