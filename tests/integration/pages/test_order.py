"""The order of the inbox: SQL and the pure function agree, pages are whole, and the cost does not notice the queue."""

from __future__ import annotations

import random
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.ids import uuid7
from inbox.errors import Invalid
from inbox.models import ApprovalRequest
from inbox.policy.lanes import LANES, lane
from inbox.policy.priority import BY_RISK, WEIGHTS, key, schedule
from inbox.policy.words import Lane, Risk
from inbox.selectors import order, queue, request_page
from inbox.selectors.filters import parse
from inbox.selectors.turn import Turn
from tests.factories import World, ask
from tests.integration.pages.cast import ask_for_a_look, inbox_of, page_of, signed_in

EVERYTHING = parse("")
MINUTE, HOUR = 60.0, 3600.0
EDGES = (0.0, 1.0, 15.0, 40.0, 90.0, 5 * MINUTE, 10 * MINUTE, HOUR, 160 * MINUTE, 170 * MINUTE, 4 * HOUR)


def turn_of(world: World) -> Turn:
    return Turn(world.member(world.alice))


def pending(world: World) -> Sequence[ApprovalRequest]:
    return ApprovalRequest.objects.filter(team=world.team, state="pending")


def mixed(world: World, now: datetime, size: int, seed: int) -> list[ApprovalRequest]:
    """Requests of every risk, asked and ending at and around every moment at which a place changes."""
    first, chance = ask_for_a_look(world), random.Random(seed)
    ApprovalRequest.objects.filter(pk=first.pk).update(expires_at=now + timedelta(days=9))
    copies = []
    for _ in range(size):
        one = copy(first)
        one.pk, one.dedupe_key = uuid7(), uuid4().hex
        one.risk = chance.choice([risk.value for risk in Risk])
        one.batchable = one.risk == Risk.LOW and chance.random() < 0.5
        near = chance.choice((-0.000001, 0.0, 0.000001, chance.uniform(-60, 60)))
        one.created_at = now - timedelta(seconds=max(0.0, chance.choice(EDGES) + near))
        near = chance.choice((-0.000001, 0.0, 0.000001, chance.uniform(-60, 60)))
        ends = chance.choice((*EDGES, 12 * HOUR)) + near
        one.expires_at = max(now + timedelta(seconds=ends), one.created_at + timedelta(seconds=1))
        copies.append(one)
    ApprovalRequest.objects.bulk_create(copies)
    return copies


def in_pure_order(requests: Sequence[ApprovalRequest], name: Lane, now: datetime) -> list[str]:
    """A lane as `priority.key` alone would lay it out, from risk, asking and deadline."""
    placed = []
    for request in requests:
        found = key(
            now.timestamp(),
            request.created_at.timestamp(),
            BY_RISK[Risk(request.risk)],
            request.expires_at.timestamp(),
        )
        if lane(found.band, request.batchable) is name:
            placed.append((found, request.pk))
    return [str(pk) for _, pk in sorted(placed)]


def paged(world: World, name: Lane, now: datetime, size: int) -> list[str]:
    seen: list[order.Spot] = []
    last: order.Spot | None = None
    while found := order.page(pending(world), name, now, last, size):
        seen += found
        last = found[-1]
    return [str(spot.id) for spot in seen]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_pages_is_the_pure_functions_order(world: World, seed: int) -> None:
    now = timezone.now()
    mixed(world, now, 600, seed)
    everyone = list(pending(world))
    for name in Lane:
        expected = in_pure_order(everyone, name, now)
        assert paged(world, name, now, 37) == expected
        assert order.held(pending(world), name, now, 10_000).count() == len(expected)
    assert sum(len(in_pure_order(everyone, name, now)) for name in Lane) == 601


def test_the_stored_moments_are_those_of_the_schedule(world: World) -> None:
    mixed(world, timezone.now(), 300, 7)
    for request in pending(world):
        urgency = BY_RISK[Risk(request.risk)]
        found = schedule(urgency, request.created_at.timestamp(), request.expires_at.timestamp())
        assert request.urgency == urgency.rank
        assert abs(request.serve_by.timestamp() - found.serve_by) < 1e-6
        assert (request.rises_at is None) == (found.rises_at is None)
        if request.rises_at is not None and found.rises_at is not None:
            assert abs(request.rises_at.timestamp() - found.rises_at) < 1e-6


def test_a_moved_deadline_and_a_raised_risk_move_the_place_in_the_same_statement(world: World) -> None:
    request = ask_for_a_look(world, expires_in=20_000)
    rows = ApprovalRequest.objects.filter(pk=request.pk)
    rows.update(expires_at=request.created_at + timedelta(seconds=900))
    assert rows.get().rises_at == request.created_at + timedelta(seconds=300)
    rows.update(risk=Risk.CRITICAL)
    assert (rows.get().urgency, rows.get().rises_at) == (0, request.created_at)


def test_with_thousands_waiting_no_row_is_lost_or_repeated_while_places_change(world: World) -> None:
    now = timezone.now()
    mixed(world, now, 4000, 11)
    # Deadlines run out while the reader pages on: a second later one in a thousand is in another band.
    listed: list[str] = []
    first = queue.lane(turn_of(world), EVERYTHING, Lane.LOOK)
    expected = in_pure_order(list(pending(world)), Lane.LOOK, first.now)
    after, pages = first.blocks[0].after, 1
    listed += [str(row.request.pk) for row in first.blocks[0].rows]
    while after:
        found = queue.lane(turn_of(world), EVERYTHING, Lane.LOOK, after)
        listed += [str(row.request.pk) for row in found.blocks[0].rows]
        after, pages = found.blocks[0].after, pages + 1
    assert len(listed) == len(set(listed))
    assert listed == expected
    assert pages == -(-len(expected) // queue.PAGE)


def test_a_page_is_one_merge_of_index_ranges_however_much_waits(world: World) -> None:
    now = timezone.now()
    mixed(world, now, 3000, 13)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_approvalrequest")
    for name in (Lane.NOW, Lane.LOOK):
        deep = order.page(pending(world), name, now, None, 400)[-1]
        for last in (None, deep):
            with CaptureQueriesContext(connection) as captured:
                order.page(pending(world), name, now, last, 51)
            assert len(captured) == 1
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + captured[0]["sql"])
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            assert "request_order" in plan or "request_risen" in plan


def test_the_front_and_a_request_cost_the_same_with_10_and_with_3000_pending(world: World) -> None:
    first = ask_for_a_look(world)
    client = signed_in(world.alice)
    costs = []
    for more in (9, 2990):
        mixed(world, timezone.now(), more, more)
        client.get(inbox_of(world))
        cost = []
        for address in (inbox_of(world), page_of(world, first), page_of(world, first, "/why")):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            cost.append(len(captured))
        costs.append(cost)
    assert costs[0] == costs[1]


def test_next_and_previous_walk_the_whole_order(world: World) -> None:
    now = timezone.now()
    mixed(world, now, 60, 17)
    everyone = list(pending(world))
    expected = [pk for name in Lane for pk in in_pure_order(everyone, name, now)]
    by_id = {str(request.pk): request for request in everyone}
    for place, pk in enumerate(expected):
        before, after = order.neighbours(pending(world), by_id[pk], now)
        assert order.following(pending(world), by_id[pk], now) == after
        assert (str(before.id) if before else None) == (expected[place - 1] if place else None)
        assert (str(after.id) if after else None) == (expected[place + 1] if place < 60 else None)


def test_a_request_says_what_it_comes_before_and_why(world: World) -> None:
    later, sooner = ask_for_a_look(world, expires_in=9000), ask_for_a_look(world, expires_in=8000)
    refund = ask(world, "issue_refund", {"amount": 20, "customer": "c"})
    calm = ask(world)
    turn, now = turn_of(world), timezone.now()

    def said(request: ApprovalRequest) -> str:
        after = request_page.next_of(turn, request, now)
        found = request_page.find(turn, request.pk)
        return " ".join(request_page.why(found, turn.standings([found])[found.pk], now, after))

    assert f"Comes before “{later.sentence}” because its time is up sooner." in said(sooner)
    assert f"Comes before “{refund.sentence}” because its risk is higher." in said(later)
    assert f"Comes before “{calm.sentence}” because its risk is higher." in said(refund)
    assert "Comes before" not in said(calm)
    assert "It moves to Now in 2 h." in said(sooner)


@pytest.mark.parametrize("shift", [timedelta(days=-2), timedelta(hours=1), timedelta(days=300_000)])
def test_a_cursor_of_another_time_or_lane_is_refused(world: World, shift: timedelta) -> None:
    now = timezone.now()
    mixed(world, now, 60, 3)
    spot = order.page(pending(world), Lane.LOOK, now, None, 1)[0]
    good = str(order.Cursor(now, spot))
    assert order.cursor(good, Lane.LOOK).spot == spot
    with pytest.raises(Invalid):
        order.cursor(str(order.Cursor(now + shift, spot)), Lane.LOOK)
    with pytest.raises(Invalid):
        order.cursor(good, Lane.NOW)


def test_every_band_is_in_a_lane() -> None:
    assert {band for bands in LANES.values() for band in bands} == {
        band for urgency in WEIGHTS for band in order.RUNGS[urgency]
    }
