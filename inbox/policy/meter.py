"""What one evaluation may cost, counted in steps and not in time: the same facts give the same verdict for ever."""

from __future__ import annotations

from typing import Final

# Measured by bench/policy_speed.py: up to 0.5 µs a step on a busy machine, so all rules together stay near 50 ms.
MOST_STEPS: Final = 100_000


class Unanswerable(ValueError):
    """A rule's question has no answer for these facts. The message is printable and quotes no argument's value."""


class Overrun(Unanswerable):
    """Answering would cost more than one evaluation may."""


class Meter:
    """The steps left to one evaluation. A step is one value compared or a hundred characters searched."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps before they are made. Raises Overrun when too few are left."""
        self.left -= steps
        if self.left < 0:
            raise Overrun("judging it costs too much")
