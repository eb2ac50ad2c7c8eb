"""Two at the same instant: exactly one outcome, a hundred times each, on real Postgres."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from inbox.clock import database_now
from inbox.errors import AlreadyClosed, AlreadyVoted, Expired, NotAllowed
from inbox.models import ApprovalRequest, AuditEvent, Decision, Member, Vote
from inbox.services.decide import Decided
from inbox.services.expire import expire_due
from inbox.services.withdraw import withdraw
from tests.checker import check_team
from tests.factories import World, ask, race, vote

ROUNDS = 40


def test_opposite_verdicts_end_in_one(real_world: World) -> None:
    """Alice approves while Bob rejects: one decision, and the loser learns who and when."""
    for _ in range(ROUNDS):
        request = ask(real_world, "send_email", {"to": "a@example.com", "subject": "Hi"})
        results = race(
            lambda r=request: vote(real_world, r, real_world.alice, "approve"),
            lambda r=request: vote(real_world, r, real_world.bob, "reject"),
        )
        won = [result for result in results if isinstance(result, Decided)]
        lost = [result for result in results if isinstance(result, AlreadyClosed)]
        assert len(won) == 1
        assert len(lost) == 1
        assert lost[0].extra["who"]
        assert lost[0].extra["when"]
        assert Decision.objects.filter(request=request).count() == 1
    check_team(real_world.team)


def test_two_approvals_fill_two_slots_and_never_stick(real_world: World) -> None:
    """A critical request needs two leads; both vote at once and it is decided, by exactly two votes."""
    for _ in range(ROUNDS):
        request = ask(real_world, "delete_accounts", {"accounts": list(range(1_247))})
        assert request.risk == "critical"
        results = race(
            lambda r=request: vote(real_world, r, real_world.alice),
            lambda r=request: vote(real_world, r, real_world.bob),
        )
        assert all(isinstance(result, Decided) for result in results), results
        request.refresh_from_db()
        assert (request.state, request.outcome) == ("decided", "approved")
        assert sorted(Vote.objects.filter(request=request).values_list("slot", flat=True)) == [
            "lead#1",
            "lead#2",
        ]
    check_team(real_world.team)


def test_one_person_in_two_tabs_fills_one_slot(real_world: World) -> None:
    """The same lead twice, with different keys, on a request that needs two people."""
    for _ in range(ROUNDS):
        request = ask(real_world, "delete_accounts", {"accounts": list(range(1_247))})
        results = race(
            lambda r=request: vote(real_world, r, real_world.alice),
            lambda r=request: vote(real_world, r, real_world.alice),
        )
        assert {type(result) for result in results} == {AlreadyVoted, Decided}, results
        request.refresh_from_db()
        assert request.state == "pending"
        assert Vote.objects.filter(request=request).count() == 1
    check_team(real_world.team)


def test_a_double_click_gets_two_equal_answers(real_world: World) -> None:
    """The same key twice at once: one vote, one decision, the same decision in both answers."""
    for _ in range(ROUNDS):
        request = ask(real_world)
        key = uuid4().hex
        results = race(
            lambda r=request, k=key: vote(real_world, r, real_world.dave, idempotency_key=k),
            lambda r=request, k=key: vote(real_world, r, real_world.dave, idempotency_key=k),
        )
        decisions = {
            result.decision.pk for result in results if isinstance(result, Decided) and result.decision
        }
        assert len(decisions) == 1, results
        assert sorted(result.repeated for result in results if isinstance(result, Decided)) == [False, True]
        assert Vote.objects.filter(request=request).count() == 1
    check_team(real_world.team)


def test_expiry_and_approval_end_in_one(real_world: World) -> None:
    """The sweep and a reviewer at the deadline: decided or expired, never both, judged by the database clock."""
    seen = set()
    for round_ in range(ROUNDS):
        request = ask(real_world)
        # The deadline is moved to a hair before or after now; only a test with table rights can.
        _move_deadline(request, timedelta(milliseconds=(round_ % 5) - 2))
        results = race(lambda r=request: vote(real_world, r, real_world.dave), lambda: expire_due(limit=50))
        request.refresh_from_db()
        assert request.state in ("decided", "expired")
        assert isinstance(results[0], Decided) == (request.state == "decided"), results
        if request.state == "expired":
            assert isinstance(results[0], Expired)
            assert request.decision.kind == Decision.Kind.TIMEOUT
            assert request.decision.outcome == "rejected"
        assert Decision.objects.filter(request=request).count() == 1
        seen.add(request.state)
    assert "expired" in seen
    check_team(real_world.team)


def test_a_vote_that_waited_past_the_deadline_is_late(real_world: World) -> None:
    """A lock held over the deadline: `now()` would still say in time, the clock after the lock says late."""
    request = ask(real_world)
    _move_deadline(request, timedelta(milliseconds=300))
    with transaction.atomic():
        ApprovalRequest.objects.select_for_update().get(pk=request.pk)
        results: list[object] = []

        def late() -> None:
            results.extend(race(lambda: vote(real_world, request, real_world.dave)))

        thread = threading.Thread(target=late)
        thread.start()
        while database_now() < ApprovalRequest.objects.get(pk=request.pk).expires_at:
            pass
    thread.join(10)
    assert isinstance(results[0], Expired)
    request.refresh_from_db()
    assert request.state == "expired"


def test_withdrawal_and_approval_end_in_one(real_world: World) -> None:
    """The agent takes it back while a reviewer approves."""
    for _ in range(ROUNDS):
        request = ask(real_world)
        results = race(
            lambda r=request: vote(real_world, r, real_world.dave),
            lambda r=request: withdraw(agent=real_world.agent, request_id=r.pk),
        )
        request.refresh_from_db()
        if request.state == "withdrawn":
            assert isinstance(results[0], AlreadyClosed)
            assert not Decision.objects.filter(request=request).exists()
        else:
            assert request.state == "decided"
            assert isinstance(results[1], AlreadyClosed)
    check_team(real_world.team)


def test_demotion_and_approval_are_serialised(real_world: World) -> None:
    """A committed demotion is seen by every later vote; a vote that was first stands."""
    senior = real_world.team.tiers.get(name="senior")
    lead = real_world.team.tiers.get(name="lead")
    alice = real_world.member(real_world.alice)

    def demote() -> str:
        with transaction.atomic():
            row = Member.objects.select_for_update().get(pk=alice.pk)
            row.tier = senior
            row.save(update_fields=["tier"])
            return str(database_now().isoformat())

    for _ in range(ROUNDS):
        Member.objects.filter(pk=alice.pk).update(tier=lead)
        request = ask(real_world, "send_email", {"to": "a@example.com", "subject": "Hi"})
        results: list[object] = list(race(lambda r=request: vote(real_world, r, real_world.alice), demote))
        if isinstance(results[0], Decided):
            assert Vote.objects.get(request=request).tier == "lead"
        else:
            assert isinstance(results[0], NotAllowed)
            assert results[0].code == "insufficient-tier"
            request.refresh_from_db()
            assert request.state == "pending"
    check_team(real_world.team)


def test_the_same_submission_twice_is_one_request(real_world: World) -> None:
    """Two calls with one dedupe key at the same instant."""
    for _ in range(ROUNDS):
        key = uuid4().hex
        results = race(*[lambda k=key: ask(real_world, dedupe_key=k) for _ in range(2)])
        assert len({result.pk for result in results if isinstance(result, ApprovalRequest)}) == 1, results
    check_team(real_world.team)


def test_many_writers_leave_a_gapless_chain(real_world: World) -> None:
    """Eight threads of asking and deciding: seq is 1..n without gaps and every hash follows."""

    def work() -> None:
        for _ in range(10):
            request = ask(real_world)
            vote(real_world, request, real_world.dave)

    results = race(*[work] * 8)
    assert [r for r in results if isinstance(r, Exception)] == []
    seqs = list(AuditEvent.objects.filter(team=real_world.team).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= 8 * 10 * 2
    check_team(real_world.team)


def _move_deadline(request: ApprovalRequest, after_now: timedelta) -> None:
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=database_now() + after_now)


@pytest.fixture(autouse=True)
def _no_leftover_transaction(real_world: World) -> None:
    assert not connection.in_atomic_block
