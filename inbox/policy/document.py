"""The policy document: a ladder of needs per risk, deadlines, what waiting does, checkpoints, and rules. Format 1.

A document is data an admin writes and a version freezes. What reads it is `inbox.policy.evaluate`. A key that
is absent means its default; the defaults are the properties and methods here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from inbox import canonical
from inbox.policy.checks import HARMLESS_READ, INFERRED_READ, every_needs, problems_of
from inbox.policy.need import Need
from inbox.policy.problems import PolicyError, Problem, ProblemCode, pointer
from inbox.policy.requirement import covers, largest
from inbox.policy.rule import Rule
from inbox.policy.rules import Matcher, compiled
from inbox.policy.shapes import (
    LONGEST_WAIT_SECONDS,
    Checkpoint,
    HoldSeconds,
    IfMissing,
    Needs,
    OnTimeout,
    Pattern,
    Require,
    Seconds,
    Slug,
    Strict,
)
from inbox.policy.words import Risk

__all__ = [
    "CLIMB",
    "HARMLESS_READ",
    "INFERRED_READ",
    "LONGEST_WAIT_SECONDS",
    "CheckpointRule",
    "Escalation",
    "Need",
    "PolicyDocument",
    "PolicyError",
    "Problem",
    "Routing",
    "Rule",
    "check_dates",
    "check_ladder",
    "default_document",
    "digest",
    "dumps",
    "parse_document",
    "with_default_expiry",
]

MOST_RULES: Final = 500
LARGEST: Final = 1024 * 1024
DEFAULT_EXPIRY_DAYS: Final = 30
# From the least to the most that may be asked; each level asks for everything the one before it does.
CLIMB: Final = (Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.UNVERIFIABLE, Risk.CRITICAL)


HOLD_SECONDS: Final = {
    Risk.LOW: 5,
    Risk.MEDIUM: 10,
    Risk.HIGH: 10,
    Risk.UNVERIFIABLE: 10,
    Risk.CRITICAL: 30,
}
"""How long a decision can be undone where the document does not say. A friction ladder: more risk, more time."""


class Escalation(Strict):
    """A step of escalation: this long after a request came, it needs at least `needs` as well."""

    after_seconds: Seconds
    needs: Needs


class Routing(Strict):
    """Who is suggested first for a waiting request. It grants nobody anything."""

    strategy: Literal["none", "rota", "least_loaded"]
    rota: Slug | None = None


class CheckpointRule(Strict):
    """What every request at one kind of checkpoint must bring, and what it needs beside the ladder.

    `missing` (refuse when absent): whether a request without all of `require` is refused, or flagged and shown
    to a person.
    """

    require: Require | None = None
    missing: IfMissing | None = None
    needs: Needs | None = None
    expires_in: Seconds | None = None
    on_timeout: OnTimeout | None = None


class PolicyDocument(Strict):
    """One version of a team's policy. Construct it only validated; raises pydantic's ValidationError."""

    format: Literal[1]
    ladder: dict[Risk, Needs]
    expires_in: dict[Risk, Seconds]
    on_timeout: dict[Risk, OnTimeout] | None = None
    escalation: dict[Risk, Annotated[tuple[Escalation, ...], Field(min_length=1, max_length=5)]] | None = None
    routing: Routing | None = None
    checkpoints: dict[Checkpoint, CheckpointRule] | None = None
    unknown_tools: Literal["infer", "ask"] | None = None
    hold: dict[Risk, HoldSeconds] | None = None
    release_at_once: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=100)] | None = None
    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> PolicyDocument:
        problems = problems_of(self)
        if problems:
            raise PydanticCustomError("policy", "The document contradicts itself.", {"problems": problems})
        return self

    @property
    def infers_unknown_tools(self) -> bool:
        """Whether an unknown tool's effect may be inferred; else it always asks."""
        return self.unknown_tools != "ask"

    def timeout_of(self, risk: Risk) -> OnTimeout:
        """What silence means at this risk. Never that something is approved."""
        return (self.on_timeout or {}).get(risk, "reject")

    def steps_of(self, risk: Risk) -> tuple[Escalation, ...]:
        """The escalation of this risk, soonest step first."""
        return (self.escalation or {}).get(risk, ())

    def hold_of(self, risk: Risk, tools: Iterable[str]) -> int:
        """Seconds between people's decision and its release; none when every tool is named to be released at once."""
        free = self.release_at_once or ()
        if free and all(any(fnmatchcase(tool, pattern) for pattern in free) for tool in tools):
            return 0
        return self.hold_at(risk)

    def hold_at(self, risk: Risk) -> int:
        """The same for tools that are not named."""
        return (self.hold or {}).get(risk, HOLD_SECONDS[risk])

    def checkpoint(self, kind: str) -> CheckpointRule:
        """What is asked of every request at this kind of checkpoint."""
        return next((one for name, one in (self.checkpoints or {}).items() if name == kind), CheckpointRule())

    @property
    def most_beside_ladder(self) -> tuple[Need, ...]:
        """Whom rules and checkpoints ask for at most, asked when a rule or the whole request cannot be judged."""
        asking = [one.needs for one in self.rules]
        asking += [one.needs for one in (self.checkpoints or {}).values()]
        return largest(*(needs for needs in asking if needs))

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        """The rules ready to be asked, in their order; compiled once a document."""
        return compiled(self.rules)


def parse_document(
    source: bytes | Mapping[str, Any], *, ranks: Mapping[str, int] | None = None
) -> PolicyDocument:
    """Read a document from JSON bytes or from what JSON would give.

    With `ranks` (tier name to rank), as when a version is saved, it is also held against the team's tiers:
    each one named must exist, and no risk may ask for less than a lower one. Raises PolicyError with every
    problem found.
    """
    try:
        raw = source if isinstance(source, bytes) else canonical.dumps(source)
        # The strict reader first: a document two parsers read differently is not one policy.
        # Bytes alone bound it: a request's bounds on keys would refuse 300 rules that a save had accepted.
        canonical.loads(raw, max_bytes=LARGEST, max_keys=LARGEST, max_elements=LARGEST)
    except canonical.JsonRefused as error:
        raise PolicyError([Problem(error.pointer, ProblemCode.MALFORMED, error.detail)]) from None
    except (TypeError, ValueError, RecursionError):
        raise PolicyError([Problem("", ProblemCode.MALFORMED, "The document is not JSON.")]) from None
    try:
        document = PolicyDocument.model_validate_json(raw)
    except ValidationError as error:
        raise PolicyError(
            _outermost_dropped([p for detail in error.errors() for p in _problems(detail)])
        ) from None
    if len(dumps(document)) > LARGEST:
        # What is stored spells defaults out, and must be readable again.
        message = f"Spelled out, the document is over {LARGEST:,} bytes."
        raise PolicyError([Problem("", ProblemCode.OUT_OF_RANGE, message)])
    if ranks is not None:
        problems = check_ladder(document, ranks)
        if problems:
            raise PolicyError(problems)
    return document


def dumps(document: PolicyDocument) -> bytes:
    """The canonical bytes of a document: what a version stores and what its digest is over."""
    return canonical.dumps(document.model_dump(mode="json", exclude_none=True))


def digest(document: PolicyDocument) -> str:
    """`sha256:` and 64 hex digits over the canonical bytes."""
    return canonical.sha256(dumps(document))


def check_ladder(document: PolicyDocument, ranks: Mapping[str, int]) -> tuple[Problem, ...]:
    """What is wrong between a document and the team's tiers: tiers that do not exist, a ladder that falls.

    A falling ladder would let an agent's claim of more risk, which may only raise, ask for less. Reordering
    tiers can make a ladder fall, so check again there.
    """
    missing = [
        Problem(where, ProblemCode.UNKNOWN_TIER, f"There is no tier {need.tier}.")
        for where, needs in every_needs(document)
        for need in needs
        if need.tier is not None and need.tier not in ranks
    ]
    falling = [
        Problem(
            pointer(["ladder", higher.value]),
            ProblemCode.LADDER_FALLS,
            f"{higher.value.capitalize()} risk asks for less than {lower.value} risk: it must need at least as much.",
        )
        for lower, higher in pairwise(CLIMB)
        if not missing and not covers(document.ladder[higher], document.ladder[lower], ranks)
    ]
    return (*missing, *falling)


def with_default_expiry(
    document: PolicyDocument, now: datetime, days: int = DEFAULT_EXPIRY_DAYS
) -> PolicyDocument:
    """The document with an `until`, so many days from `now`, on every allow rule that had none. For saving."""
    until = (now + timedelta(days=days)).astimezone(UTC).replace(microsecond=0)
    return document.model_copy(
        update={
            "rules": tuple(
                rule.model_copy(update={"until": until})
                if rule.then == "allow" and rule.until is None
                else rule
                for rule in document.rules
            )
        }
    )


def check_dates(
    document: PolicyDocument, now: datetime, before: PolicyDocument | None = None
) -> tuple[Problem, ...]:
    """The rules that would be over before they begin. For saving; rules unchanged since `before` may be over."""
    kept = set(before.rules) if before is not None else set()
    return tuple(
        Problem(pointer(["rules", place, "until"]), ProblemCode.IN_THE_PAST, "This moment has passed.")
        for place, rule in enumerate(document.rules)
        if rule.until is not None and rule.until <= now and rule not in kept
    )


def default_document(tiers: Sequence[str], *, release_at_once: Sequence[str] = ()) -> PolicyDocument:
    """The policy a new team starts with. `tiers` are the tier names, lowest first, at least one; the tools that match
    `release_at_once` have no hold.

    Low risk needs the lowest tier, medium the second, high and unverifiable the third, critical two people of
    the third; a shorter ladder uses its highest tier instead. Silence rejects sooner where the risk is higher.
    Raises PolicyError for no tiers or one named twice.
    """
    if not tiers or len(set(tiers)) != len(tiers):
        message = "Name at least one tier, each once, lowest first."
        raise PolicyError([Problem("/ladder", ProblemCode.OUT_OF_RANGE, message)])
    first, second, third = (tiers[min(step, len(tiers) - 1)] for step in range(3))
    hour = 3600
    return parse_document(
        {
            "format": 1,
            "ladder": {
                "low": [{"tier": first, "count": 1}],
                "medium": [{"tier": second, "count": 1}],
                "high": [{"tier": third, "count": 1}],
                "unverifiable": [{"tier": third, "count": 1}],
                "critical": [{"tier": third, "count": 2}],
            },
            "expires_in": {
                "low": 72 * hour,
                "medium": 24 * hour,
                "high": 8 * hour,
                "unverifiable": 8 * hour,
                "critical": 4 * hour,
            },
            "rules": [],
            **({"release_at_once": list(release_at_once)} if release_at_once else {}),
        },
        ranks={name: rank for rank, name in enumerate(tiers, start=1)},
    )


_CODES: Final[dict[str, ProblemCode]] = {
    "missing": ProblemCode.MISSING,
    "extra_forbidden": ProblemCode.UNKNOWN_FIELD,
    "enum": ProblemCode.NOT_A_CHOICE,
    "literal_error": ProblemCode.NOT_A_CHOICE,
    "string_pattern_mismatch": ProblemCode.INVALID_TEXT,
    "string_too_long": ProblemCode.INVALID_TEXT,
    "string_too_short": ProblemCode.INVALID_TEXT,
    "datetime_from_date_parsing": ProblemCode.INVALID_TEXT,
    "datetime_parsing": ProblemCode.INVALID_TEXT,
    "timezone_aware": ProblemCode.INVALID_TEXT,
    "greater_than": ProblemCode.OUT_OF_RANGE,
    "greater_than_equal": ProblemCode.OUT_OF_RANGE,
    "less_than_equal": ProblemCode.OUT_OF_RANGE,
    "too_short": ProblemCode.OUT_OF_RANGE,
    "too_long": ProblemCode.OUT_OF_RANGE,
}


def _problems(detail: ErrorDetails) -> list[Problem]:
    if detail["type"] == "policy":
        return list(detail["ctx"]["problems"])
    code = _CODES.get(detail["type"], ProblemCode.WRONG_TYPE)
    # For a wrong key of a table pydantic appends the marker [key]; a pointer names places only.
    place = [part for part in detail["loc"] if part != "[key]"]
    return [Problem(pointer(place), code, detail["msg"] + ".")]


def _outermost_dropped(problems: Sequence[Problem]) -> list[Problem]:
    # A list whose only item is wrong is also reported as too short, which would send its author astray.
    return [
        problem
        for problem in problems
        if not any(other.pointer.startswith(problem.pointer + "/") for other in problems if problem.pointer)
    ]
