"""Between a decision and its release: nothing leaves, whoever decided may undo, and the clock alone releases."""

from __future__ import annotations

from datetime import timedelta

import pgtrigger
import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from inbox import canonical
from inbox.clock import database_now
from inbox.errors import AlreadyClosed, Conflict, NotAllowed, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Decision, Hold, RequestGroup, Vote
from inbox.services.batches import BatchLine, start_batch
from inbox.services.decide import decide
from inbox.services.expire import expire_due
from inbox.services.holds import next_release, release_due
from inbox.services.undo import undo, undo_batch
from inbox.services.withdraw import withdraw
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.policies import enforce


@pytest.fixture
def holding(world: World) -> World:
    """The shipped holds: nothing is named to be released at once."""
    enforce(world, release_at_once=None)
    return world


@pytest.fixture
def really_holding(real_world: World) -> World:
    enforce(real_world, release_at_once=None)
    return real_world


def due(request: ApprovalRequest) -> None:
    """Let the hold be over, as if it had been decided a minute earlier."""
    with pgtrigger.ignore("inbox.Hold:hold_ends_once"):
        Hold.objects.filter(request=request, ended_at=None).update(
            release_at=database_now() - timedelta(milliseconds=1)
        )


def state(request: ApprovalRequest) -> str:
    request.refresh_from_db()
    return request.state


def test_nothing_exists_for_the_agent_before_the_hold_ends(holding: World) -> None:
    request = ask(holding)
    decided = vote(holding, request, holding.dave)
    assert decided.decision is None
    assert decided.release_at is not None
    assert decided.release_at - database_now() <= timedelta(seconds=5)
    assert (state(request), request.outcome, request.closed_at) == ("held", None, None)
    assert release_due() == 0
    assert not Decision.objects.filter(request=request).exists()
    assert next_release() == decided.release_at
    due(request)
    assert release_due() == 1
    assert state(request) == "decided"
    (held, decision) = AuditEvent.objects.filter(request=request, verb__in=("held", "decided")).order_by(
        "seq"
    )
    assert held.actor == decision.actor
    assert canonical.read(bytes(decision.entry))["facts"]["held_at"]
    check_team(holding.team)


def test_what_was_decided_in_time_stands_though_its_hold_outlasts_the_deadline(holding: World) -> None:
    request = ask(holding)
    vote(holding, request, holding.dave)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=database_now())
    with pytest.raises(AlreadyClosed) as held:
        vote(holding, request, holding.carol, verdict="reject")
    assert (held.value.code, state(request)) == ("held", "held")
    assert expire_due() == 0
    due(request)
    assert release_due() == 1
    assert (state(request), request.outcome) == ("decided", "approved")


def test_a_hold_cannot_be_released_before_its_time_by_anybody(holding: World) -> None:
    request = ask(holding)
    vote(holding, request, holding.dave)
    with pytest.raises(DatabaseError), transaction.atomic():
        Hold.objects.filter(request=request).update(ended_at=database_now(), end="released")


def test_undo_gives_back_the_vote_and_the_place_in_the_group(holding: World) -> None:
    request = ask(holding)
    before = RequestGroup.objects.get(pk=request.group_id).pending
    vote(holding, request, holding.dave)
    assert RequestGroup.objects.get(pk=request.group_id).pending == before - 1
    with pytest.raises(AlreadyClosed) as held:
        vote(holding, request, holding.carol)
    assert held.value.code == "held"
    undo(person=holding.dave, team=holding.team, request_id=request.pk, reason="Wrong one.")
    assert state(request) == "pending"
    assert RequestGroup.objects.get(pk=request.group_id).pending == before
    assert Vote.objects.get(request=request).retracted_at is not None
    with pytest.raises(Conflict) as twice:
        undo(person=holding.dave, team=holding.team, request_id=request.pk)
    assert twice.value.code == "not-held"
    assert vote(holding, request, holding.dave, "reject").release_at is not None
    due(request)
    release_due()
    assert state(request) == "decided"
    assert request.outcome == "rejected"
    check_team(holding.team)


def test_only_who_voted_may_undo(holding: World) -> None:
    request = ask(holding)
    vote(holding, request, holding.dave)
    with pytest.raises(NotAllowed) as refused:
        undo(person=holding.alice, team=holding.team, request_id=request.pk)
    assert refused.value.code == "not-yours"
    with pytest.raises(NotFound):
        undo(person=holding.charlie, team=holding.team, request_id=request.pk)
    with pytest.raises(NotFound):
        undo(person=holding.charlie, team=holding.other, request_id=request.pk)
    assert state(request) == "held"


def test_any_of_several_approvers_stops_it_and_the_others_votes_stand(holding: World) -> None:
    request = ask(holding, "delete_accounts", {"accounts": ["a", "b"]}, claims={"risk": "critical"})
    assert vote(holding, request, holding.alice).slots_open
    assert vote(holding, request, holding.bob).release_at is not None
    undo(person=holding.alice, team=holding.team, request_id=request.pk)
    assert state(request) == "pending"
    assert [v.person for v in Vote.objects.filter(request=request, retracted_at=None)] == [holding.bob]
    assert vote(holding, request, holding.alice).release_at is not None


def test_a_batch_is_undone_as_one(holding: World) -> None:
    requests = [ask(holding, args={"path": f"docs/{n}.md", "text": "x"}) for n in range(5)]
    batch = start_batch(
        person=holding.dave,
        team=holding.team,
        verdict="approve",
        items=[BatchLine(str(request.pk), request.digest) for request in requests],
        idempotency_key="b",
    )
    assert {item.outcome for item in batch.items.all()} == {"approved"}
    with pytest.raises(NotFound):
        undo_batch(person=holding.alice, batch_id=batch.pk)
    assert len(undo_batch(person=holding.dave, batch_id=batch.pk).requests) == 5
    assert {state(request) for request in requests} == {"pending"}
    check_team(holding.team)


def test_the_agent_may_take_it_back_while_it_is_held(holding: World) -> None:
    request = ask(holding)
    vote(holding, request, holding.dave)
    withdraw(agent=holding.agent, request_id=request.pk)
    assert state(request) == "withdrawn"
    assert Hold.objects.get(request=request).end == "gone"
    assert release_due() == 0
    check_team(holding.team)


def test_what_policy_forbids_by_then_is_not_released(holding: World) -> None:
    request = ask(holding)
    vote(holding, request, holding.dave)
    enforce(holding, {"id": "no-writes", "tool": "write_file", "then": "deny"}, release_at_once=None)
    due(request)
    assert release_due() == 1
    assert state(request) == "decided"
    assert request.outcome == "rejected"
    assert Hold.objects.get(request=request).end == "refused"


def test_the_same_key_is_answered_alike_while_held_and_after(really_holding: World) -> None:
    world = really_holding
    request = ask(world)
    first, again = (
        decide(
            person=world.dave,
            team=world.team,
            request_id=request.pk,
            digest=request.digest,
            verdict="approve",
            idempotency_key="same",
        )
        for _ in range(2)
    )
    assert not first.repeated
    assert again.repeated
    assert again.release_at == first.release_at
    undo(person=world.dave, team=world.team, request_id=request.pk)
    vote(world, request, world.carol)
    due(request)
    release_due()
    undone = decide(
        person=world.dave,
        team=world.team,
        request_id=request.pk,
        digest=request.digest,
        verdict="approve",
        idempotency_key="same",
    )
    assert (undone.repeated, undone.release_at, undone.decision) == (True, None, None)


@pytest.mark.parametrize("_round", range(10))
def test_undo_and_release_end_in_one_outcome(really_holding: World, _round: int) -> None:
    world = really_holding
    request = ask(world)
    vote(world, request, world.dave)
    due(request)
    undone, released = race(
        lambda: undo(person=world.dave, team=world.team, request_id=request.pk), lambda: release_due()
    )
    if isinstance(undone, Conflict):
        assert state(request) == "decided"
    else:
        assert not isinstance(undone, Exception), undone
        assert state(request) == "pending"
        assert not Decision.objects.filter(request=request).exists()
    assert not isinstance(released, Exception), released
    check_team(world.team)
