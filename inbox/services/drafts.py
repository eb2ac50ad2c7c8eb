"""Drafts of a policy: written, tried, and put in force, by a second person where they loosen what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from inbox.clock import database_now
from inbox.errors import Conflict, FieldError, Invalid, NotFound
from inbox.models import Activation, Backtest, ChangeRequest, Member, Policy, PolicyVersion
from inbox.policy.changes import diff
from inbox.policy.document import (
    PolicyDocument,
    PolicyError,
    check_dates,
    check_ladder,
    with_default_expiry,
)
from inbox.policy.document_loosening import loosens
from inbox.policy.problems import Problem
from inbox.selectors.policy import document_of, tier_ranks
from inbox.selectors.policy_trials import FRESH, is_fresh
from inbox.services.changes import Outdated, governs, propose
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record
from inbox.services.versions import locked_policy, put_in_force, write_draft

KIND = "policy"
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Enabled:
    """What came of enabling a draft: it is in force, or a change waits for another admin. `loosens` are sentences."""

    activation: Activation | None
    change: ChangeRequest | None
    loosens: tuple[str, ...]


def save_draft(*, admin: Member, document: PolicyDocument) -> PolicyVersion:
    """Store a document as the next version, not in force. Allow rules without an end get one in 30 days.

    Raises NotAllowed for who is no admin, Invalid for tiers that do not exist, a ladder that falls, or rules that
    are over before they begin; nothing is saved then.
    """
    require_admin_of(admin)
    now = timezone.now()
    document = with_default_expiry(document, now)
    with transaction.atomic():
        policy = locked_policy(admin.team_id)
        before = document_of(policy.current) if policy.current else None
        problems = [*check_ladder(document, tier_ranks(admin.team_id)), *check_dates(document, now, before)]
        if problems:
            raise refusal(problems)
        version = write_draft(policy, document, author=admin.user)
        record(
            admin.team,
            "policy_drafted",
            actor_of(admin.user),
            {"version": str(version), "digest": version.digest},
        )
    return version


def enable(*, admin: Member, number: int) -> Enabled:
    """Put version `number` in force, or, where it loosens what is asked, propose that to the other admins.

    Raises NotAllowed for who is no admin, NotFound for no such version, Conflict (in-force, not-tested,
    backtest-stale, already-proposed), Invalid when the team's tiers no longer fit it.
    """
    require_admin_of(admin)
    with transaction.atomic():
        policy = locked_policy(admin.team_id)
        draft = PolicyVersion.objects.select_related("policy").filter(policy=policy, number=number).first()
        base = policy.current
        if draft is None or base is None:
            raise NotFound()
        if draft.pk == base.pk:
            raise Conflict("in-force", "Nothing to do: this version is in force.")
        trial = _fresh_backtest(draft, base)
        ranks = tier_ranks(admin.team_id)
        problems = check_ladder(document_of(draft), ranks)
        if problems:
            raise refusal(problems)
        loose = loosens(document_of(base), document_of(draft), ranks)
        if not loose:
            return Enabled(_enforce(policy, draft, admin.user), None, ())
        change = propose(
            kind=KIND,
            subject=policy.name,
            body=_body(policy, draft, base, trial, loose),
            author=admin,
            goal=f"Version {number} of the policy, by {_author(draft)}.",
        )
        activation = Activation.objects.filter(version=draft).last() if change.alone else None
        return Enabled(activation, change, loose)


def _fresh_backtest(draft: PolicyVersion, base: PolicyVersion) -> Backtest:
    trial = finished_backtest(draft, base)
    if trial is None:
        raise Conflict(
            "not-tested",
            f"Not enabled: back-test version {draft.number} against version {base.number}, which is in force, first.",
        )
    if not is_fresh(trial, database_now()):
        hours = FRESH // timedelta(hours=1)
        raise Conflict(
            "backtest-stale",
            f"Not enabled: the back-test of version {draft.number} began more than {hours} hours ago, so it has not"
            " seen what ended since. Back-test it again first.",
        )
    return trial


def finished_backtest(draft: PolicyVersion, base: PolicyVersion) -> Backtest | None:
    """The latest back-test of exactly these two that came to its end."""
    done = Backtest.objects.filter(draft=draft, base=base, finished_at__isnull=False, error="")
    return done.order_by("-created_at").first()


def refusal(problems: list[Problem] | tuple[Problem, ...]) -> Invalid:
    """What is wrong with a document, each problem at its place in it."""
    return Invalid(
        "invalid-policy",
        "Not saved. " + " ".join(problem.message for problem in problems[:3]),
        errors=[FieldError(one.pointer, str(one.code), one.message) for one in problems],
    )


def refused(error: PolicyError) -> Invalid:
    """The same for a text that is no document."""
    return refusal(error.problems)


@governs(
    KIND,
    tool="put_policy_in_force",
    sentence="Put version {version} of the policy in force in place of version {replaces}, as {author} proposes",
)
def apply_version(change: ChangeRequest, person: User) -> None:
    """Put the version of an approved change in force. Raises Outdated when another one came first."""
    policy = locked_policy(change.team_id)
    body, current = change.body, policy.current
    draft = (
        PolicyVersion.objects.select_related("policy")
        .filter(policy=policy, digest=body["digest"])
        .filter(number=body["version"])
        .first()
    )
    if draft is None:
        raise Outdated("The version is not the one that was proposed.")
    if current is None or (current.number, current.digest) != (body["replaces"], body["replaces_digest"]):
        raise Outdated(f"Version {current.number if current else '?'} came into force meanwhile.")
    problems = check_ladder(document_of(draft), tier_ranks(change.team_id))
    if problems:
        raise Outdated(problems[0].message)
    _enforce(policy, draft, person, loosens=True, alone=change.alone)


def _enforce(
    policy: Policy, draft: PolicyVersion, person: User, *, loosens: bool = False, alone: bool = False
) -> Activation:
    before = policy.current
    activation = put_in_force(policy, draft, person=person, loosens=loosens, alone=alone)
    record(
        policy.team,
        "policy_changed",
        actor_of(person),
        {
            "from": str(before),
            "to": str(draft),
            "digest": draft.digest,
            "author": _author(draft),
            "loosens": loosens,
            "alone": alone,
        },
    )
    return activation


def _body(
    policy: Policy, draft: PolicyVersion, base: PolicyVersion, trial: Backtest, loose: tuple[str, ...]
) -> dict[str, Any]:
    told = [change.text for change in diff(document_of(base), document_of(draft))]
    return {
        "policy": policy.name,
        "version": draft.number,
        "digest": draft.digest,
        "replaces": base.number,
        "replaces_digest": base.digest,
        "author": _author(draft),
        "loosens": list(loose),
        "changes": told[:MOST_LINES]
        + ([f"… and {len(told) - MOST_LINES} changes more"] if len(told) > MOST_LINES else []),
        "backtest": {
            "requests": trial.judged,
            "would_pass": trial.counts.get("passed", {}),
            "differences": trial.counts.get("changes", {}),
        },
    }


def _author(version: PolicyVersion) -> str:
    return version.author.get_username() if version.author else "the team's set-up"
