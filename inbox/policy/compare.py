"""Two verdicts on the same facts: what the second changes, and how much that should worry its author.

Used where a draft is tried on history and where a version runs in shadow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from inbox.policy.evaluate import Verdict
from inbox.policy.requirement import covers
from inbox.policy.words import Outcome


class Change(StrEnum):
    """What a version would do that another does not."""

    PASSES = "passes"
    STILL = "still"
    FEWER = "fewer"
    OTHERS = "others"
    MORE = "more"
    ASKS = "asks"
    REFUSED = "refused"


class Ended(StrEnum):
    """How a past request ended, by whom."""

    REJECTED = "rejected"
    EDITED = "edited"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    POLICY = "policy"


# Who said no, or changed it, comes before who said nothing, before who said yes.
_DOUBT = {
    Ended.REJECTED: 0,
    Ended.EDITED: 1,
    Ended.EXPIRED: 2,
    Ended.WITHDRAWN: 3,
    Ended.POLICY: 4,
    Ended.APPROVED: 5,
}
_WORRY = {
    Change.PASSES: 0,
    Change.STILL: 0,
    Change.FEWER: 10,
    Change.OTHERS: 20,
    Change.REFUSED: 30,
    Change.ASKS: 40,
    Change.MORE: 50,
}


def change(before: Verdict, after: Verdict, ranks: Mapping[str, int]) -> Change | None:
    """What the second verdict changes of the first; None when both answer alike and ask the same people.

    Risk and reasons alone are no change: nothing happens differently by them.
    """
    if after.outcome is not before.outcome:
        return _turned(before.outcome, after.outcome)
    more = covers(after.needs, before.needs, ranks)
    fewer = covers(before.needs, after.needs, ranks)
    if set(before.needs) == set(after.needs) or (more and fewer):
        return None
    return Change.MORE if more else Change.FEWER if fewer else Change.OTHERS


def _turned(before: Outcome, after: Outcome) -> Change:
    if after is Outcome.ALLOW:
        return Change.PASSES
    if after is Outcome.DENY or (after is Outcome.BLOCKED and before is not Outcome.DENY):
        return Change.REFUSED
    return Change.ASKS


def weight(found: Change, ended: Ended) -> int:
    """How early a difference stands in the list: 0 for what people rejected and the draft would pass."""
    return _WORRY[found] + _DOUBT[ended]


@dataclass(slots=True)
class Tally:
    """Counts over many comparisons. `passed` counts, by how they ended, all requests the draft would pass."""

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The tally a back-test stored."""
        return cls(**stored)

    def add(self, before: Verdict, after: Verdict, found: Change | None, ended: Ended) -> None:
        """Count one comparison."""
        _count(self.before, before.outcome)
        _count(self.after, after.outcome)
        if found is not None and found is not Change.STILL:
            _count(self.changes, found)
        if after.outcome is Outcome.ALLOW:
            _count(self.passed, ended)

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def _count(table: dict[str, int], key: StrEnum) -> None:
    table[key.value] = table.get(key.value, 0) + 1
