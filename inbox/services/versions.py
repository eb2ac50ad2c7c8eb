"""Writing versions of a policy and putting one in force. The caller has a transaction and locks the policy's row."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User

from agents import outbox
from inbox import canonical
from inbox.clock import database_now
from inbox.models import Activation, Policy, PolicyVersion, ShadowRun
from inbox.policy.document import PolicyDocument, dumps


def locked_policy(team_id: UUID) -> Policy:
    """The team's policy under its row lock, read after the lock was had.

    Of two writers on the same base the second must see what the first one did.
    """
    Policy.objects.select_for_update(no_key=True).filter(team_id=team_id).values_list("pk").get()
    return Policy.objects.select_related("team", "current", "shadow").get(team_id=team_id)


def write_draft(policy: Policy, document: PolicyDocument, *, author: User | None) -> PolicyVersion:
    """Store a document as the policy's next version, not in force."""
    latest = policy.versions.order_by("-number").values_list("number", flat=True).first()
    raw = dumps(document)
    return PolicyVersion.objects.create(
        policy=policy,
        number=(latest or 0) + 1,
        document=raw,
        digest=canonical.sha256(raw),
        author=author,
    )


def put_in_force(
    policy: Policy,
    version: PolicyVersion,
    *,
    person: User | None,
    loosens: bool = False,
    alone: bool = False,
) -> Activation:
    """Make a version the one in force. Its own shadow run ends: there is nothing left to compare it with."""
    activation = Activation.objects.create(
        policy=policy,
        version=version,
        previous_id=policy.current_id,
        person=person,
        loosens=loosens,
        alone=alone,
    )
    if policy.shadow_id == version.pk:
        ShadowRun.objects.filter(policy=policy, stopped_at=None).update(stopped_at=database_now())
        policy.shadow = None
    policy.current = version
    policy.save(update_fields=["current", "shadow"])
    outbox.nudge("inbox.rejudge", str(policy.pk))
    return activation
