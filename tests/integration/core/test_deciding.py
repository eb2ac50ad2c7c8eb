"""Who decides what: tiers, quorum, policy in force, repeats, refusals in the record."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from agents import services as gateway
from agents.contract import Submission
from inbox.answers import APPROVED, REJECTED
from inbox.errors import AlreadyVoted, Changed, Expired, Invalid, NotAllowed, NotFound
from inbox.models import AuditEvent, Decision, IdempotencyKey, Member, Vote
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.services.expire import expire_due
from inbox.services.submit import submit
from tests.factories import World, ask, body, race, vote
from tests.policies import bind

EMAIL = {"to": "a@example.com", "subject": "Hi"}


def test_low_risk_is_for_anyone_with_a_tier(world: World) -> None:
    request = ask(world)
    assert request.risk == "low"
    assert vote(world, request, world.dave).decision is not None


def test_high_risk_needs_the_third_tier(world: World) -> None:
    request = ask(world, "send_email", EMAIL)
    for person in (world.dave, world.carol):
        with pytest.raises(NotAllowed) as refusal:
            vote(world, request, person)
        assert refusal.value.code == "insufficient-tier"
    assert vote(world, request, world.alice).decision is not None


def test_critical_needs_two_distinct_people_of_the_third_tier(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    first = vote(world, request, world.alice)
    assert first.decision is None
    assert len(first.slots_open) == 1
    with pytest.raises(AlreadyVoted):
        vote(world, request, world.alice)
    assert vote(world, request, world.bob).decision is not None


def test_one_eligible_rejection_ends_it(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    vote(world, request, world.alice)
    decided = vote(world, request, world.bob, "reject", message="Leave out paying customers.")
    assert decided.decision is not None
    assert decided.decision.outcome == "rejected"


def test_admins_and_strangers_decide_nothing(world: World) -> None:
    request = ask(world)
    with pytest.raises(NotAllowed) as refusal:
        vote(world, request, world.erin)
    assert refusal.value.code == "no-tier"
    with pytest.raises(NotFound):
        vote(world, request, world.charlie)


def test_a_refusal_is_audited(world: World) -> None:
    request = ask(world, "send_email", EMAIL)
    with pytest.raises(NotAllowed):
        vote(world, request, world.dave)
    event = AuditEvent.objects.get(request=request, verb="refused")
    assert event.actor == world.dave.username


def test_another_digest_is_a_conflict(world: World) -> None:
    with pytest.raises(Changed):
        vote(world, ask(world), world.dave, digest="sha256:" + "0" * 64)


def test_a_tightened_policy_counts_for_what_is_pending(world: World) -> None:
    request = ask(world)
    bind(
        world.team,
        {risk: Need(tier="lead", count=1) for risk in Risk} | {Risk.CRITICAL: Need(tier="lead", count=2)},
    )
    with pytest.raises(NotAllowed):
        vote(world, request, world.dave)
    assert vote(world, request, world.alice).decision is not None


def test_a_loosened_policy_does_not_loosen_what_is_pending(world: World) -> None:
    request = ask(world, "send_email", EMAIL)
    bind(world.team, {risk: Need(tier="reviewer", count=1) for risk in Risk})
    with pytest.raises(NotAllowed):
        vote(world, request, world.dave)
    fresh = ask(world, "send_email", EMAIL)
    assert vote(world, fresh, world.dave).decision is not None


def test_a_repeat_returns_the_first_answer_and_another_body_is_refused(world: World) -> None:
    request, key = ask(world), uuid4().hex
    first = vote(world, request, world.dave, idempotency_key=key)
    again = vote(world, request, world.dave, idempotency_key=key)
    assert again.repeated
    assert first.decision is not None
    assert again.decision is not None
    assert first.decision.pk == again.decision.pk
    with pytest.raises(Invalid) as refusal:
        vote(world, request, world.dave, "reject", idempotency_key=key)
    assert refusal.value.code == "idempotency-key-reused"
    assert IdempotencyKey.objects.filter(key=key).count() == 1


def test_actions_may_be_decided_apart_by_one_person(world: World) -> None:
    actions = [
        {"key": f"a{n}", "name": "write_file", "args": {"path": f"docs/{n}", "text": "x"}} for n in range(3)
    ]
    submission = Submission.model_validate({**body(), "actions": actions})
    request = submit(agent=world.agent, submission=submission).request
    decided = vote(world, request, world.dave, actions={"a0": APPROVED, "a1": REJECTED, "a2": APPROVED})
    assert decided.decision is not None
    assert decided.decision.outcome == "mixed"
    other = submit(agent=world.agent, submission=submission.model_copy(update={"dedupe_key": "n"})).request
    with pytest.raises(Invalid) as refusal:
        vote(world, other, world.dave, actions={"a0": APPROVED})
    assert refusal.value.code == "actions-mismatch"


def test_a_late_vote_expires_the_request(real_world: World) -> None:
    from inbox.clock import database_now
    from inbox.models import ApprovalRequest

    request = ask(real_world)
    ApprovalRequest.objects.filter(pk=request.pk).update(
        expires_at=database_now() - timedelta(microseconds=1)
    )
    with pytest.raises(Expired):
        vote(real_world, request, real_world.dave)
    request.refresh_from_db()
    assert request.state == "expired"
    decision = Decision.objects.get(request=request)
    assert (decision.kind, decision.outcome, decision.person) == ("timeout", "rejected", None)
    assert not Vote.objects.filter(request=request).exists()
    assert expire_due() == 0


CRITICAL = {"accounts": list(range(1_247))}


def test_a_vote_stops_counting_when_its_voter_may_no_longer_cast_it(world: World) -> None:
    """Alice votes and is demoted: Bob's vote is then the first of two, not the last."""
    request = ask(world, "delete_accounts", CRITICAL)
    vote(world, request, world.alice)
    Member.objects.filter(team=world.team, user=world.alice).update(tier=world.team.tiers.get(name="senior"))
    second = vote(world, request, world.bob)
    assert second.decision is None
    assert Vote.objects.get(request=request, person=world.bob).slot == "lead#1/2"
    assert second.slots_open == ("lead#2",)
    Member.objects.filter(team=world.team, user=world.carol).update(tier=world.team.tiers.get(name="lead"))
    assert vote(world, request, world.carol).decision is not None


def test_a_vote_stops_counting_when_its_voter_makes_a_token_of_the_agent(world: World) -> None:
    request = ask(world, "delete_accounts", CRITICAL)
    vote(world, request, world.alice)
    gateway.issue_token(agent=world.agent, name="mine", created_by=world.alice, lifetime=timedelta(days=1))
    assert vote(world, request, world.bob).decision is None


def test_a_vote_counts_again_when_its_voter_may_again(world: World) -> None:
    request = ask(world, "delete_accounts", CRITICAL)
    vote(world, request, world.alice)
    Member.objects.filter(team=world.team, user=world.alice).update(is_active=False)
    Member.objects.filter(team=world.team, user=world.alice).update(is_active=True)
    assert vote(world, request, world.bob).decision is not None


def test_one_key_for_two_requests_at_once_decides_one(real_world: World) -> None:
    for _ in range(20):
        first, second, key = ask(real_world), ask(real_world), uuid4().hex
        results = race(
            lambda r=first, k=key: vote(real_world, r, real_world.dave, idempotency_key=k),
            lambda r=second, k=key: vote(real_world, r, real_world.dave, idempotency_key=k),
        )
        refused = [result for result in results if isinstance(result, Invalid)]
        assert [result.code for result in refused] == ["idempotency-key-reused"], results
        assert Decision.objects.filter(request__in=(first, second)).count() == 1
