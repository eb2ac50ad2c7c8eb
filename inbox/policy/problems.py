"""What can be wrong with a policy document.

PolicyError            the document is refused whole; nothing of it is in force
└── problems           every Problem found, each with its place, a code and a sentence
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ProblemCode(StrEnum):
    """Every code a refusal can carry. docs/reference/policy.md explains each; a test keeps it complete."""

    MALFORMED = "malformed"
    MISSING = "missing"
    UNKNOWN_FIELD = "unknown-field"
    NOT_A_CHOICE = "not-a-choice"
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"
    INVALID_TEXT = "invalid-text"
    LEVEL_MISSING = "level-missing"
    TIER_TWICE = "tier-twice"
    RULE_TWICE = "rule-twice"
    RULE_RESERVED = "rule-reserved"
    NOT_FOR_REVIEW = "only-for-review"
    NOT_FOR_ALLOW = "only-for-allow"
    NOT_FOR_DENY = "not-for-deny"
    UNKNOWN_FACT = "unknown-fact"
    CONDITION = "condition-misfit"
    EXPRESSION = "expression-refused"
    CLAIMS_ALONE = "claims-alone"
    TIME_ZONE = "unknown-time-zone"
    UNKNOWN_CONTEXT = "unknown-context"
    NOTHING_REQUIRED = "nothing-required"
    ROTA = "rota"
    ESCALATION_ORDER = "escalation-order"
    NO_ESCALATION = "no-escalation"
    IN_THE_PAST = "in-the-past"
    FLOOR_UNVERIFIABLE = "floor-unverifiable"
    UNKNOWN_TIER = "unknown-tier"
    LADDER_FALLS = "ladder-falls"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: an RFC 6901 pointer into the document, a code, and a sentence for its author."""

    pointer: str
    code: ProblemCode
    message: str


class PolicyError(ValueError):
    """The document is not a policy."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.code}: {p.message}" for p in self.problems))


def pointer(parts: Sequence[str | int]) -> str:
    """The RFC 6901 pointer to a place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
