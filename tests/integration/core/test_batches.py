"""A frozen list decided as one: every item exactly one outcome, whatever happens in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest

from agents.models import Agent
from inbox import canonical
from inbox.clock import database_now
from inbox.errors import Invalid, NotAllowed, TooLarge
from inbox.models import ApprovalRequest, AuditEvent, Batch, BatchItem, Decision, RequestGroup
from inbox.services.batches import OUTCOMES, BatchLine, finish_abandoned, start_batch
from tests.checker import check_team
from tests.factories import World, ask, ask_many, body, race, vote
from tests.faults.environment import child_environment


def lines(requests: list[ApprovalRequest]) -> list[BatchLine]:
    return [BatchLine(str(request.pk), request.digest) for request in requests]


def test_a_group_is_approved_and_each_agent_gets_its_own_result(real_world: World) -> None:
    requests = [ask(real_world, args={"path": f"docs/{n}.md", "text": "hi"}) for n in range(24)]
    group = RequestGroup.objects.get(team=real_world.team)
    assert group.pending == 24
    batch = start_batch(
        person=real_world.dave,
        team=real_world.team,
        verdict="approve",
        items=lines(requests),
        idempotency_key=uuid4().hex,
    )
    assert batch.finished_at is not None
    assert set(batch.items.values_list("outcome", flat=True)) == {"approved"}
    group.refresh_from_db()
    assert group.pending == 0
    for number, request in enumerate(requests):
        told = canonical.read(bytes(Decision.objects.get(request=request).answer))
        assert told["actions"][0]["args"]["path"] == f"docs/{number}.md"
    check_team(real_world.team)


def test_each_item_is_reported_by_itself(real_world: World) -> None:
    fresh, decided, changed, high = (
        ask(real_world),
        ask(real_world),
        ask(real_world),
        ask(real_world, "send_email", {"to": "a", "subject": "b"}),
    )
    unnamed = ask(real_world, args={"path": "x", "text": "y"})
    vote(real_world, decided, real_world.dave)
    items = [
        *lines([fresh, decided]),
        BatchLine(str(changed.pk), "sha256:" + "0" * 64),
        *lines([high]),
        BatchLine(str(uuid4()), fresh.digest),
        BatchLine("not-an-id", fresh.digest),
        BatchLine(str(unnamed.pk), ""),
    ]
    batch = start_batch(
        person=real_world.dave,
        team=real_world.team,
        verdict="approve",
        items=items,
        idempotency_key=uuid4().hex,
    )
    outcomes = list(batch.items.order_by("position").values_list("outcome", flat=True))
    assert outcomes == [
        "approved",
        "already-decided",
        "digest-mismatch",
        "individual-only",
        "not-found",
        "invalid-id",
        "digest-required",
    ]
    assert set(outcomes) <= set(OUTCOMES)
    check_team(real_world.team)


def test_another_teams_items_are_not_found(real_world: World) -> None:
    request = ask(real_world)
    batch = start_batch(
        person=real_world.charlie,
        team=real_world.other,
        verdict="approve",
        items=lines([request]),
        idempotency_key=uuid4().hex,
    )
    assert [item.outcome for item in batch.items.all()] == ["not-found"]
    request.refresh_from_db()
    assert request.state == "pending"


def test_wrong_lists_are_refused_whole(real_world: World) -> None:
    request = ask(real_world)
    twice = lines([request, request])
    for items, error in (
        ([], Invalid),
        (twice, Invalid),
        ([BatchLine(str(uuid4()), "d") for _ in range(10_001)], TooLarge),
    ):
        with pytest.raises(error):
            start_batch(
                person=real_world.dave,
                team=real_world.team,
                verdict="approve",
                items=items,
                idempotency_key=uuid4().hex,
            )
    assert not Batch.objects.filter(team=real_world.team).exists()


def test_two_spellings_of_one_id_are_one_item(real_world: World) -> None:
    request = ask(real_world)
    items = [*lines([request]), BatchLine(str(request.pk).upper(), request.digest)]
    with pytest.raises(Invalid):
        start_batch(
            person=real_world.dave,
            team=real_world.team,
            verdict="approve",
            items=items,
            idempotency_key=uuid4().hex,
        )
    with pytest.raises(Invalid):
        start_batch(
            person=real_world.dave,
            team=real_world.team,
            verdict="approve",
            items=[BatchLine("x" * 65, "d")],
            idempotency_key=uuid4().hex,
        )
    assert not Batch.objects.filter(team=real_world.team).exists()


def test_a_batch_that_cannot_be_finished_keeps_no_other_from_it(real_world: World) -> None:
    """A poisoned row, as an old bug once froze: the next one is finished, and the poisoned one waits."""
    stuck, fine = ask(real_world), ask(real_world)
    past = database_now() - timedelta(seconds=5)
    made = []
    for request in (stuck, fine):
        batch = Batch.objects.create(
            team=real_world.team,
            person=real_world.dave,
            verdict="approve",
            via="test",
            idempotency_key=uuid4().hex,
            fingerprint="f",
            total=1,
            lease_until=past,
        )
        BatchItem.objects.create(batch=batch, position=0, reference=str(request.pk), digest=request.digest)
        made.append(batch)
    BatchItem.objects.create(batch=made[0], position=1, reference=str(stuck.pk).upper(), digest=stuck.digest)
    assert finish_abandoned() >= 1
    for batch in made:
        batch.refresh_from_db()
    assert made[0].finished_at is None
    assert made[0].lease_until is not None
    assert made[0].lease_until > database_now()
    assert made[1].finished_at is not None


def test_what_one_may_not_do_is_audited_in_a_batch_too(real_world: World) -> None:
    Agent.objects.filter(pk=real_world.agent.pk).update(owner=real_world.dave)
    request = ask(real_world)
    start_batch(
        person=real_world.dave,
        team=real_world.team,
        verdict="approve",
        items=lines([request]),
        idempotency_key=uuid4().hex,
    )
    assert (
        AuditEvent.objects.filter(request=request, verb="refused", actor=real_world.dave.username).count()
        == 1
    )


def test_the_same_key_returns_the_same_batch_and_another_list_is_refused(real_world: World) -> None:
    requests, key = [ask(real_world) for _ in range(3)], uuid4().hex
    arguments = {
        "person": real_world.dave,
        "team": real_world.team,
        "verdict": "approve",
        "idempotency_key": key,
    }
    first = start_batch(**arguments, items=lines(requests))  # type: ignore[arg-type]
    again = start_batch(**arguments, items=lines(requests))  # type: ignore[arg-type]
    assert first.pk == again.pk
    with pytest.raises(Invalid):
        start_batch(**arguments, items=lines(requests[:2]))  # type: ignore[arg-type]


def test_overlapping_batches_decide_each_item_once(real_world: World) -> None:
    requests = [ask(real_world, args={"path": str(n), "text": "t"}) for n in range(60)]
    results = race(
        *[
            lambda p=person, r=chosen: start_batch(
                person=p, team=real_world.team, verdict="approve", items=lines(r), idempotency_key=uuid4().hex
            )
            for person, chosen in (
                (real_world.alice, requests[:40]),
                (real_world.bob, list(reversed(requests[20:]))),
            )
        ]
    )
    assert all(isinstance(result, Batch) for result in results), results
    assert Decision.objects.filter(request__in=requests).count() == 60
    check_team(real_world.team)


def test_more_batches_than_anyone_can_read_are_slowed_down(real_world: World) -> None:
    request = ask(real_world)
    for _ in range(20):
        start_batch(
            person=real_world.dave,
            team=real_world.team,
            verdict="reject",
            items=lines([request]),
            idempotency_key=uuid4().hex,
        )
    with pytest.raises(NotAllowed) as refusal:
        start_batch(
            person=real_world.dave,
            team=real_world.team,
            verdict="reject",
            items=lines([request]),
            idempotency_key=uuid4().hex,
        )
    assert refusal.value.code == "pace-limit"


@pytest.mark.faults
@pytest.mark.parametrize(
    "point", ["batch.mid_chunk:1", "batch.between_chunks:1", "batch.mid_chunk:2", "batch.between_chunks:2"]
)
def test_a_killed_batch_is_finished_by_the_sweep(real_world: World, point: str) -> None:
    """SIGKILL inside or between chunks of 250: the sweep goes on; nothing twice, nothing skipped."""
    requests = ask_many(real_world, [body(args={"path": str(n), "text": "t"}) for n in range(520)])
    code = (
        "import django; django.setup()\n"
        "from django.contrib.auth.models import User\n"
        "from inbox.models import ApprovalRequest, Team\n"
        "from inbox.services.batches import BatchLine, start_batch\n"
        f"team = Team.objects.get(slug={real_world.team.slug!r}); person = User.objects.get(username={real_world.dave.username!r})\n"
        "items = [BatchLine(str(r.pk), r.digest) for r in ApprovalRequest.objects.filter(team=team).order_by('pk')]\n"
        "start_batch(person=person, team=team, verdict='approve', items=items, idempotency_key='k')\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], env={**child_environment(), "PLACET_CRASH_AT": point}, timeout=60
    )
    assert child.returncode == -signal.SIGKILL, child
    batch = Batch.objects.get(person=real_world.dave)
    assert batch.finished_at is None
    Batch.objects.filter(pk=batch.pk).update(lease_until=database_now() - timedelta(seconds=1))
    assert finish_abandoned() >= 1
    batch.refresh_from_db()
    assert batch.finished_at is not None
    assert set(batch.items.values_list("outcome", flat=True)) == {"approved"}
    assert Decision.objects.filter(request__in=requests).count() == 520
    check_team(real_world.team)
