"""A new version and what already waits: more may be asked or all refused, and never less."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from inbox.errors import AlreadyClosed, NotAllowed
from inbox.models import Activation, ApprovalRequest, AuditEvent, Decision, Policy
from inbox.services import rejudging
from inbox.services.decide import Decided
from inbox.services.rejudging import rejudge_waiting
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.policies import PASS_WRITES, REFUSE_WRITES, enforce

ROUNDS = 50
LEAD_TOO = {
    "id": "writes-by-a-lead",
    "tool": "write_file",
    "then": "review",
    "needs": [{"tier": "lead", "count": 1}],
}


def needs(request: ApprovalRequest) -> dict[Any, int]:
    request.refresh_from_db()
    return {need["tier"]: need["count"] for need in request.needs}


def test_a_stricter_version_asks_more_of_what_waits(world: World) -> None:
    request = ask(world)
    assert needs(request) == {"reviewer": 1}
    version = enforce(world, LEAD_TOO)
    assert rejudge_waiting() == 1
    assert needs(request) == {"lead": 1, "reviewer": 1}
    assert request.judged_by == version
    assert request.policy_version.number == 1
    (event,) = AuditEvent.objects.filter(team=world.team, verb="rejudged")
    assert (event.actor_kind, event.actor, event.request_id) == ("policy", str(version), request.pk)
    assert rejudge_waiting() == 0


def test_a_looser_version_takes_nothing_back_and_approves_nothing(world: World) -> None:
    enforce(world, LEAD_TOO)
    request = ask(world)
    enforce(world, PASS_WRITES)
    rejudge_waiting()
    assert needs(request) == {"lead": 1, "reviewer": 1}
    assert (request.state, request.judged_by.number) == ("pending", 3)
    assert not AuditEvent.objects.filter(team=world.team, verb="rejudged").exists()


def test_a_version_that_refuses_closes_what_waits(world: World) -> None:
    request = ask(world)
    version = enforce(world, {**REFUSE_WRITES, "note": "Writing is over."})
    rejudge_waiting()
    request.refresh_from_db()
    assert (request.state, request.outcome) == ("decided", "rejected")
    decision = Decision.objects.get(request=request)
    assert (decision.kind, decision.policy_version, decision.rule) == ("policy", version, "no-writes")
    assert decision.message == "Writing is over."
    assert request.group is None or request.group.pending == 0


def test_what_becomes_individual_leaves_its_group(world: World) -> None:
    request = ask(world)
    group = request.group
    assert group is not None
    enforce(world, {"id": "graver", "tool": "write_file", "then": "review", "risk_at_least": "high"})
    rejudge_waiting()
    request.refresh_from_db()
    group.refresh_from_db()
    assert (request.batchable, request.group, request.risk, group.pending) == (False, None, "high", 0)


def test_a_break_glass_rule_blocks_what_waits(world: World) -> None:
    request = ask(world)
    enforce(
        world,
        {"id": "stop", "tool": "write_file", "then": "break_glass", "needs": [{"tier": "lead", "count": 2}]},
    )
    rejudge_waiting()
    request.refresh_from_db()
    assert (request.blocked, request.state) == (True, "pending")


def test_what_cannot_be_read_again_needs_the_most(world: World) -> None:
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(claims={"risk": "no such level"})
    enforce(world, PASS_WRITES)
    rejudge_waiting()
    assert needs(request)["lead"] == 2


def test_who_decides_before_the_job_came_by_is_held_to_the_new_version(world: World) -> None:
    refused, raised = ask(world, "issue_refund", {"amount": 5, "customer": "a"}), ask(world)
    enforce(
        world,
        LEAD_TOO,
    )
    version = enforce(world, LEAD_TOO, {"id": "no-refunds", "tool": "issue_refund", "then": "deny"})
    with pytest.raises(AlreadyClosed, match=str(version)):
        vote(world, refused, world.carol)
    refused.refresh_from_db()
    assert (refused.state, refused.outcome) == ("decided", "rejected")
    first = vote(world, raised, world.dave)
    assert (first.decision, len(first.slots_open)) == (None, 1)
    assert vote(world, raised, world.alice).decision is not None
    check_team(world.team)


def test_the_job_comes_back_until_nothing_asked_under_the_old_version_can_appear(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = enforce(world, LEAD_TOO)
    policy = Policy.objects.get(team=world.team)
    rejudge_waiting()
    policy.refresh_from_db()
    assert policy.rejudged is None, "an asking that read the old version may still commit"
    late = ask(world)
    ApprovalRequest.objects.filter(pk=late.pk).update(
        policy_version=_first(policy), needs=[{"tier": "reviewer", "count": 1}]
    )
    assert rejudge_waiting() == 1
    monkeypatch.setattr(rejudging, "LATE", timedelta(0))
    rejudge_waiting()
    policy.refresh_from_db()
    assert policy.rejudged == version
    assert Activation.objects.filter(policy=policy).count() == 2
    assert timezone.now() - Activation.objects.latest("created_at").created_at < timedelta(minutes=1)


def _first(policy: Policy) -> UUID:
    return policy.versions.get(number=1).pk


def test_a_decision_against_a_new_version_at_the_same_instant(real_world: World) -> None:
    """Dave approves while a version that wants a lead comes into force: what he did alone stands before it in the log."""
    before = after = 0
    for _ in range(ROUNDS):
        enforce(real_world)
        request = ask(real_world)
        results = race(
            lambda r=request: vote(real_world, r, real_world.dave),
            lambda: enforce(real_world, LEAD_TOO),
        )
        voted, version = results
        assert isinstance(voted, Decided | NotAllowed), results
        assert not isinstance(version, Exception), results
        request.refresh_from_db()
        if isinstance(voted, Decided) and voted.decision is not None:
            activated = Activation.objects.get(version=version).created_at
            assert voted.decision.policy_version_id != version.pk
            assert voted.decision.decided_at < activated, "decided alone only while that was enough"
            before += 1
        else:
            assert request.state == "pending"
            assert request.judged_by_id == version.pk
            after += 1
    assert before + after == ROUNDS
    check_team(real_world.team)
