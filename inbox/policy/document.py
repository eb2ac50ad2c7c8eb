"""The policy document: a ladder of needs per risk, deadlines, and rules. Format 1.

A document is data an admin writes and a version freezes: no expressions, no regular expressions, nothing that
runs. What reads it is `inbox.policy.evaluate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from inbox import canonical
from inbox.policy.need import Need
from inbox.policy.problems import PolicyError, Problem, ProblemCode, pointer
from inbox.policy.requirement import covers
from inbox.policy.words import Effect, Risk

__all__ = [
    "CLIMB",
    "HARMLESS_READ",
    "Need",
    "PolicyDocument",
    "PolicyError",
    "Problem",
    "Rule",
    "check_ladder",
    "default_document",
    "digest",
    "dumps",
    "parse_document",
]

# The name automatic answers carry when no rule was needed: every action is a harmless read by the catalogue.
HARMLESS_READ: Final = "harmless-read"
MOST_RULES: Final = 500
MOST_PEOPLE: Final = 10
LONGEST_WAIT_SECONDS: Final = 30 * 24 * 3600
# From the least to the most that may be asked; each level asks for everything the one before it does.
CLIMB: Final = (Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.UNVERIFIABLE, Risk.CRITICAL)

Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/*?-]{1,200}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
# One line, printable: a note stands on the approver's page.
Note = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]{1,500}$"
    ),
]
Needs = Annotated[tuple[Need, ...], Field(min_length=1, max_length=10)]
Seconds = Annotated[int, Field(ge=1, le=LONGEST_WAIT_SECONDS)]
Checkpoint = Literal["pre_execution", "post_planning", "mid_execution", "pre_commit", "post_execution"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Rule(_Strict):
    """What happens to the actions it matches.

    It matches an action when every condition given holds: `tool` and `agent` are patterns where `*` stands for
    any run of characters and `?` for one; `checkpoint` and `effects` match anything when absent. An unknown
    tool has no effect, so a rule with `effects` never matches it. Of the matching rules the highest `priority`
    wins; at the same priority deny wins over review and review over allow.
    """

    id: Slug
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    tool: Pattern = "*"
    agent: Pattern = "*"
    checkpoint: Checkpoint | None = None
    effects: Annotated[tuple[Effect, ...], Field(min_length=1, max_length=3)] | None = None
    then: Literal["allow", "review", "deny"]
    risk_at_least: Risk | None = None
    note: Note | None = None
    needs: Needs | None = None


class PolicyDocument(_Strict):
    """One version of a team's policy. Construct it only validated; raises pydantic's ValidationError."""

    format: Literal[1]
    ladder: dict[Risk, Needs]
    expires_in: dict[Risk, Seconds]
    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> PolicyDocument:
        problems = [*_levels(self), *_needs_are_sane(self), *_rules(self)]
        if problems:
            raise PydanticCustomError("policy", "The document contradicts itself.", {"problems": problems})
        return self


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
        canonical.loads(raw)
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
        for where, needs in _every_needs(document)
        for need in needs
        if need.tier not in ranks
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


def default_document(tiers: Sequence[str]) -> PolicyDocument:
    """The policy a new team starts with. `tiers` are the tier names, lowest first, at least one.

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
        },
        ranks={name: rank for rank, name in enumerate(tiers, start=1)},
    )


def _levels(document: PolicyDocument) -> list[Problem]:
    return [
        Problem(
            pointer([name, risk.value]), ProblemCode.LEVEL_MISSING, f"{name} says nothing about {risk.value}."
        )
        for name, table in (("ladder", document.ladder), ("expires_in", document.expires_in))
        for risk in Risk
        if risk not in cast("Mapping[Risk, object]", table)
    ]


def _every_needs(document: PolicyDocument) -> list[tuple[str, tuple[Need, ...]]]:
    return [
        *((pointer(["ladder", risk.value]), needs) for risk, needs in document.ladder.items()),
        *(
            (pointer(["rules", place, "needs"]), rule.needs or ())
            for place, rule in enumerate(document.rules)
        ),
    ]


def _needs_are_sane(document: PolicyDocument) -> list[Problem]:
    problems = []
    for where, needs in _every_needs(document):
        if len({need.tier for need in needs}) != len(needs):
            problems.append(Problem(where, ProblemCode.TIER_TWICE, "A tier stands twice: add the counts up."))
        if sum(need.count for need in needs) > MOST_PEOPLE:
            message = f"More than {MOST_PEOPLE} people are asked for."
            problems.append(Problem(where, ProblemCode.OUT_OF_RANGE, message))
    return problems


def _rules(document: PolicyDocument) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for place, rule in enumerate(document.rules):

        def say(field: str, code: ProblemCode, message: str, place: int = place) -> None:
            problems.append(Problem(pointer(["rules", place, field]), code, message))

        if rule.id == HARMLESS_READ:
            say("id", ProblemCode.RULE_RESERVED, f"{HARMLESS_READ} is the name of the built-in answer.")
        if rule.id in seen:
            say("id", ProblemCode.RULE_TWICE, f"Two rules are called {rule.id}.")
        seen.add(rule.id)
        for field, given in (("needs", rule.needs), ("risk_at_least", rule.risk_at_least)):
            if given is not None and rule.then != "review":
                say(
                    field,
                    ProblemCode.NOT_FOR_REVIEW,
                    f"A rule that says {rule.then} asks nobody: leave {field} out.",
                )
        if rule.risk_at_least is Risk.UNVERIFIABLE:
            say("risk_at_least", ProblemCode.FLOOR_UNVERIFIABLE, "Unverifiable is found, not set: use high.")
    return problems


_CODES: Final[dict[str, ProblemCode]] = {
    "missing": ProblemCode.MISSING,
    "extra_forbidden": ProblemCode.UNKNOWN_FIELD,
    "enum": ProblemCode.NOT_A_CHOICE,
    "literal_error": ProblemCode.NOT_A_CHOICE,
    "string_pattern_mismatch": ProblemCode.INVALID_TEXT,
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
