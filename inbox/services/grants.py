"""Grants: made by whoever could decide such a request alone, taken at submit, revoked at once.

Making one locks the request and then the member, as a vote does, and asks the same question a vote asks. Taking one
locks the grant's row after limits and before groups, so of two submits on its last use the second waits and finds
none left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from agents.contract import Submission
from agents.models import Agent
from inbox import audit, canonical, events
from inbox.audit import SYSTEM, Entry
from inbox.clock import database_now
from inbox.errors import Changed, Conflict, FieldError, Invalid, NotAllowed, NotFound
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Grant, GrantUse, Member, PolicyVersion
from inbox.policy import grants as rules
from inbox.policy.facts import ActionFacts
from inbox.policy.grants import Pattern
from inbox.policy.words import Outcome as Says
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate
from inbox.selectors.grants import could_grant, facts_of_request
from inbox.selectors.policy import document_of
from inbox.services.judging import Judged
from inbox.services.people import actor_of

log = structlog.get_logger(__name__)

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=30)
MOST_USES: Final = 10_000
MOST_IN_FORCE: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to let pass: like the action `key` of this request, as it was shown (`digest`)."""

    request_id: UUID
    digest: str
    key: str
    pattern: Pattern
    lifetime: timedelta
    this_run: bool = False
    max_uses: int | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A submission that grants let pass: its verdict, and how many of its actions each grant covered."""

    judged: Judged
    uses: Mapping[UUID, int]


def make_grant(*, member: Member, wish: Wish) -> Grant:
    """Let calls like one of a pending request's pass for a while. The request itself stays as it is.

    Raises NotFound, NotAllowed (somebody who could not decide it alone, or a request above the ceiling), Changed,
    Conflict (no longer pending), Invalid with the fields that are wrong.
    """
    with transaction.atomic():
        request = (
            ApprovalRequest.objects.select_for_update(of=("self",))
            .select_related("agent", "policy_version__policy")
            .filter(team=member.team_id, pk=wish.request_id)
            .first()
        )
        if request is None:
            raise NotFound()
        list(Member.objects.select_for_update(no_key=True).filter(pk=member.pk).values_list("pk"))
        now = database_now()
        _check_waits(request, wish, now)
        electorate = Electorate.load(member.team_id, [request], at=now, people=[member.user_id])
        right = could_grant(electorate, request, member.user_id)
        if not right.may:
            raise NotAllowed(right.code, f"Not granted. {right.reason}")
        action, schema = _granted_action(request, wish)
        if Grant.objects.filter(agent=request.agent_id, ended_at__isnull=True).count() >= MOST_IN_FORCE:
            raise Conflict(
                "too-many-grants", f"Not granted: {MOST_IN_FORCE} grants of this agent are in force."
            )
        grant = Grant.objects.create(
            team_id=member.team_id,
            agent_id=request.agent_id,
            tool=action.name,
            schema_digest=rules.schema_digest(schema),
            pattern=[test.written() for test in wish.pattern],
            thread=request.thread if wish.this_run else "",
            request=request,
            granted_by=member.user,
            max_uses=wish.max_uses,
            created_at=now,
            expires_at=now + wish.lifetime,
        )
        receipt = audit.append(
            member.team_id,
            [Entry("grant_made", actor_of(member.user), request.pk, _facts(grant, request.agent.handle))],
            at=now,
        )[0]
        events.announce(member.team_id, receipt.seq)
    return grant


def wished_action(request: ApprovalRequest, wish: Wish) -> tuple[ActionFacts, Mapping[str, Any] | None]:
    """The action such a grant would be made from, and its schema, whoever makes it; for a preview.

    Raises what `make_grant` raises, but for who may and how many there are.
    """
    _check_waits(request, wish, database_now())
    return _granted_action(request, wish)


def revoke_grant(*, member: Member, grant_id: UUID) -> Grant:
    """End a grant at once: what is submitted after this returns does not pass by it.

    By whoever gave it, or an admin. Raises NotFound, NotAllowed; one that has ended stays as it is.
    """
    with transaction.atomic():
        grant = Grant.objects.select_for_update(no_key=True).filter(team=member.team_id, pk=grant_id).first()
        if grant is None:
            raise NotFound()
        if grant.granted_by_id != member.user_id and not member.is_admin:
            raise NotAllowed("not-yours", "Only who gave a grant, or an admin, may revoke it.")
        if grant.ended_at is None:
            now = database_now()
            grant.ended_at, grant.ended_because, grant.ended_by = now, Grant.Ended.REVOKED, member.user
            grant.save(update_fields=["ended_at", "ended_because", "ended_by"])
            receipt = audit.append(
                member.team_id,
                [Entry("grant_ended", actor_of(member.user), facts=_ended(grant))],
                at=now,
            )[0]
            events.announce(member.team_id, receipt.seq)
    return grant


def end_expired(*, limit: int = 500) -> int:
    """Write down which grants have expired; they let nothing pass since the very moment. Returns how many."""
    with transaction.atomic():
        due = list(
            Grant.objects.select_for_update(no_key=True, skip_locked=True)
            .filter(ended_at__isnull=True, expires_at__lte=database_now())
            .order_by("team_id", "pk")[:limit]
        )
        for grant in due:
            grant.ended_at, grant.ended_because = grant.expires_at, Grant.Ended.EXPIRED
        Grant.objects.bulk_update(due, ["ended_at", "ended_because"])
        now = database_now()
        teams: dict[UUID, list[Grant]] = {}
        for grant in due:
            teams.setdefault(grant.team_id, []).append(grant)
        # Streams in the order of their teams: this is the one place that holds several.
        for team_id in sorted(teams):
            entries = [Entry("grant_ended", SYSTEM, facts=_ended(grant)) for grant in teams[team_id]]
            events.announce(team_id, audit.append(team_id, entries, at=now)[-1].seq)
    return len(due)


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


def _check_waits(request: ApprovalRequest, wish: Wish, now: datetime) -> None:
    if request.state != State.PENDING.value or request.is_over(now):
        raise Conflict("already-decided", "Not granted: this request is no longer waiting.")
    if wish.digest != request.digest:
        raise Changed(
            detail="Not granted: the request changed since you looked. Review the change.",
            extra={"digest": request.digest, "revision": request.revision_number},
        )


def _granted_action(request: ApprovalRequest, wish: Wish) -> tuple[ActionFacts, Mapping[str, Any] | None]:
    """The facts of the action and its schema. Raises NotFound for an unknown key, NotAllowed above the ceiling, Invalid."""
    facts, schemas = facts_of_request(request)
    if wish.key not in facts:
        raise NotFound()
    why = rules.above_ceiling(Risk(request.risk), [facts[wish.key]], [schemas[wish.key]])
    if request.blocked:
        why = "a rule blocks it"
    if why is not None:
        raise NotAllowed("above-ceiling", f"Not granted: {why}. Such calls are decided each time.")
    _check(wish, facts[wish.key].args)
    return facts[wish.key], schemas[wish.key]


def _check(wish: Wish, args: Mapping[str, canonical.JsonValue]) -> None:
    errors = [
        FieldError(
            f"/pattern/{mistake.argument}" if mistake.argument else "/pattern",
            "invalid-pattern",
            mistake.text,
        )
        for mistake in rules.mistakes(wish.pattern, args)
    ]
    if not SHORTEST <= wish.lifetime <= LONGEST:
        errors.append(FieldError("/lifetime", "out-of-range", "Between one minute and 30 days."))
    if wish.max_uses is not None and not 1 <= wish.max_uses <= MOST_USES:
        errors.append(FieldError("/max_uses", "out-of-range", f"Between 1 and {MOST_USES:,}, or empty."))
    if errors:
        raise Invalid(
            "invalid-grant", "Not granted: " + " ".join(error.detail for error in errors), errors=errors
        )


def _facts(grant: Grant, agent: str) -> dict[str, Any]:
    # Values of arguments are payload: the log names the tests and keeps the pattern as a digest.
    return {
        "grant": str(grant.pk),
        "agent": agent,
        "tool": grant.tool,
        "schema": grant.schema_digest,
        "tests": {test["argument"]: test["op"] for test in grant.pattern},
        "pattern_digest": canonical.digest({"salt": str(grant.pk), "pattern": grant.pattern}),
        "thread": grant.thread,
        "max_uses": grant.max_uses,
        "expires_at": grant.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def _ended(grant: Grant) -> dict[str, Any]:
    return {"grant": str(grant.pk), "tool": grant.tool, "because": grant.ended_because, "uses": grant.uses}
