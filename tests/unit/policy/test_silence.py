"""Silence: how strict each action is, and when what happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inbox.lifecycle import OnTimeout
from inbox.policy.silence import LONGEST_SECONDS, is_stricter, reminder_seconds, timeline

HOUR = 3600


def test_no_action_on_silence_approves() -> None:
    """By type: there is no word with which silence could say yes."""
    assert {action.value for action in OnTimeout} == {"reject", "escalate", "wait", "halt"}


def test_the_order_of_strictness() -> None:
    patient_first = [OnTimeout.WAIT, OnTimeout.ESCALATE, OnTimeout.REJECT, OnTimeout.HALT]
    for place, action in enumerate(patient_first):
        for other_place, other in enumerate(patient_first):
            assert is_stricter(action, than=other) == (place > other_place)


def test_without_escalation_the_lifetime_is_the_deadline() -> None:
    for action in (OnTimeout.REJECT, OnTimeout.HALT):
        assert timeline(action, 4 * HOUR, (HOUR,)) == (timeline(action, 4 * HOUR, ()))
        assert timeline(action, 4 * HOUR, (HOUR,)).deadline == 4 * HOUR
        assert timeline(action, 4 * HOUR, (HOUR,)).next_due is None


def test_the_people_of_the_last_step_have_as_long_as_those_before() -> None:
    one = timeline(OnTimeout.ESCALATE, 4 * HOUR, (4 * HOUR,))
    assert (one.next_due, one.deadline) == (4 * HOUR, 8 * HOUR)
    two = timeline(OnTimeout.ESCALATE, 4 * HOUR, (4 * HOUR, 6 * HOUR))
    assert (two.next_due, two.deadline) == (4 * HOUR, 8 * HOUR)
    early = timeline(OnTimeout.ESCALATE, 24 * HOUR, (HOUR,))
    assert (early.next_due, early.deadline) == (HOUR, 24 * HOUR)


def test_the_agent_shortens_and_never_lengthens() -> None:
    assert timeline(OnTimeout.REJECT, HOUR, (), asked=60).deadline == 60
    assert timeline(OnTimeout.REJECT, HOUR, (), asked=9 * HOUR).deadline == HOUR
    # Shorter than the first step: nobody is asked further, and it is rejected when the agent said.
    short = timeline(OnTimeout.ESCALATE, HOUR, (HOUR,), asked=60)
    assert (short.deadline, short.next_due) == (60, None)


def test_waiting_is_due_for_a_reminder_at_its_deadline() -> None:
    waits = timeline(OnTimeout.WAIT, HOUR, ())
    assert (waits.deadline, waits.next_due) == (HOUR, HOUR)


@given(
    st.sampled_from(OnTimeout),
    st.integers(1, LONGEST_SECONDS),
    st.lists(st.integers(1, LONGEST_SECONDS), max_size=5, unique=True).map(sorted),
    st.none() | st.integers(1, LONGEST_SECONDS),
)
def test_the_next_due_moment_never_follows_the_deadline(
    action: OnTimeout, lifetime: int, steps: list[int], asked: int | None
) -> None:
    times = timeline(action, lifetime, steps, asked)
    assert 1 <= times.deadline <= LONGEST_SECONDS
    assert asked is None or times.deadline <= asked
    if times.next_due is not None:
        assert times.next_due <= times.deadline
        assert action is OnTimeout.WAIT or times.next_due < times.deadline


@given(st.floats(0, 1e7))
def test_reminders_come_at_most_hourly_and_at_least_daily(lifetime: float) -> None:
    assert HOUR <= reminder_seconds(lifetime) <= 24 * HOUR
