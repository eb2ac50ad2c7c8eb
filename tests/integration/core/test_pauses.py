"""A pause holds at once: when it has returned, nothing of what it names leaves, and after it everything does."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections, transaction

from agents import delivery, gate
from agents.contract import ConsumeBody, Submission
from agents.models import Delivery, Pause
from inbox.clock import database_now
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Decision, Hold, Pickup
from inbox.selectors.answers import request_of
from inbox.selectors.pauses import pauses_of
from inbox.services import pauses
from inbox.services.holds import _chunk, release_due
from inbox.services.pickups import consume, had
from inbox.services.submit import submit
from tests.checker import check_team
from tests.factories import World, ask, body, race, vote
from tests.policies import PASS_WRITES, REFUSE_WRITES, enforce


def pause(world: World, person: User | None = None, **what: Any) -> Pause:
    """Stop something, the whole team unless told otherwise, as its admin."""
    fields = {"team": world.team, "reason": "It went wrong.", **what}
    return pauses.pause(person=person or world.erin, **fields)


def resume(world: World, paused: Pause, person: User | None = None) -> Pause:
    return pauses.resume(person=person or world.erin, pause_id=paused.pk)


def state(request: ApprovalRequest) -> str:
    request.refresh_from_db()
    return request.state


def reads(world: World, request: ApprovalRequest) -> bool:
    """Whether the agent gets the decision when it reads now."""
    return not had([request_of(world.agent, request.pk)])


def due(world: World) -> None:
    with pgtrigger.ignore("inbox.Hold:hold_ends_once"):
        Hold.objects.filter(request__team=world.team, ended_at=None).update(
            release_at=database_now() - timedelta(milliseconds=1)
        )


SCOPES = {
    "agent": lambda world: {"agent_id": world.agent.pk},
    "tool": lambda world: {"tool": "write_file"},
    "team": lambda world: {},
}


@pytest.mark.parametrize("scope", SCOPES)
def test_what_was_decided_before_is_not_had_until_it_ends(world: World, scope: str) -> None:
    before, permit = ask(world), ask(world, reply={"channel": "poll", "permit": True})
    elsewhere = ask(world, "send_email", {"to": "a@example.com", "subject": "x"})
    for one in (before, permit):
        vote(world, one, world.dave)
    vote(world, elsewhere, world.alice)
    stopped = pause(world, **SCOPES[scope](world))
    assert not reads(world, before)
    assert not reads(world, permit)
    assert reads(world, elsewhere) == (scope == "tool")
    consumer = ConsumeBody(digest=permit.digest, holder="w")
    with pytest.raises(Conflict) as refused:
        consume(agent=world.agent, request_id=permit.pk, body=consumer)
    assert refused.value.code == "paused"
    resume(world, stopped)
    assert reads(world, before)
    consume(agent=world.agent, request_id=permit.pk, body=consumer)
    check_team(world.team)


def test_what_was_had_before_stays_had(world: World) -> None:
    request = ask(world)
    vote(world, request, world.dave)
    assert reads(world, request)
    pause(world)
    assert reads(world, request)


def test_what_is_decided_meanwhile_is_held_whatever_policy_says_of_holds(world: World) -> None:
    request, passing = ask(world), ask(world)
    stopped = pause(world, tool="write_file")
    assert vote(world, request, world.dave).release_at is not None
    enforce(world, PASS_WRITES)
    passing = ask(world)
    assert (state(request), state(passing)) == ("held", "held")
    assert Hold.objects.get(request=passing).person is None
    assert state(ask(world, "lookup_order", {"order": "#1"})) == "decided"
    assert release_due() == 0
    again = submit(
        agent=world.agent,
        submission=Submission.model_validate(body(dedupe_key="again", reply={"channel": "poll"})),
    )
    assert (again.request.state, again.decision) == ("held", None)
    resume(world, stopped)
    assert release_due() == 3
    assert (state(request), state(passing)) == ("decided", "decided")
    assert Decision.objects.get(request=passing).kind == "policy"
    assert reads(world, passing)
    check_team(world.team)


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        ({"id": "ask", "tool": "write_file", "then": "review"}, ("pending", None)),
        (REFUSE_WRITES, ("decided", "rejected")),
    ],
)
def test_what_policy_let_pass_rests_on_the_policy_at_its_release(
    world: World, rule: dict[str, Any], ends: tuple[str, str | None]
) -> None:
    enforce(world, PASS_WRITES)
    stopped = pause(world)
    request = ask(world)
    enforce(world, rule)
    resume(world, stopped)
    release_due()
    assert (state(request), request.outcome) == ends
    if not request.outcome:
        assert request.needs
        vote(world, request, world.dave)
        assert state(request) == "decided"
    check_team(world.team)


def test_of_two_pauses_each_holds_by_itself(world: World) -> None:
    enforce(world, PASS_WRITES)
    team, agent = pause(world), pause(world, agent_id=world.agent.pk)
    assert pause(world, reason="Again.") == team
    assert [one.reason for one in pauses_of(world.team)] == ["It went wrong."] * 2
    request = ask(world)
    resume(world, team)
    ended = Pause.objects.get(pk=team.pk).ended_at
    resume(world, team)
    assert Pause.objects.get(pk=team.pk).ended_at == ended
    assert release_due() == 0
    resume(world, agent)
    assert release_due() == 1
    assert state(request) == "decided"
    verbs = AuditEvent.objects.filter(team=world.team, verb__in=("paused", "resumed")).order_by("seq")
    assert [event.verb for event in verbs] == ["paused", "paused", "resumed", "resumed"]
    check_team(world.team)


def test_who_may_stop_what(world: World) -> None:
    with pytest.raises(NotAllowed):
        pause(world, world.dave)
    with pytest.raises(NotFound):
        pause(world, world.charlie)
    with pytest.raises(NotFound):
        pause(world, team=None)
    with pytest.raises(Invalid):
        pause(world, reason=" ")
    with pytest.raises(Invalid):
        pause(world, agent_id=world.agent.pk, tool="write_file")
    with pytest.raises(NotFound):
        pause(world, world.charlie, team=world.other, agent_id=world.agent.pk)
    with pytest.raises(NotFound):
        resume(world, pause(world), world.charlie)
    User.objects.filter(pk=world.charlie.pk).update(is_superuser=True)
    world.charlie.refresh_from_db()
    everything = pause(world, world.charlie, team=None)
    assert everything in pauses_of(world.team)
    request = ask(world)
    assert vote(world, request, world.dave).release_at is not None
    with pytest.raises(NotFound):
        resume(world, everything)
    for team in (world.team, world.other):
        assert AuditEvent.objects.filter(team=team, verb="paused").exists()
    resume(world, everything, world.charlie)


def test_a_delivery_is_neither_claimed_nor_begun(world: World) -> None:
    request = ask(world)
    vote(world, request, world.dave)
    sent: list[Delivery] = []
    delivery.CHANNELS.pop("paper", None)
    delivery.register("paper", lambda row: _note(sent, row))
    row = Delivery.objects.create(
        team_id=world.team.pk,
        agent=world.agent,
        channel="paper",
        correlation_id=request.decision.pk,
        thread="run-1",
        address="0" * 32,
        payload=bytes(request.decision.answer),
    )
    stopped = pause(world, agent_id=world.agent.pk)
    assert delivery.claim(row.pk) is None
    resume(world, stopped)
    # Claimed just before the pause: it may not begin any more. A pause of the tool is seen here alone.
    claimed = delivery.claim(row.pk)
    assert claimed is not None
    stopped = pause(world, tool="write_file")
    delivery.deliver(claimed)
    row.refresh_from_db()
    assert (row.state, row.attempts, sent) == ("queued", 0, [])
    assert not Pickup.objects.filter(decision=row.correlation_id).exists()
    resume(world, stopped)
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=database_now())
    again = delivery.claim(row.pk)
    assert again is not None
    delivery.deliver(again)
    row.refresh_from_db()
    assert (row.state, len(sent)) == ("delivered", 1)
    assert Pickup.objects.get(decision=row.correlation_id).how == "delivered"
    check_team(world.team)
    delivery.CHANNELS.pop("paper")


def _note(sent: list[Delivery], row: Delivery) -> Any:
    sent.append(row)
    return delivery.Finished(Delivery.State.DELIVERED)


@pytest.mark.parametrize("_round", range(10))
def test_a_pause_and_a_decision_end_in_one_outcome(real_world: World, _round: int) -> None:
    world = real_world
    request = ask(world)
    paused, decided = race(lambda: pause(world), lambda: vote(world, request, world.dave))
    assert isinstance(paused, Pause), paused
    assert not isinstance(decided, Exception), decided
    assert state(request) == ("held" if decided.release_at else "decided")
    assert not reads(world, request) or state(request) == "held"
    resume(world, paused)
    check_team(world.team)


def test_a_pause_waits_for_the_release_that_has_begun_and_survives_its_death(real_world: World) -> None:
    world = real_world
    enforce(world, release_at_once=None)
    request = ask(world)
    vote(world, request, world.dave)
    due(world)
    pid, released, killed = [0], threading.Event(), threading.Event()

    def sweep() -> None:
        with contextlib.suppress(DatabaseError), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pid[0] = cursor.fetchone()[0]
            gate.pass_through()
            while _chunk(200, None)[0] not in (None, world.team.pk):
                pass
            released.set()
            killed.wait(60)
        connections.close_all()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    assert released.wait(20)
    stopped: list[Pause] = []

    def stop() -> None:
        stopped.append(pause(world))
        connections.close_all()

    pausing = threading.Thread(target=stop)
    pausing.start()
    pausing.join(1)
    assert pausing.is_alive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid[0]])
    killed.set()
    sweeper.join(20)
    pausing.join(20)
    assert stopped
    assert state(request) == "held"
    release_due()
    assert state(request) == "held"
    resume(world, stopped[0])
    release_due()
    assert state(request) == "decided"
    check_team(world.team)
