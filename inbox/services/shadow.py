"""A version tried in shadow: judged beside the one in force on everything that is asked, and never heard.

It costs one evaluation a request and, inside the asking transaction, one update and one insert. Whatever goes wrong
with it is counted and never reaches the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import connection, transaction

from inbox.clock import database_now
from inbox.errors import Conflict, NotFound
from inbox.models import ApprovalRequest, Member, Policy, PolicyVersion, ShadowRun, ShadowVerdict
from inbox.policy.compare import Change, change
from inbox.policy.evaluate import Verdict
from inbox.policy.facts import Facts
from inbox.policy.reasons import ReasonCode
from inbox.selectors.policy import tier_ranks
from inbox.selectors.policy_words import verdict_words
from inbox.services.judging import verdict_by
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record
from inbox.services.versions import locked_policy

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the version in shadow says beside what was answered. `verdict` is None when it could not be judged."""

    answered: Verdict
    verdict: Verdict | None
    change: Change | None


def start_shadow(*, admin: Member, number: int) -> ShadowRun:
    """Try version `number` in shadow from now on, in place of what was tried before. Again changes nothing.

    Raises NotAllowed for who is no admin, NotFound for no such version, Conflict (in-force) for the one in force.
    """
    require_admin_of(admin)
    with transaction.atomic():
        policy = locked_policy(admin.team_id)
        version = PolicyVersion.objects.select_related("policy").filter(policy=policy, number=number).first()
        if version is None:
            raise NotFound()
        if version.pk == policy.current_id:
            raise Conflict("in-force", "Not started: this version is in force, it decides already.")
        if policy.shadow_id == version.pk:
            return ShadowRun.objects.get(policy=policy, stopped_at=None)
        before = policy.shadow
        _end(policy)
        run = ShadowRun.objects.create(policy=policy, version=version, started_by=admin.user)
        Policy.objects.filter(pk=policy.pk).update(shadow=version)
        record(
            admin.team,
            "shadow_changed",
            actor_of(admin.user),
            {"started": str(version), "digest": version.digest, "stopped": str(before) if before else None},
        )
    return run


def stop_shadow(*, admin: Member) -> None:
    """Try nothing in shadow any more. Raises NotAllowed for who is no admin."""
    require_admin_of(admin)
    with transaction.atomic():
        policy = locked_policy(admin.team_id)
        if policy.shadow is None:
            return
        stopped = str(policy.shadow)
        _end(policy)
        Policy.objects.filter(pk=policy.pk).update(shadow=None)
        record(admin.team, "shadow_changed", actor_of(admin.user), {"started": None, "stopped": stopped})


def opinions(version: PolicyVersion, judged: Sequence[tuple[Verdict, Facts]]) -> list[Opinion]:
    """What the version in shadow beside `version` says of what was just judged; nothing without one. Never raises."""
    shadow = version.policy.shadow
    if shadow is None:
        return []
    try:
        ranks = tier_ranks(version.policy.team_id)
        shadow.policy = version.policy
        return [_opinion(shadow, answered, facts, ranks) for answered, facts in judged]
    except Exception:
        log.exception("shadow_failed", policy=str(version))
        return [Opinion(answered, None, None) for answered, _ in judged]


def note(version: PolicyVersion, requests: Sequence[ApprovalRequest], said: Sequence[Opinion]) -> None:
    """Count and keep what was said, in the caller's transaction and before it takes the team's stream."""
    shadow = version.policy.shadow
    if shadow is None or not said:
        return
    differing = [
        (request, one.answered, one.verdict, one.change)
        for request, one in zip(requests, said, strict=True)
        if one.change is not None and one.verdict is not None
    ]
    failed = sum(one.verdict is None for one in said)
    try:
        # A savepoint: what fails here must not take the request down with it.
        with transaction.atomic():
            run = _count(version.policy_id, shadow.pk, len(said), len(differing), failed)
            if run is not None:
                ShadowVerdict.objects.bulk_create(
                    ShadowVerdict(
                        run_id=run,
                        request=request,
                        change=found.value,
                        rule=verdict.rule or "",
                        before=verdict_words(answered)[:300],
                        after=verdict_words(verdict)[:300],
                    )
                    for request, answered, verdict, found in differing
                )
    except Exception:
        log.exception("shadow_not_noted", policy=str(version))


def _opinion(shadow: PolicyVersion, answered: Verdict, facts: Facts, ranks: dict[str, int]) -> Opinion:
    verdict = verdict_by(shadow, facts)
    if any(reason.code is ReasonCode.POLICY_ERROR for reason in verdict.reasons):
        return Opinion(answered, None, None)
    return Opinion(answered, verdict, change(answered, verdict, ranks))


def _count(policy_id: UUID, version_id: UUID, judged: int, differed: int, failed: int) -> UUID | None:
    """Move the counters of the run going on; None when it was stopped meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE inbox_shadowrun
            SET judged = judged + %s, differed = differed + %s, failed = failed + %s
            WHERE policy_id = %s AND version_id = %s AND stopped_at IS NULL
            RETURNING id
            """,
            [judged, differed, failed, policy_id, version_id],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _end(policy: Policy) -> None:
    ShadowRun.objects.filter(policy=policy, stopped_at=None).update(stopped_at=database_now())
