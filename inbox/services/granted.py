"""What passes by a grant, taken at submit.

Taking one locks the grant's row after limits and before groups, so of two submits on its last use the second waits and
finds none left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from agents.contract import Submission
from agents.models import Agent
from inbox import audit
from inbox.audit import Entry
from inbox.models import ApprovalRequest, Grant, GrantUse, PolicyVersion
from inbox.policy import grants as rules
from inbox.policy.words import Outcome as Says
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate
from inbox.selectors.grants import could_grant
from inbox.selectors.policy import document_of
from inbox.services.grants import MOST_IN_FORCE, MOST_USES
from inbox.services.judging import Judged

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Passed:
    """A submission that grants let pass: its verdict, and how many of its actions each grant covered."""

    judged: Judged
    uses: Mapping[UUID, int]


def pass_granted(
    *,
    agent: Agent,
    version: PolicyVersion,
    asked: Sequence[tuple[Submission, Judged, ApprovalRequest]],
    at: datetime,
) -> dict[int, Passed]:
    """Which of these new requests pass by grants, by their place; uses are taken. In the caller's transaction.

    `asked` hold each request as it would be asked of people, not yet stored. Whatever goes wrong with a request
    leaves it asked.
    """
    fitting = _fitting(agent, asked, at)
    if not fitting:
        return {}
    wanted = {grant.pk for by_key in fitting.values() for several in by_key.values() for grant in several}
    # Locked, then read: a revocation that was first is seen here, one that comes later waits.
    live = {
        grant.pk: grant
        for grant in Grant.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        if grant.ended_at is None and grant.expires_at > at
    }
    left = {pk: grant.max_uses - grant.uses for pk, grant in live.items() if grant.max_uses is not None}
    requests = [asked[place][2] for place in fitting]
    electorate = Electorate.load(
        agent.team_id,
        requests,
        at=at,
        people={grant.granted_by_id for grant in live.values()},
        current=version,
    )
    names = {person: rights.name for person, rights in electorate.rights.items()}
    passed: dict[int, Passed] = {}
    for place, by_key in fitting.items():
        _, judged, request = asked[place]
        chosen = _choose(by_key, live, left, electorate, request)
        if chosen is None:
            continue
        verdict = _pass(judged, version, chosen, live, names)
        if verdict is None:
            continue
        uses = Counter(chosen.values())
        for pk, count in uses.items():
            if pk in left:
                left[pk] -= count
            live[pk].uses += count
        passed[place] = Passed(replace(judged, verdict=verdict), uses)
    _take(live, {pk for one in passed.values() for pk in one.uses}, at)
    return passed


def used(passed: Mapping[int, Passed], requests: Sequence[ApprovalRequest], agent: Agent) -> list[Entry]:
    """Store which requests passed by which grants, once the requests are; the audit entries that say so."""
    rows = [
        (grant_id, requests[place], count)
        for place, one in passed.items()
        for grant_id, count in one.uses.items()
    ]
    GrantUse.objects.bulk_create(
        GrantUse(grant_id=grant_id, request=request, count=count) for grant_id, request, count in rows
    )
    return [
        Entry(
            "grant_used",
            audit.Actor("agent", agent.handle, str(agent.pk)),
            request.pk,
            {"grant": str(grant_id), "count": count},
        )
        for grant_id, request, count in rows
    ]


_ByKey = dict[str, list[Grant]]


def _fitting(
    agent: Agent, asked: Sequence[tuple[Submission, Judged, ApprovalRequest]], at: datetime
) -> dict[int, _ByKey]:
    """The grants whose words fit, by place and action key, for what would be asked and is not above the ceiling."""
    open_to = {
        place: submission
        for place, (submission, judged, _) in enumerate(asked)
        if judged.verdict.outcome is Says.REVIEW
        and any(action.args_schema for action in submission.actions)
        and judged.verdict.risk.rank <= Risk.MEDIUM.rank
    }
    if not open_to:
        return {}
    tools = {action.name for submission in open_to.values() for action in submission.actions}
    known = list(
        Grant.objects.filter(agent=agent, tool__in=tools, ended_at__isnull=True, expires_at__gt=at).order_by(
            "pk"
        )[:MOST_IN_FORCE]
    )
    found: dict[int, _ByKey] = {}
    for place, submission in open_to.items() if known else ():
        by_key: _ByKey = {}
        for action, facts in zip(submission.actions, asked[place][1].facts.actions, strict=True):
            if rules.above_ceiling(asked[place][1].verdict.risk, [facts], [action.args_schema]) is not None:
                continue
            digest = rules.schema_digest(action.args_schema)
            several = [
                grant
                for grant in known
                if grant.tool == action.name
                and grant.schema_digest == digest
                and grant.thread in ("", submission.thread)
                and rules.matches(rules.pattern_of(grant.pattern), action.args)
            ]
            if several:
                by_key[action.key] = several
        if by_key:
            found[place] = by_key
    return found


def _choose(
    by_key: _ByKey,
    live: Mapping[UUID, Grant],
    left: Mapping[UUID, int],
    electorate: Electorate,
    request: ApprovalRequest,
) -> dict[str, UUID] | None:
    """One grant an action, the oldest that still has uses and whose giver could decide this request alone today."""
    spent = Counter[UUID]()
    chosen: dict[str, UUID] = {}
    for key, several in by_key.items():
        for grant in several:
            if grant.pk not in live or left.get(grant.pk, MOST_USES) - spent[grant.pk] < 1:
                continue
            if could_grant(electorate, request, grant.granted_by_id).may:
                spent[grant.pk] += 1
                chosen[key] = grant.pk
                break
    return chosen or None


def _pass(
    judged: Judged,
    version: PolicyVersion,
    chosen: Mapping[str, UUID],
    live: Mapping[UUID, Grant],
    names: Mapping[int, str],
) -> Any:
    grant = live[next(iter(chosen.values()))]
    until = grant.expires_at.astimezone(UTC)
    because = f"A grant by {names.get(grant.granted_by_id, 'a member')} until {until:%Y-%m-%d %H:%M} UTC lets it pass"
    try:
        return rules.with_grants(
            judged.verdict,
            document_of(version),
            judged.facts,
            {key: str(pk) for key, pk in chosen.items()},
            because,
        )
    except Exception:
        # An error in policy asks people; the exception's text can quote arguments, so its kind alone is kept.
        log.exception("grant_not_applied", grant=str(grant.pk))
        return None


def _take(live: Mapping[UUID, Grant], touched: set[UUID], at: datetime) -> None:
    rows = [live[pk] for pk in sorted(touched)]
    for grant in rows:
        if grant.max_uses is not None and grant.uses >= grant.max_uses:
            grant.ended_at, grant.ended_because = at, Grant.Ended.USED_UP
    Grant.objects.bulk_update(rows, ["uses", "ended_at", "ended_because"])
