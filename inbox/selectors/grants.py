"""Grants read: who may make one, what one would match, which are in force, what passed by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Func, IntegerField, QuerySet

from inbox import canonical
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Grant, GrantUse, Revision
from inbox.policy import grants as rules
from inbox.policy.facts import ActionFacts, ToolFacts
from inbox.policy.grants import Pattern
from inbox.policy.words import Effect, Risk
from inbox.selectors.electorate import Electorate
from inbox.selectors.policy import tools_named

PAST: Final = 500
LISTED: Final = 8
SHOWN: Final = 50
# Larger payloads are counted and not read: a preview is a page, not a job.
LARGEST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Right:
    """Whether somebody may make a grant from a request, and if not, why not."""

    may: bool
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A past or pending request that a pattern matches, as a line."""

    id: UUID
    sentence: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Matches:
    """What a grant would have matched: pending now, and among the last 500 past calls of this agent and tool.

    `rejected` counts matches that people rejected; `too_large` calls were not looked at.
    """

    pending: int
    past: int
    rejected: int
    looked_at: int
    too_large: int
    listed: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant with its words ready to show."""

    grant: Grant
    tests: tuple[str, ...]

    @property
    def live(self) -> bool:
        return self.grant.ended_at is None


def could_grant(electorate: Electorate, request: ApprovalRequest, person_id: int) -> Right:
    """Whether this person could decide this request alone.

    An admin's right does not count: it would let one person pass alone what the ladder keeps from them.
    """
    excluded = electorate.excluded[request.pk].get(person_id)
    if excluded is not None:
        return Right(False, "self-approval", excluded.to_them)
    may = electorate.may(request, person_id)
    filling = electorate.filling(request, person_id)
    if may.may and filling is not None and not filling[1]:
        return Right(True)
    if len(electorate.open(request)) > 1:
        return Right(False, "several-people", "This needs several people, and a grant is one person's word.")
    return Right(False, may.code or "insufficient-tier", may.reason or "You could not decide it alone.")


def may_be_granted(request: ApprovalRequest, envelope: Mapping[str, Any]) -> bool:
    """Whether a grant could be made from a request at all, by what its row and bytes say."""
    return (
        request.state == State.PENDING.value
        and not request.blocked
        and request.verifiable
        and request.reversible
        and Risk(request.risk).rank <= Risk.MEDIUM.rank
        and any(action["kind"] == "tool_call" and action.get("args_schema") for action in envelope["actions"])
    )


def facts_of_request(
    request: ApprovalRequest,
) -> tuple[dict[str, ActionFacts], dict[str, Mapping[str, Any] | None]]:
    """The current revision's actions as facts by key, and their schemas."""
    envelope = _envelope(request)
    tools = tools_named(request.team_id, (action["name"] for action in envelope["actions"]))
    facts, schemas = {}, {}
    for action in envelope["actions"]:
        tool = tools.get(action["name"])
        facts[action["key"]] = ActionFacts(
            key=action["key"],
            name=action["name"],
            kind=action["kind"],
            args=action["args"],
            description=action["description"],
            tool=ToolFacts(
                name=tool.name,
                effect=Effect(tool.effect),
                reversible=tool.reversible,
                harmless=tool.harmless,
                risk_floor=Risk(tool.risk_floor) if tool.risk_floor else None,
            )
            if tool
            else None,
            verifiable=request.verifiable,
            findings=(),
        )
        schemas[action["key"]] = action.get("args_schema")
    return facts, schemas


def preview(request: ApprovalRequest, *, tool: str, schema: str, pattern: Pattern, thread: str) -> Matches:
    """What such a grant would match, in four queries; of schemas other than its own it matches nothing."""
    base = ApprovalRequest.objects.filter(team=request.team_id, agent=request.agent_id, tool=tool)
    pending = _read(base.filter(state=State.PENDING.value).order_by("created_at")[:PAST])
    past = _read(base.filter(closed_at__isnull=False).order_by("-closed_at")[:PAST])

    def fits(found: tuple[ApprovalRequest, Any]) -> bool:
        row, envelope = found
        return (
            envelope is not None
            and (not thread or row.thread == thread)
            and all(
                action["name"] == tool
                and rules.schema_digest(action.get("args_schema")) == schema
                and rules.matches(pattern, action["args"])
                for action in envelope["actions"]
            )
        )

    waiting = [row for row, envelope in pending if fits((row, envelope))]
    closed = [row for row, envelope in past if fits((row, envelope))]
    rejected = [row for row in closed if row.outcome in ("rejected", "mixed")]
    others = [row for row in closed if row.outcome not in ("rejected", "mixed")]
    return Matches(
        pending=len(waiting),
        past=len(closed),
        rejected=len(rejected),
        looked_at=len(past),
        too_large=sum(envelope is None for _, envelope in (*pending, *past)),
        # What was rejected is worth more than what passed.
        listed=tuple(
            Found(row.pk, row.sentence, row.outcome or row.state, row.closed_at or row.created_at)
            for row in [*rejected, *waiting, *others][:LISTED]
        ),
    )


def grants_of(team_id: UUID, *, agent_id: UUID | None = None, live: bool = False) -> list[GrantRow]:
    """The latest 50 grants of a team or one agent: those in force first, then by age."""
    found: QuerySet[Grant] = Grant.objects.select_related("agent", "granted_by", "ended_by").filter(
        team=team_id
    )
    if agent_id is not None:
        found = found.filter(agent=agent_id)
    if live:
        found = found.filter(ended_at__isnull=True)
    return [row_of(grant) for grant in found.order_by(F("ended_at").desc(nulls_first=True), "-pk")[:SHOWN]]


def grants_page(
    team_id: UUID, *, live_at: datetime | None = None, after: UUID | None = None
) -> tuple[list[GrantRow], UUID | None]:
    """Fifty grants of a team, the newest first, with `live_at` those in force then; and the cursor of the next page."""
    found = Grant.objects.select_related("agent", "granted_by", "ended_by").filter(team=team_id)
    if live_at is not None:
        found = found.filter(ended_at__isnull=True, expires_at__gt=live_at)
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: SHOWN + 1])
    return [row_of(grant) for grant in rows[:SHOWN]], rows[SHOWN - 1].pk if len(rows) > SHOWN else None


def grant_of(team_id: UUID, grant_id: UUID) -> GrantRow | None:
    """One grant of a team, or None."""
    grant = (
        Grant.objects.select_related("agent", "granted_by", "ended_by", "request")
        .filter(team=team_id, pk=grant_id)
        .first()
    )
    return row_of(grant) if grant else None


def passed_by(grant: Grant) -> list[GrantUse]:
    """The latest 50 requests that passed by a grant."""
    return list(GrantUse.objects.select_related("request").filter(grant=grant).order_by("-pk")[:SHOWN])


def grants_that_passed(request: ApprovalRequest) -> list[Grant]:
    """The grants a request passed by."""
    if not request.rule.startswith(rules.GRANT):
        return []
    return list(Grant.objects.select_related("granted_by").filter(used_by__request=request).order_by("pk"))


def row_of(grant: Grant) -> GrantRow:
    """A grant with its pattern in words."""
    return GrantRow(grant, tuple(said(test) for test in rules.pattern_of(grant.pattern)))


def said(test: rules.ArgumentTest) -> str:
    """A test in words, its value as JSON: `path under "docs/"`."""
    words = {"equal": "is", "starts_with": "begins with", "under": "is under", "at_most": "is at most"}
    if test.op == "any":
        return f"{test.argument} is anything"
    text = canonical.dumps(test.value).decode()
    return f"{test.argument} {words[test.op]} {text[:200]}{'…' if len(text) > 200 else ''}"


def _envelope(request: ApprovalRequest) -> Any:
    payload = Revision.objects.values_list("payload", flat=True).get(
        request=request, number=request.revision_number
    )
    return canonical.read(bytes(payload))


def _read(requests: QuerySet[ApprovalRequest]) -> Sequence[tuple[ApprovalRequest, Any]]:
    """Each request with its envelope, None where that is too large to look at."""
    rows = list(requests)
    size = Func(F("payload"), function="octet_length", output_field=IntegerField())
    found = {
        (request_id, number): bytes(payload)
        for request_id, number, payload in Revision.objects.annotate(size=size)
        .filter(request__in=rows, size__lte=LARGEST)
        .values_list("request_id", "number", "payload")
    }
    return [
        (row, canonical.read(raw) if (raw := found.get((row.pk, row.revision_number))) else None)
        for row in rows
    ]
