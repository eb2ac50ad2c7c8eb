"""The words policy speaks in."""

from __future__ import annotations

from enum import StrEnum


class Risk(StrEnum):
    """How much harm a request could do. `unverifiable` needs at least what `high` needs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    UNVERIFIABLE = "unverifiable"

    @property
    def rank(self) -> int:
        """Order for comparing: low 0, medium 1, high and unverifiable 2, critical 3."""
        return {"low": 0, "medium": 1, "high": 2, "unverifiable": 2, "critical": 3}[self.value]


class Effect(StrEnum):
    """What a tool does to the world."""

    READ = "read"
    WRITE = "write"
    IRREVERSIBLE = "irreversible"


class Outcome(StrEnum):
    """What policy says about a request. Blocked: refused, unless people answer by the separate break-glass verdict."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCKED = "blocked"
    DENY = "deny"


class Lane(StrEnum):
    """Where in the inbox a request stands."""

    NOW = "now"
    LOOK = "look"
    BATCH = "batch"


def worst(first: Risk, *others: Risk) -> Risk:
    """The highest of the levels. Of two equal ranks `unverifiable` wins: it also forbids passing and batching."""
    return max((first, *others), key=lambda risk: (risk.rank, risk is Risk.UNVERIFIABLE))
