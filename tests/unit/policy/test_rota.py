"""Turns of a rota: every instant has one holder, and hands change at the same time on the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.rota import Turns, on_duty, order_from

# Half-hour shifts, shifts at midnight, a day that never was (Apia, 30 December 2011), and no shifts at all.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
)
turns = st.builds(
    Turns,
    period=st.sampled_from(["day", "week"]),
    weekday=st.integers(0, 6),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    timezone=st.sampled_from(ZONES),
    start=st.dates(date(2008, 1, 1), date(2032, 1, 1)),
)
instants = st.datetimes(datetime(2007, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC))


@given(turns, instants)
def test_every_instant_from_the_start_on_belongs_to_exactly_one_turn(rota: Turns, instant: datetime) -> None:
    number = rota.number_at(instant)
    if number is None:
        assert instant < rota.begins(0)
        return
    assert rota.begins(number) <= instant < rota.begins(number + 1)
    # And no other: turns follow each other without gap or overlap.
    assert rota.begins(number) <= rota.begins(number + 1) <= rota.begins(number + 2)


@given(turns, st.integers(0, 1000))
def test_hands_change_at_the_wall_clocks_time(rota: Turns, number: int) -> None:
    """Except in the hour a clock skips: then just after it."""
    local = rota.begins(number).astimezone(ZoneInfo(rota.timezone))
    exists = datetime.combine(local.date(), rota.at, local.tzinfo).astimezone(UTC).astimezone(local.tzinfo)
    assert local.time() == rota.at or exists.time() != rota.at
    if number > 0 and rota.period == "week" and local.time() == rota.at:
        assert local.weekday() == rota.weekday


def test_a_handover_stays_at_nine_across_both_changes_of_the_clock() -> None:
    rota = Turns("day", 0, time(9), "Europe/Berlin", date(2026, 3, 27))
    assert [rota.begins(n).hour for n in range(4)] == [8, 8, 7, 7]
    autumn = Turns("day", 0, time(9), "Europe/Berlin", date(2026, 10, 24))
    assert [autumn.begins(n).hour for n in range(3)] == [7, 8, 8]


def test_a_handover_in_the_skipped_hour_and_in_the_repeated_one() -> None:
    spring = Turns("day", 0, time(2, 30), "Europe/Berlin", date(2026, 3, 28))
    assert spring.begins(1) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    autumn = Turns("day", 0, time(2, 30), "Europe/Berlin", date(2026, 10, 24))
    assert autumn.begins(1) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_first_week_may_be_short() -> None:
    """From Wednesday 4 November to the first Monday; a start on a Monday is a whole week."""
    rota = Turns("week", 0, time(9), "UTC", date(2026, 11, 4))
    assert rota.begins(1) == datetime(2026, 11, 9, 9, tzinfo=UTC)
    whole = Turns("week", 0, time(9), "UTC", date(2026, 11, 2))
    assert whole.begins(1) == datetime(2026, 11, 9, 9, tzinfo=UTC)
    assert whole.number_at(datetime(2026, 11, 2, 8, 59, tzinfo=UTC)) is None


@given(st.lists(st.integers(), min_size=1, max_size=8, unique=True), st.integers(0, 10_000))
def test_everybody_gets_a_turn_in_order(seats: list[int], number: int) -> None:
    holders = [order_from(seats, number + step)[0] for step in range(len(seats))]
    assert sorted(holders) == sorted(seats)
    assert all(set(order_from(seats, n)) == set(seats) for n in (number, number + 1))


@given(
    st.lists(st.integers(0, 9), max_size=8, unique=True),
    st.integers(0, 100),
    st.dictionaries(st.integers(0, 9), st.just("away until 2 Dec")),
)
def test_the_absent_are_skipped_in_order_with_the_reason(
    seats: list[int], number: int, absent: dict[int, str]
) -> None:
    duty = on_duty(seats, number, absent)
    there = [seat for seat in seats if seat not in absent]
    if duty is None:
        assert not there
        return
    asked = order_from(seats, number)
    assert duty.who in there
    assert [seat for seat, _ in duty.skipped] == list(asked[: asked.index(duty.who)])
    assert all(reason for _, reason in duty.skipped)


def test_a_turn_is_long_once_a_clock_is_put_back() -> None:
    rota = Turns("day", 0, time(0), "Europe/Berlin", date(2026, 10, 25))
    assert rota.begins(1) - rota.begins(0) == timedelta(hours=25)
