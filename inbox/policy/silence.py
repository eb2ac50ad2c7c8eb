"""What silence does to a request and when: the deadline, the steps of its escalation, the reminders. Pure.

Nothing here can say that something is approved: there is no such action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inbox.lifecycle import OnTimeout

LONGEST_SECONDS: Final = 30 * 24 * 3600
# A request that waits past its deadline is brought up again after as long as people had, within these bounds.
SHORTEST_REMINDER_SECONDS: Final = 3600
LONGEST_REMINDER_SECONDS: Final = 24 * 3600

# From the most patient to the strictest.
_STRICTNESS: Final = (OnTimeout.WAIT, OnTimeout.ESCALATE, OnTimeout.REJECT, OnTimeout.HALT)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Seconds after the asking. `deadline` is when silence ends it, every step of the escalation included, or, for
    a request that waits, when it becomes overdue. `next_due` is when the sweep has to look before that, if ever."""

    deadline: int
    next_due: int | None


def is_stricter(asked: OnTimeout, than: OnTimeout) -> bool:
    """Whether one timeout action is stricter than the other: wait, escalate, reject, halt, in this order."""
    return _STRICTNESS.index(asked) > _STRICTNESS.index(than)


def timeline(
    on_timeout: OnTimeout, lifetime: int, steps: Sequence[int], asked: int | None = None
) -> Timeline:
    """When what happens. `lifetime` is policy's, `steps` the seconds at which escalation steps come, rising.

    Steps count only where silence escalates. The people of the last step have at least as long as those before
    them had. `asked` is the agent's own time: it shortens everything and lengthens nothing.
    """
    deadline = lifetime
    if on_timeout is OnTimeout.ESCALATE and steps:
        before = steps[-2] if len(steps) > 1 else 0
        deadline = max(lifetime, 2 * steps[-1] - before)
    deadline = min(deadline, LONGEST_SECONDS, asked or LONGEST_SECONDS)
    if on_timeout is OnTimeout.WAIT:
        return Timeline(deadline, deadline)
    coming = [step for step in steps if step < deadline] if on_timeout is OnTimeout.ESCALATE else []
    return Timeline(deadline, coming[0] if coming else None)


def reminder_seconds(lifetime: float) -> float:
    """How long after one reminder the next one comes."""
    return min(max(lifetime, SHORTEST_REMINDER_SECONDS), LONGEST_REMINDER_SECONDS)
