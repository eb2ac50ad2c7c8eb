"""Which of many numbers stand apart from the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final

THRESHOLD: Final = 3.5
FEWEST: Final = 5
# A normal distribution's median and mean absolute deviation, in standard deviations.
_MEDIAN_DEVIATION: Final = 0.6745
_MEAN_DEVIATION: Final = 1.2533


def modified_z(values: Sequence[float]) -> list[float]:
    """The modified z-score of each value (Iglewicz and Hoaglin), by the mean deviation where the median one is 0.

    Positive values are compared by their logarithms: amounts are skewed, and on the raw scale most clean
    batches of 50 would carry a false flag.
    """
    scaled = [math.log(value) for value in values] if min(values) > 0 else list(map(float, values))
    middle = median(scaled)
    distances = [abs(value - middle) for value in scaled]
    spread = median(distances) / _MEDIAN_DEVIATION or fmean(distances) * _MEAN_DEVIATION
    if spread == 0 or not math.isfinite(spread):
        return [0.0] * len(scaled)
    return [(value - middle) / spread for value in scaled]


def outliers(values: Sequence[float]) -> dict[int, float]:
    """The positions of the values that stand apart, with their scores. Under five values none does."""
    if len(values) < FEWEST:
        return {}
    return {at: score for at, score in enumerate(modified_z(values)) if abs(score) > THRESHOLD}
