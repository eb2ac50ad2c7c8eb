"""Silence that asks further people: never fewer, once a step, whoever writes it down and however often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.db.models import F

from inbox.clock import database_now
from inbox.errors import Expired, NotAllowed
from inbox.models import ApprovalRequest, AuditEvent
from inbox.policy.requirement import covers
from inbox.selectors.policy import pinned_needs, tier_ranks
from inbox.services.decide import Decided
from inbox.services.escalate import escalate_due
from inbox.services.expire import expire_due
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.waiting import every_risk, in_force

ROUNDS = 40
HOUR = 3600
STEPS = [
    {"after_seconds": HOUR, "needs": [{"tier": "senior", "count": 1}]},
    {"after_seconds": 2 * HOUR, "needs": [{"tier": "lead", "count": 1}]},
]


def escalating(world: World) -> None:
    in_force(
        world.team,
        on_timeout=every_risk("escalate"),
        escalation=every_risk(STEPS),
        expires_in=every_risk(HOUR),
    )


def age(request: ApprovalRequest, seconds: float) -> ApprovalRequest:
    """The request as if it had come so many seconds earlier; only a test with table rights can do that."""
    shift = timedelta(seconds=seconds)
    with pgtrigger.ignore("inbox.ApprovalRequest:request_is_bound"):
        ApprovalRequest.objects.filter(pk=request.pk).update(
            created_at=F("created_at") - shift,
            expires_at=F("expires_at") - shift,
            escalate_at=F("escalate_at") - shift,
        )
    request.refresh_from_db()
    return request


def needs(request: ApprovalRequest) -> list[tuple[Any, int]]:
    request.refresh_from_db()
    return [(need["tier"], need["count"]) for need in request.needs]


def test_the_whole_chain_is_the_deadline(world: World) -> None:
    escalating(world)
    request = ask(world)
    assert request.on_timeout == "escalate"
    assert request.escalate_at == request.created_at + timedelta(seconds=HOUR)
    assert request.expires_at == request.created_at + timedelta(seconds=3 * HOUR)
    assert needs(request) == [("reviewer", 1)]
    assert escalate_due() == 0


def test_each_step_raises_what_is_needed_and_the_end_rejects(world: World) -> None:
    escalating(world)
    request = age(ask(world), HOUR + 1)
    assert escalate_due() == 1
    assert needs(request) == [("senior", 1)]
    assert (request.escalation_step, request.state, request.batchable) == (1, "pending", False)
    assert escalate_due() == 0

    age(request, HOUR)
    assert escalate_due() == 1
    assert needs(request) == [("lead", 1)]
    assert request.escalate_at is None

    age(request, HOUR)
    assert (escalate_due(), expire_due()) == (0, 1)
    request.refresh_from_db()
    assert (request.state, request.decision.kind) == ("expired", "timeout")
    verbs = list(AuditEvent.objects.filter(request=request).order_by("seq").values_list("verb", flat=True))
    assert verbs == ["requested", "escalated", "escalated", "expired"]
    check_team(world.team)


def test_a_sweep_that_comes_late_takes_all_the_steps_that_are_due(world: World) -> None:
    escalating(world)
    request = age(ask(world), 2 * HOUR + 1)
    assert escalate_due() == 1
    assert needs(request) == [("lead", 1)]
    assert request.escalation_step == 2


def test_a_step_holds_before_the_sweep_has_written_it(world: World) -> None:
    """A reviewer who comes after the step's moment is not enough any more; a lead is, and both learn it."""
    escalating(world)
    request = age(ask(world), HOUR + 1)
    with pytest.raises(NotAllowed) as refused:
        vote(world, request, world.dave)
    assert refused.value.code == "insufficient-tier"
    assert needs(request) == [("senior", 1)]
    assert vote(world, request, world.alice).decision is not None
    check_team(world.team)


def test_what_a_higher_need_covers_stays_and_people_are_never_fewer(world: World) -> None:
    escalating(world)
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    before = pinned_needs(request)
    age(request, 2 * HOUR + 1)
    escalate_due()
    request.refresh_from_db()
    assert covers(pinned_needs(request), before, tier_ranks(world.team.pk))
    assert needs(request) == [("lead", 2)]


def test_the_agents_shorter_deadline_leaves_no_step(world: World) -> None:
    escalating(world)
    request = ask(world, expires_in=60)
    assert request.escalate_at is None
    assert request.expires_at == request.created_at + timedelta(seconds=60)
    assert ask(world, on_timeout="reject").escalate_at is None


def test_a_request_that_waits_is_brought_up_again(world: World) -> None:
    in_force(world.team, on_timeout=every_risk("wait"), expires_in=every_risk(HOUR))
    request = age(ask(world), HOUR + 1)
    assert escalate_due() == 1
    assert escalate_due() == 0
    request.refresh_from_db()
    assert request.escalate_at is not None
    assert request.escalate_at > database_now()
    age(request, HOUR)
    assert escalate_due() == 1
    assert AuditEvent.objects.filter(request=request, verb="overdue").count() == 2
    assert vote(world, request, world.dave).decision is not None
    check_team(world.team)


def test_many_sweepers_and_a_vote_end_in_one(real_world: World) -> None:
    """Two sweepers and a reviewer at the moment of a step: one step is written, and the vote meets before or after."""
    escalating(real_world)
    seen = set()
    for round_ in range(ROUNDS):
        request = ask(real_world)
        at = database_now() + timedelta(milliseconds=(round_ % 10) * 20)
        age(request, (request.created_at - at).total_seconds() + HOUR)
        results = race(
            lambda r=request: vote(real_world, r, real_world.dave), escalate_due, escalate_due, expire_due
        )
        request.refresh_from_db()
        steps = AuditEvent.objects.filter(request=request, verb="escalated").count()
        assert steps == request.escalation_step <= 1
        if isinstance(results[0], Decided):
            assert (request.state, steps) == ("decided", 0)
        else:
            assert isinstance(results[0], NotAllowed), results
            assert (request.state, steps) == ("pending", 1)
        seen.add(request.state)
    assert seen == {"decided", "pending"}
    check_team(real_world.team)


def test_the_last_moment_belongs_to_one_of_step_deadline_and_vote(real_world: World) -> None:
    """Everything due at once: the deadline has passed too, so it is expired and no step is written."""
    escalating(real_world)
    for _ in range(20):
        request = age(ask(real_world), 3 * HOUR + 1)
        results = race(
            lambda r=request: vote(real_world, r, real_world.alice), escalate_due, expire_due, expire_due
        )
        request.refresh_from_db()
        assert isinstance(results[0], Expired), results
        assert (request.state, request.escalation_step) == ("expired", 0)
    check_team(real_world.team)
