"""Claims: what is due by the database's clock, one holder at a time, fenced by the epoch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from agents import delivery, leases
from agents.hosting import runs
from agents.ids import uuid7
from agents.models import Agent, Delivery, HostedRun
from tests.factories import World, race
from tests.integration.hosting.stage import approve, begin, claimed, effects, entry_of, queue, state, waiting


def letter(agent: Agent, **fields: object) -> Delivery:
    """A queued delivery no run waits for."""
    return Delivery.objects.create(
        team_id=agent.team_id,
        agent=agent,
        channel="hosted",
        correlation_id=uuid7(),
        thread=f"none-{uuid7()}",
        address="0" * 32,
        payload=b"{}",
        **fields,
    )


def test_a_claim_raises_the_epoch_and_holds_for_a_lease(world: World) -> None:
    row = letter(world.agent)
    first = claimed(row)
    assert (first.state, first.epoch, first.attempts) == ("sending", 1, 1)
    assert delivery.claim(row.pk) is None

    Delivery.objects.filter(pk=row.pk).update(lease_until=Now() - timedelta(milliseconds=1))
    second = claimed(row)
    assert (second.epoch, second.attempts) == (2, 2)


def test_what_is_not_due_yet_is_left_alone(world: World) -> None:
    row = letter(world.agent, next_attempt_at=Now() + timedelta(seconds=60))
    assert delivery.claim(row.pk) is None


def test_the_longest_due_is_claimed_first(world: World) -> None:
    Delivery.objects.all().delete()
    late = letter(world.agent, next_attempt_at=Now() - timedelta(seconds=5))
    later = letter(world.agent, next_attempt_at=Now() - timedelta(seconds=9))
    order = [delivery.claim_next(), delivery.claim_next(), delivery.claim_next()]
    assert [row and row.pk for row in order] == [later.pk, late.pk, None]


def test_claimers_at_the_same_instant_get_different_rows(real_world: World) -> None:
    past = Now() - timedelta(days=1)
    mine = {letter(real_world.agent, next_attempt_at=past).pk for _ in range(6)}
    found = race(*[delivery.claim_next] * 6)
    keys = [row.pk for row in found if isinstance(row, Delivery)]
    assert len(keys) == len(set(keys))
    assert mine.issuperset(keys)


def test_a_thread_without_a_run_is_told_so(world: World) -> None:
    row = letter(world.agent)
    delivery.deliver(claimed(row))
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("dead", "No run hosted here has this thread.")


def test_a_channel_nothing_here_serves_is_given_up_at_once(world: World) -> None:
    row = letter(world.agent)
    Delivery.objects.filter(pk=row.pk).update(channel="pigeon")
    delivery.deliver(claimed(row))
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("dead", "Nothing here sends over 'pigeon'.")


def test_a_lease_is_renewed_while_the_work_goes_on(world: World) -> None:
    beats: list[int] = []

    def renew() -> bool:
        beats.append(1)
        return len(beats) < 3

    with leases.kept(renew):
        for _ in range(500):
            if len(beats) == 3:
                break
            leases.threading.Event().wait(0.01)
    assert len(beats) == 3, "it goes on until the lease is lost, and no further"


def test_a_lease_that_was_taken_over_is_not_renewed(world: World) -> None:
    first = claimed(letter(world.agent))
    assert delivery._renew(first)
    Delivery.objects.filter(pk=first.pk).update(epoch=first.epoch + 1)
    assert not delivery._renew(first)


def test_waiting_grows_with_the_attempts_up_to_five_minutes() -> None:
    for attempt in range(1, 40):
        expected = min(leases.LONGEST_BACKOFF, 2.0 ** min(attempt, 16))
        drawn = [leases.backoff(attempt) for _ in range(50)]
        assert expected * 0.75 <= min(drawn) < max(drawn) <= expected * 1.25


def test_an_error_on_the_way_is_tried_again_later_with_its_reason(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    row = claimed(row)

    def broken(found: Delivery) -> None:
        raise RuntimeError("the roof leaks \x00 here")

    monkeypatch.setitem(delivery.CHANNELS, "hosted", broken)
    delivery.deliver(row)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (
        "queued",
        1,
        "RuntimeError: the roof leaks \N{REPLACEMENT CHARACTER} here",
    )
    assert row.next_attempt_at > row.created_at
    assert delivery.claim(row.pk) is None


def test_a_delivery_that_never_got_through_ends_its_run_and_says_so(real_world: World) -> None:
    run = begin(real_world, "single")
    row = approve(real_world, waiting(run)[0])
    Delivery.objects.filter(pk=row.pk).update(attempts=leases.MAX_ATTEMPTS)
    delivery.deliver(claimed(row))
    row.refresh_from_db()
    assert (row.state, state(run), effects(run), entry_of(row)) == ("dead", "failed", 0, None)
    assert "12 attempts" in row.last_error


def test_a_run_that_never_got_started_fails_and_says_so(real_world: World) -> None:
    run = queue(real_world, "single")
    HostedRun.objects.filter(pk=run.pk).update(attempts=leases.MAX_ATTEMPTS)
    found = runs.claim(run.pk)
    assert found is not None
    runs.run(found)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "12 times" in run.error


def test_a_run_being_resumed_is_not_started_again(real_world: World) -> None:
    run = begin(real_world, "single")
    HostedRun.objects.filter(pk=run.pk).update(state="running", lease_until=None)
    assert runs.claim(run.pk) is None
