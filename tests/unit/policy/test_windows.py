from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.rule import Window
from inbox.policy.windows import contains
from tests.unit.policy.test_document import places_of, with_rule

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {"days": ["mon", "fri"], "from": "08:00", "to": "18:30", "timezone": "Europe/Berlin"}
NIGHT = {"days": ["fri"], "from": "22:00", "to": "06:00"}


def inside(window: dict[str, Any], now: str | datetime) -> bool:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC) if isinstance(now, str) else now
    return contains(Window(**{**window, "days": tuple(window["days"])} if "days" in window else window), at)


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (OFFICE, "2026-11-20T07:00", True),  # Friday, 8:00 in Berlin
        (OFFICE, "2026-11-20T06:59", False),
        (OFFICE, "2026-11-20T17:29", True),
        (OFFICE, "2026-11-20T17:30", False),
        (OFFICE, "2026-11-19T12:00", False),  # Thursday
        (OFFICE, "2026-07-17T06:00", True),  # summer: 8:00 is 6:00 UTC
        (NIGHT, "2026-11-20T22:00", True),
        (NIGHT, "2026-11-21T05:59", True),  # Saturday morning belongs to Friday's window
        (NIGHT, "2026-11-21T06:00", False),
        (NIGHT, "2026-11-20T05:00", False),  # Friday morning belongs to Thursday's
        (NIGHT, "2026-11-21T22:30", False),
        ({"days": ["sat"]}, "2026-11-21T00:00", True),
        ({"days": ["sat"]}, "2026-11-21T23:59", True),
        ({"from": "23:00"}, "2026-11-21T23:59", True),
        ({}, "2026-11-21T23:59", True),
    ],
)
def test_a_window_on_its_own_clocks(window: dict[str, Any], now: str, expected: bool) -> None:
    assert inside(window, now) is expected


def test_an_hour_that_comes_twice_is_inside_both_times_and_a_skipped_one_never() -> None:
    window = {"from": "02:00", "to": "03:00", "timezone": "Europe/Berlin"}
    autumn = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in range(-1 + 1, 3)]
    assert [inside(window, at) for at in autumn] == [True, True, False]
    spring = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert not any(inside(window, spring + timedelta(minutes=10 * step)) for step in range(24))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.sampled_from(["08:00", "22:00"]))
def test_a_window_and_the_rest_of_the_day_are_the_day(naive: datetime, start: str) -> None:
    now = naive.replace(tzinfo=UTC)
    end = "06:00" if start == "22:00" else "18:00"
    zone = {"timezone": "Europe/Berlin"}
    assert inside({"from": start, "to": end, **zone}, now) != inside({"from": end, "to": start, **zone}, now)


def test_a_moment_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        contains(Window(), datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"timezone": "Mars/Olympus"}, [("/rules/0/window/timezone", "unknown-time-zone")]),
        ({"timezone": "../../etc/passwd"}, [("/rules/0/window/timezone", "invalid-text")]),
        ({"from": "08:00", "to": "08:00"}, [("/rules/0/window", "out-of-range")]),
        ({"from": "8:00"}, [("/rules/0/window/from", "invalid-text")]),
        ({"to": "25:00"}, [("/rules/0/window/to", "invalid-text")]),
        ({"days": ["monday"]}, [("/rules/0/window/days/0", "not-a-choice")]),
        ({"start": "08:00"}, [("/rules/0/window/start", "unknown-field")]),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    window: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert places_of(with_rule(window=window)) == expected
