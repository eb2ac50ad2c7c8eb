"""Why policy says what it says: a stable code for programs, a sentence for reviewers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST_TEXT = 200


class ReasonCode(StrEnum):
    """Every code a verdict can carry. docs/reference/policy.md explains each; a test keeps it complete."""

    UNKNOWN_TOOL = "unknown-tool"
    INFERRED_READ = "inferred-read"
    INFERRED_WRITE = "inferred-write"
    INFERRED_FINAL = "inferred-final"
    CONFLICT = "conflict"
    CONFIDENTIAL = "confidential"
    UNRELATED = "unrelated"
    INSTRUCTED = "instructed"
    ADDRESS = "address"
    BULK = "bulk"
    SHELL = "shell"
    SQL = "sql"
    READ_HARMLESS = "read-harmless"
    READ = "read"
    WRITE_REVERSIBLE = "write-reversible"
    WRITE = "write"
    IRREVERSIBLE = "irreversible"
    CATALOGUE_FLOOR = "catalogue-floor"
    UNVERIFIABLE = "unverifiable"
    FINDING = "finding"
    REACH = "reach"
    AMOUNT = "amount"
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    CLAIMED_RISK = "claimed-risk"
    NOT_SURE = "not-sure"
    REJECTED_BEFORE = "rejected-before"
    NEW_DESTINATION = "new-destination"
    NEW_TOOL = "new-tool"
    BURST = "burst"
    LOW_CONFIDENCE = "low-confidence"
    RULE_ALLOW = "rule-allow"
    RULE_REVIEW = "rule-review"
    RULE_BLOCK = "rule-block"
    RULE_FAILED = "rule-failed"
    CONTEXT_MISSING = "context-missing"
    LIMIT_UNKNOWN = "limit-unknown"
    LIMIT_REACHED = "limit-reached"
    RULE_DENY = "rule-deny"
    RULE_RISK = "rule-risk"
    ALLOW_REFUSED = "allow-refused"
    PASSED_INFERRED = "passed-inferred"
    PASSED_HARMLESS = "passed-harmless"
    NO_RULE = "no-rule"
    GRANTED = "granted"
    POLICY_ERROR = "policy-error"
    GOVERNED_CHANGE = "governed-change"


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation. `text` is one printable sentence without its full stop."""

    code: ReasonCode
    text: str


def printable(text: str) -> str:
    """Text that came with the payload, made safe to stand in a reason: one line, no invisible characters, cut."""
    shown = "".join(char if char.isprintable() else "·" for char in text[: LONGEST_TEXT + 1])
    return shown if len(shown) <= LONGEST_TEXT else shown[:LONGEST_TEXT] + "…"
