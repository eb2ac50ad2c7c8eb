"""Grants: made by whoever could decide such a request alone, revoked at once. What passes by them: `granted`.

Making one locks the request and then the member, as a vote does, and asks the same question a vote asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from inbox import audit, canonical, events
from inbox.audit import SYSTEM, Entry
from inbox.clock import database_now
from inbox.errors import Changed, Conflict, FieldError, Invalid, NotAllowed, NotFound
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Grant, Member
from inbox.policy import grants as rules
from inbox.policy.facts import ActionFacts
from inbox.policy.grants import Pattern
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate
from inbox.selectors.grants import could_grant, facts_of_request
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
